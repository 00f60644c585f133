// Tools are tried, and what strangers say stays text.

import assert from "node:assert/strict";

import { HOSTILE } from "./changing.mjs";
import { box, main, open, press, seen } from "./hands.mjs";

/** Carried out in the page: what is shown of arguments is what was sent, character by character. */
async function checkExact() {
  const { at, encode, Exact, indent, visible } = await import("/exact.js");
  const text = '{"a":[1.0,12345678901234567890,{"b":"x\\"}{,:"}],"same":1,"same":2}';
  const plain = '{"a":[1,{"b":"c: d, [e]"},[]],"f":{},"g":null}';
  const cases = [
    [at(text, ["a", 1]), "12345678901234567890"],
    [at(text, ["a", 2, "b"]), '"x\\"}{,:"'],
    [at(text, ["same"]), "2"],
    [at(text, ["none"]), undefined],
    [indent(plain), JSON.stringify(JSON.parse(plain), null, 2)],
    [
      indent(text)
        .match(/"same": \d/g)
        .join(),
      '"same": 1,"same": 2',
    ],
    [encode({ a: new Exact("1.00"), b: undefined, c: [null, "d"] }), '{"a":1.00,"c":[null,"d"]}'],
    [visible("a\u202Eb\u{E0041}\n\tc"), "a[U+202E]b[U+E0041]\n\tc"],
  ];
  const wrong = cases.find(([found, wanted]) => found !== wanted);
  return wrong ? `expected ${wrong[1]}, found ${wrong[0]}` : null;
}

export async function checkForm({ page, look }) {
  await open(page, "#/connectors/changing/tools/everything", "everything");
  await press(page, "Call the tool");
  const title = box(page, "title");
  await seen(page, "This is needed.");
  assert.equal(await title.getAttribute("aria-invalid"), "true");
  await box(page, "count").fill("11");
  await title.fill("ab");
  await box(page, "city").fill("Ulm");
  await box(page, "due").fill("tomorrow");
  await press(page, "Call the tool");
  await seen(page, "Expected at most 10.");
  await seen(page, "Expected at least 3 characters, found 2.");
  await seen(page, "Expected a date such as 2026-03-31.");
  await look(page, "form-errors");
  await box(page, "count").fill("4");
  await title.fill("abc");
  await box(page, "due").fill("2026-11-21");
  await box(page, "amount").fill("12345678901234567890.5");
  await box(page, "urgent").selectOption("Yes");
  await box(page, "kind").selectOption("bug");
  await press(page, "Add one: labels");
  await box(page, "labels 1").fill("first");
  await box(page, "lat").fill("48.4");
  await box(page, "either").fill('{"a": 1}');
  await press(page, "Write JSON instead");
  const json = await box(page, "Arguments as JSON").inputValue();
  assert.match(json, /"amount": 12345678901234567890\.5/, "a number that JavaScript would round is kept");
  await press(page, "Use the form instead");
  await box(page, "amount").fill("0.5");
  await press(page, "Call the tool");
  await seen(page, "Understood.");
  await page.getByText("The whole answer").click();
  const answer = JSON.parse(await page.getByRole("region", { name: "The whole answer", exact: true }).innerText());
  assert.deepEqual(answer.structuredContent.given, {
    title: "abc",
    count: 4,
    amount: 0.5,
    urgent: true,
    kind: "bug",
    due: "2026-11-21",
    labels: ["first"],
    place: { city: "Ulm", at: { lat: 48.4 } },
    either: { a: 1 },
  });
  await look(page, "form-answer");
}

/** Text of a stranger stays text, and what cannot be seen is shown. */
export async function stayText({ page, look, notes }) {
  await open(page, `#/connectors/changing/tools/${encodeURIComponent(HOSTILE.name)}`, HOSTILE.name);
  await seen(page, "<script>window.hacked = 1</script>");
  await seen(page, "[U+202E]");
  await seen(page, "[U+200B]");
  await look(page, "hostile-text");
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await main(page).locator("script, img, b").count(), 0);
  const wrong = await page.evaluate(checkExact);
  assert.equal(wrong, null);
  notes.push("a tool that says <script> and hides characters is text");
}
