// Writes the JSON Schema of each revision of the specification to FOLDER/REVISION/schema.json.
// They stand in the conformance suite's program as object literals, beside a table from revision to variable:
//   const T={"2025-03-26":A,"2025-06-18":B,"2025-11-25":C,[D]:E}      where [D] is the draft, now 2026-07-28
// usage: node extract-schemas.mjs BUNDLE FOLDER

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";

const [bundle, folder] = process.argv.slice(2);
const source = readFileSync(bundle, "utf8");
const table = /\{"2025-03-26":([\w$]+),"2025-06-18":([\w$]+),"2025-11-25":([\w$]+),\[[\w$]+\]:([\w$]+)\}/.exec(source);
if (!table) throw new Error(`no table of schemas in ${bundle}: its layout has changed`);

const revisions = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
revisions.forEach((revision, place) => {
  const start = source.indexOf(`${table[place + 1]}={$schema:`);
  if (start < 0) throw new Error(`no schema of ${revision} in ${bundle}: its layout has changed`);
  const schema = runInNewContext(`(${literal(source, source.indexOf("{", start))})`);
  const names = Object.keys(schema.$defs ?? schema.definitions);
  if (!names.includes("CallToolResult")) throw new Error(`the schema of ${revision} lacks CallToolResult`);
  mkdirSync(join(folder, revision), { recursive: true });
  writeFileSync(join(folder, revision, "schema.json"), `${JSON.stringify(schema, null, 2)}\n`);
  console.log(`${revision}: ${names.length} definitions`);
});

// The text from an opening brace to the one that closes it, with braces inside strings passed over.
function literal(text, start) {
  let depth = 0;
  let quote = "";
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (quote) {
      if (char === "\\") at += 1;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'" || char === "`") quote = char;
    else if (char === "{") depth += 1;
    else if (char === "}" && (depth -= 1) === 0) return text.slice(start, at + 1);
  }
  throw new Error("an object literal never ends");
}
