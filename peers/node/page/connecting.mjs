// Connectors come and go: the first start, by keyboard alone, by URL, by command, by need, and away again.

import assert from "node:assert/strict";
import { join } from "node:path";

import { modules } from "../packages.mjs";
import { at, box, consent, main, open, press, seen, tabTo } from "./hands.mjs";

export async function enter({ page, job, look }) {
  await page.goto(job.page);
  await at(page, "Connectors");
  assert.ok(!page.url().includes("code="), "the code is out of the address");
  await seen(page, "There are no connectors yet.");
  await look(page, "first-start");
  const late = await page.context().newPage();
  await late.goto(job.page);
  await at(late, "Open this page with car ui");
  await seen(late, "This link was used before");
  await look(late, "not-let-in");
  await late.close();
}

/** By keyboard alone: add, sign in, switch tools on, call one. */
export async function byKeyboard({ page, job, look, notes }) {
  await tabTo(page, "Add the first one");
  await page.keyboard.press("Enter");
  await at(page, "Add a connector");
  await look(page, "add-url");
  await tabTo(page, "URL");
  await page.keyboard.type(job.protected);
  await tabTo(page, "Name");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Docs");
  await page.keyboard.press("Enter");
  await at(page, "Docs");
  const dialog = page.getByRole("dialog", { name: "Sign in to Docs" });
  await dialog.waitFor();
  await look(page, "sign-in");
  const popup = page.context().waitForEvent("page");
  const link = dialog.getByRole("link", { name: "Open the sign-in page" });
  await link.focus();
  await page.keyboard.press("Enter");
  const tab = await popup;
  await consent(tab);
  await tab.getByRole("heading", { name: "Signed in" }).waitFor();
  await look(tab, "signed-in");
  await tab.close();
  await dialog.waitFor({ state: "detached" });
  await seen(page, "Ready");
  for (const tool of ["echo", "whoami"]) {
    await page.getByRole("switch", { name: tool, exact: true }).waitFor();
    await tabTo(page, tool);
    // The link to a tool and its switch have one name; the switch is the one after it.
    await tabTo(page, tool);
    await page.keyboard.press("Space");
    await page.getByRole("switch", { name: tool, exact: true, checked: true }).waitFor();
  }
  await look(page, "connector");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await at(page, "echo");
  await tabTo(page, "message");
  await page.keyboard.type("hello by keyboard");
  await page.keyboard.press("Control+Enter");
  await seen(page, "hello by keyboard");
  await look(page, "tried");
  notes.push("added, signed in, switched two tools on and called one by keyboard alone");
}

export async function addChanging({ page, changing }) {
  await open(page, "#/add/url", "Add a connector");
  await box(page, "URL").fill(changing.url);
  await box(page, "Name").fill("Changing");
  await press(page, "Add it");
  await at(page, "Changing");
  await box(page, "Search the tools").fill("every");
  await press(page, "Turn on all shown");
  await page.getByRole("switch", { name: "everything", exact: true, checked: true }).waitFor();
  await box(page, "Search the tools").fill("");
  await page.getByRole("switch", { name: "sum", exact: true }).click();
  await page.getByRole("switch", { name: "sum", exact: true, checked: true }).waitFor();
  assert.equal(await page.getByRole("switch", { name: "erase", exact: true }).getAttribute("aria-checked"), "false");
}

export async function addLocal({ page, look }) {
  await open(page, "#/add/command", "Add a connector");
  await box(page, "Command").fill(process.execPath);
  await box(page, "Arguments").fill("--eval\nprocess.exit(3)");
  await box(page, "Name").fill("Broken");
  await press(page, "Add it");
  await main(page).getByRole("alert").getByText("exit status: 3").waitFor();
  await look(page, "add-failed");
  await box(page, "Arguments").fill(join(modules, "@modelcontextprotocol/server-everything/dist/index.js"));
  await box(page, "Name").fill("Local");
  await look(page, "add-command");
  await press(page, "Add it");
  await at(page, "Local");
  await page.getByRole("switch", { name: "get-sum", exact: true }).waitFor();
  await press(page, "Read it");
  await page.getByRole("region", { name: "What the server wrote" }).waitFor();
  await look(page, "local");
}

/** A registry on this machine lists one service, which is the changing server under a name of the world's. */
export async function findByNeed({ page, look, changing }) {
  await page.evaluate(async (url) => {
    const { rpc } = await import("/rpc.js");
    // Nobody on the network is asked.
    await rpc.call("connectors.sources.remove", { name: "official" });
    await rpc.call("connectors.sources.add", { kind: "registry", url, name: "here" });
  }, changing.registry);
  await open(page, "#/add/find", "Add a connector");
  await box(page, "What do you need?").fill("add two numbers");
  await press(page, "Find", { exact: true });
  await press(page, "Look at it: Calculator");
  await seen(page, "It would connect to");
  await seen(page, changing.listed);
  await look(page, "found");
  await box(page, "Name here").fill("Found");
  await press(page, "Add exactly this");
  await at(page, "Found");
  await page.getByRole("switch", { name: "sum", exact: true }).waitFor();
}

export async function lookAtTheRest({ page, look }) {
  for (const [address, heading, name] of [
    ["#/connectors", "Connectors", "connectors"],
    ["#/connectors/changing", "Changing", "tools"],
    ["#/connectors/changing/tools/everything", "everything", "tool"],
    ["#/add/find", "Add a connector", "add-find"],
    ["#/daemon", "Daemon", "daemon"],
  ]) {
    await open(page, address, heading);
    await look(page, name);
  }
  await page.setViewportSize({ width: 375, height: 900 });
  await press(page, "Menu");
  await look(page, "menu");
}

export async function remove({ page, look }) {
  await open(page, "#/connectors/docs", "Docs");
  const button = page.getByRole("button", { name: "Remove this connector" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Remove Docs?" }).waitFor();
  await look(page, "remove");
  await page.keyboard.press("Escape");
  assert.ok(await button.evaluate((node) => node === document.activeElement), "the focus is back where it was");
  await button.click();
  await press(page, "Remove it");
  await at(page, "Connectors");
  await page.getByText("Docs was removed.").waitFor();
  assert.equal(await main(page).getByRole("link", { name: "Docs" }).count(), 0);
}

/** A look at a page that somebody has filled before. */
export async function glance({ page, job, look, notes }) {
  await page.goto(job.page);
  await at(page, "Connectors");
  await main(page).getByRole("listitem").first().waitFor();
  const names = await main(page).getByRole("heading", { level: 2 }).allInnerTexts();
  notes.push(`the page shows ${names.join(", ")}`);
  await look(page, "demo");
}
