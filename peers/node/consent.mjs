// A person at a browser: signs in and consents at the pages of `oidc-provider`, in a headless Chromium.
// usage: node consent.mjs URL [--account NAME] [--deny] [--stop-at-redirect] [--screenshot FILE] [--report FILE]
//
// Prints one line of JSON: the pages on the way, the title and visible text of the last one, and its address with the
// code left out. With --stop-at-redirect the browser never asks the application's address; it is printed as
// "redirect", whole, as somebody would copy it. --report writes the line to a file, for when nobody sees the output.

import { appendFileSync, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";

import { load } from "./packages.mjs";

/** What Debian, Fedora and Google call it; the npm package brings none. */
const CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** A page is there within this time, also on a busy machine. */
const PATIENCE_MS = 30_000;
/** Login, consent and one to confirm a device's code; a server that asks for more goes round in circles. */
const MOST_PAGES = 6;
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    account: { type: "string", default: "ada" },
    deny: { type: "boolean", default: false },
    "stop-at-redirect": { type: "boolean", default: false },
    screenshot: { type: "string" },
    report: { type: "string" },
  },
});
const start = new URL(positionals[0]);

/** Carries out what the page asks for; returns false on a page that asks for nothing. */
async function fill(page) {
  const login = page.locator('input[name="login"]');
  const submit = page.locator('button[type="submit"]');
  if (options.deny) {
    const cancel = page.getByRole("link", { name: "Cancel" });
    if (!(await cancel.count())) return false;
    await leave(page, () => cancel.click());
    return true;
  }
  if (!(await submit.count())) return false;
  if (await login.count()) {
    await login.fill(options.account);
    await page.locator('input[name="password"]').fill("any");
  }
  await leave(page, () => submit.first().click());
  return true;
}

/** Waits for the next page, or for the redirect that is not followed. */
async function leave(page, act) {
  await Promise.all([Promise.race([page.waitForEvent("load"), page.waitForEvent("crash"), redirected.promise]), act()]);
}

const redirected = Promise.withResolvers();
let redirect;

/**
 * Lets the browser ask this machine only; fonts from elsewhere would hold the page up. Spoken in the browser's own
 * protocol, because the package's routes do not see where a redirect leads.
 */
async function guard(page) {
  const browser = await page.context().newCDPSession(page);
  browser.on("Fetch.requestPaused", ({ requestId, request, resourceType }) => {
    const url = new URL(request.url);
    const isAway = resourceType === "Document" && url.origin !== start.origin;
    if (isAway && options["stop-at-redirect"]) {
      redirect = url.href;
      redirected.resolve();
    }
    const method = redirect || !LOOPBACK.has(url.hostname) ? "Fetch.failRequest" : "Fetch.continueRequest";
    // A page that is left drops its requests; then there is nothing to answer any more.
    browser.send(method, { requestId, errorReason: "Aborted" }).catch(() => {});
  });
  await browser.send("Fetch.enable", { patterns: [{ urlPattern: "*" }] });
}

async function visit(browser) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await guard(page);
  await page.goto(start.href);
  const pages = [];
  for (;;) {
    if (redirect) return { pages, redirect };
    pages.push(await page.title());
    const isTheirs = new URL(page.url()).origin === start.origin;
    if (pages.length > MOST_PAGES) throw new Error(`the server asks on and on: ${pages.join(", ")}`);
    if (!isTheirs || !(await fill(page))) break;
  }
  if (options.screenshot) await page.screenshot({ path: options.screenshot });
  const url = new URL(page.url());
  if (url.searchParams.has("code")) url.searchParams.set("code", "…");
  const text = (await page.locator("body").innerText()).trim();
  return { pages, title: await page.title(), text, url: decodeURI(url.href) };
}

const folders = (process.env.PATH ?? "").split(delimiter);
const executablePath = CHROMIUM.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
if (!executablePath) {
  console.error("no Chromium here; `cargo xtask setup --system` installs it, or install it with your own tools");
  process.exit(1);
}
const { default: { chromium } } = await load("playwright-core");
const browser = await chromium.launch({ executablePath });
function report(outcome) {
  const line = JSON.stringify(outcome);
  console.log(line);
  if (options.report) appendFileSync(options.report, `${line}\n`);
}
try {
  report(await visit(browser));
} catch (error) {
  report({ error: error.message });
  process.exitCode = 1;
} finally {
  await browser.close();
}
