// What a person does in the page, one thing after another; each builds on those before it.

import assert from "node:assert/strict";

import { load } from "../packages.mjs";
import { HOSTILE } from "./changing.mjs";
import { PATIENCE_MS, at, box, call, connect, consent, open, press, tabTo } from "./hands.mjs";

const main = (page) => page.getByRole("main");
const seen = (page, text) => main(page).getByText(text).first().waitFor();

async function enter({ page, job, look }) {
  await page.goto(`${job.url}/#code=${job.code}`);
  await at(page, "Connectors");
  assert.ok(!page.url().includes(job.code), "the code is out of the address");
  await seen(page, "There are no connectors yet.");
  await look(page, "first-start");
  const late = await page.context().newPage();
  await late.goto(`${job.url}/#code=${job.code}`);
  await at(late, "Open this page with car ui");
  await look(late, "not-let-in");
  await late.close();
}

/** By keyboard alone: add, sign in, switch tools on, call one. */
async function byKeyboard({ page, job, look, notes }) {
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

async function checkForm({ page, look }) {
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
    title: "abc", count: 4, amount: 0.5, urgent: true, kind: "bug", due: "2026-11-21", labels: ["first"],
    place: { city: "Ulm", at: { lat: 48.4 } }, either: { a: 1 },
  });
  await look(page, "form-answer");
}

async function addChanging({ page, changing }) {
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

/** Text of a stranger stays text, and what cannot be seen is shown. */
async function stayText({ page, look, notes }) {
  await open(page, `#/connectors/changing/tools/${encodeURIComponent(HOSTILE.name)}`, HOSTILE.name);
  await seen(page, "<script>window.hacked = 1</script>");
  await seen(page, "[U+202E]");
  await seen(page, "[U+200B]");
  await look(page, "hostile-text");
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await main(page).locator("script, img, b").count(), 0);
  notes.push("a tool that says <script> and hides characters is text");
}

async function denyByPolicy({ page, look }) {
  await open(page, "#/connectors/docs/tools/whoami", "whoami");
  await press(page, "Deny this tool");
  await seen(page, "Denied");
  await press(page, "Call the tool");
  const problem = main(page).getByRole("alert");
  await problem.waitFor();
  const text = await problem.innerText();
  assert.match(text, /deny/i);
  assert.match(text, /policy\.toml:\d+:\d+/, `the denial says where its rule is: ${text}`);
  await look(page, "denied");
  await open(page, "#/policy", "Policy");
  await seen(page, "docs/whoami");
  await look(page, "policy");
}

async function makeToken({ page, look, shared, job }) {
  await open(page, "#/access", "Access");
  await box(page, "Name").fill("agent");
  await press(page, "Make a token");
  const dialog = page.getByRole("dialog", { name: "The token “agent”" });
  const secret = (await dialog.getByRole("region", { name: "The token" }).innerText()).trim();
  assert.ok((await dialog.getByRole("region", { name: "The settings" }).innerText()).includes(secret));
  await look(page, "token");
  await press(page, "Done");
  await dialog.waitFor({ state: "detached" });
  assert.ok(!(await page.content()).includes(secret), "the token is shown once");
  await look(page, "access");
  shared.client = await connect(load, `${job.url}/mcp`, secret);
  const { tools } = await shared.client.listTools();
  shared.tools = tools.map(({ name }) => name);
  for (const wanted of ["mcp_docs_echo", "mcp_changing_sum"]) assert.ok(shared.tools.includes(wanted), `${wanted} is in ${shared.tools}`);
  assert.ok(!shared.tools.includes("mcp_changing_erase"), "a tool that is off is not offered");
}

async function answerAsks({ page, look, shared, notes }) {
  await open(page, "#/connectors/docs/tools/echo", "echo");
  await press(page, "Ask me before each call");
  await seen(page, "A person is asked");
  const answered = async (name, answer, expected) => {
    const result = call(shared.client, "mcp_docs_echo", { message: name });
    const card = main(page).getByRole("listitem").filter({ hasText: name });
    await card.waitFor();
    assert.equal(JSON.parse(await card.getByRole("region", { name: "Arguments of echo" }).innerText()).message, name);
    if (answer === "Allow once") await look(page, "approval");
    await card.getByRole("button", { name: `${answer}: echo of docs` }).click();
    assert.match(await result, expected, answer);
    await seen(page, "No call waits for you.");
  };
  const held = call(shared.client, "mcp_docs_echo", { message: "while elsewhere" });
  await page.getByText("It waits for you under Approvals.").waitFor();
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: /Approvals.*1/ }).click();
  await at(page, "Approvals");
  await press(page, "Deny: echo of docs");
  assert.match(await held, /refused|denied/i);
  await answered("allow me once", "Allow once", /^allow me once$/);
  await answered("not me", "Deny", /refused|denied/i);
  await answered("me for now", "Allow until the daemon stops", /^me for now$/);
  assert.equal(await call(shared.client, "mcp_docs_echo", { message: "unasked" }), "unasked");
  await seen(page, "Until the daemon stops");
  await press(page, /^Take it back/);
  await seen(page, "Nothing was agreed to for longer than one call.");
  await look(page, "approvals");
  notes.push("calls through /mcp were held, shown with their arguments, and went on as answered");
}

async function agreeToChange({ page, look, shared, changing, notes }) {
  assert.equal(await call(shared.client, "mcp_changing_sum", { a: 1, b: 2 }), "3");
  changing.change();
  await open(page, "#/connectors/changing", "Changing");
  await press(page, /^Ask again/);
  await page.getByRole("link", { name: /1 change to review/ }).click();
  await at(page, "Changed tools");
  await seen(page, "id_rsa");
  await look(page, "changed");
  assert.match(await call(shared.client, "mcp_changing_sum", { a: 1, b: 2 }), /refused|changed|unknown/i);
  await press(page, /^Agree to what it is now/);
  await seen(page, "No tool of this connector differs");
  assert.equal(await call(shared.client, "mcp_changing_sum", { a: 2, b: 3 }), "5");
  notes.push("a tool that changed was out of service until the difference was agreed to");
}

async function readLog({ page, look, shared }) {
  await open(page, "#/log", "Log");
  await call(shared.client, "mcp_changing_sum", { a: 40, b: 2 });
  await main(page).getByRole("listitem").filter({ hasText: "sum" }).first().waitFor();
  await box(page, "Connector").selectOption("docs");
  await box(page, "Outcome").selectOption("deny");
  await seen(page, "whoami");
  await main(page).getByRole("listitem").filter({ hasText: "whoami" }).first().locator("summary").click();
  await seen(page, "policy.toml");
  await look(page, "log");
  await box(page, "Outcome").selectOption("");
  await box(page, "Connector").selectOption("");
  await box(page, "Words").fill("no such word anywhere");
  await seen(page, "No record matches.");
  await box(page, "Words").fill("");
  await press(page, "Check that nobody changed the log");
  await page.getByText("Nobody changed the log").waitFor();
}

async function lookAtTheRest({ page, look }) {
  for (const [address, heading, name] of [
    ["#/connectors", "Connectors", "connectors"],
    ["#/connectors/changing", "Changing", "tools"],
    ["#/connectors/changing/tools/everything", "everything", "tool"],
    ["#/add/command", "Add a connector", "add-command"],
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

async function remove({ page, look }) {
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

export const STEPS = [
  ["the page lets in who has a code, once", enter],
  ["by keyboard alone: add, sign in, switch on, try", byKeyboard],
  ["add a second connector, and search its tools", addChanging],
  ["a form made from a schema", checkForm],
  ["what strangers say is text", stayText],
  ["deny a tool by policy, and see why", denyByPolicy],
  ["make a token for an agent", makeToken],
  ["answer for calls that wait", answerAsks],
  ["agree to a tool that changed", agreeToChange],
  ["see all of it in the log", readLog],
  ["every other view", lookAtTheRest],
  ["remove a connector", remove],
];

export { PATIENCE_MS };
