// A person at the daemon's page, in a headless Chromium: the whole life of a connector, looked at with axe on the way.
// usage: node page.mjs JOB, where JOB is {page, protected, folder}: the address that `car ui` gives, an MCP server that wants
// a sign-in, and where pictures go. With {page, folder, glance: true} it only looks whether the page lets it in.
//
// Prints what was done; ends with status 1 at the first thing that is not as it should be.

import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

import { load } from "./packages.mjs";
import { openChanging } from "./page/changing.mjs";
import { PATIENCE_MS } from "./page/hands.mjs";
import { looking } from "./page/look.mjs";
import { GLANCE, STEPS } from "./page/steps.mjs";

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const job = JSON.parse(process.argv[2]);
job.url = new URL(job.page).origin;
mkdirSync(job.folder, { recursive: true });
const folders = (process.env.PATH ?? "").split(delimiter);
const executablePath = CHROMIUM.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
if (!executablePath) {
  console.error("no Chromium here; `cargo xtask setup --system` installs it, or install it with your own tools");
  process.exit(1);
}

const {
  default: { chromium },
} = await load("playwright-core");
const browser = await chromium.launch({ executablePath });
const context = await browser.newContext({
  viewport: { width: 1280, height: 900 },
  locale: "en-GB",
  reducedMotion: "reduce",
});
context.setDefaultTimeout(PATIENCE_MS);
const page = await context.newPage();

/** What the browser itself complains of: a broken script, or something that the page's own rules forbid. */
const complaints = [];
page.on("pageerror", (error) => complaints.push(error.stack));
page.on("console", (message) => {
  // A code that was used is refused, which the browser notes too.
  if (message.type() === "error") complaints.push(message.text());
});

const changing = await openChanging();
const { look, looked } = looking(job.folder);
const stage = { page, job, look, changing, notes: [], shared: {} };
let failed = null;
for (const [number, [title, step]] of (job.glance ? GLANCE : STEPS).entries()) {
  console.log(`${number + 1}. ${title}`);
  try {
    await step(stage);
    if (complaints.length) throw new Error(`the browser complains: ${complaints.join("\n")}`);
  } catch (error) {
    failed = error;
    await page.screenshot({ path: join(job.folder, "failed.png"), fullPage: true }).catch(() => {});
    break;
  }
}
stage.notes.forEach((note) => console.log(`   ${note}`));
console.log(`${looked.pictures} pictures in ${job.folder}; ${looked.checks} checks of axe held, none failed`);
await stage.shared.client?.close();
await browser.close();
await changing.close();
if (failed) {
  console.error(failed.stack);
  process.exit(1);
}
