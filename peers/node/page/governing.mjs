// Policy, tokens, calls that wait, tools that changed, and the log of it all.

import assert from "node:assert/strict";

import { load } from "../packages.mjs";
import { at, box, call, connect, main, open, press, seen } from "./hands.mjs";

export async function denyByPolicy({ page, look }) {
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

/** A whole connector is stopped, and goes on again. */
export async function stopConnector({ page, look }) {
  await open(page, "#/connectors/changing", "Changing");
  await press(page, "Deny every call");
  await seen(page, "Every call to it is denied.");
  await look(page, "stopped");
  await open(page, "#/connectors/changing/tools/everything", "everything");
  await seen(page, "Deny a connector");
  await open(page, "#/connectors/changing", "Changing");
  await press(page, "Allow calls again");
  await page.getByRole("button", { name: "Deny every call" }).waitFor();
}

export async function makeToken({ page, look, shared, job }) {
  await open(page, "#/access", "Access");
  await box(page, "Name").fill("agent");
  await press(page, "Make a token");
  const dialog = page.getByRole("dialog", { name: "The token “agent”" });
  const secret = (await dialog.getByRole("region", { name: "The token" }).innerText()).trim();
  assert.ok((await dialog.getByRole("region", { name: "The settings" }).innerText()).includes(secret));
  await look(page, "token");
  await press(page, "Done");
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.ok(!(await page.content()).includes(secret), "the token is shown once");
  await look(page, "access");
  shared.client = await connect(load, `${job.url}/mcp`, secret);
  const { tools } = await shared.client.listTools();
  shared.tools = tools.map(({ name }) => name);
  for (const wanted of ["mcp_docs_echo", "mcp_changing_sum"])
    assert.ok(shared.tools.includes(wanted), `${wanted} is in ${shared.tools}`);
  assert.ok(!shared.tools.includes("mcp_changing_erase"), "a tool that is off is not offered");
}

export async function answerAsks({ page, look, shared, notes }) {
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
  await page
    .getByRole("navigation", { name: "Views" })
    .getByRole("link", { name: /Approvals.*1/ })
    .click();
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

export async function agreeToChange({ page, look, shared, changing, notes }) {
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

export async function readLog({ page, look, shared }) {
  await open(page, "#/log", "Log");
  await call(shared.client, "mcp_changing_sum", { a: 40, b: 2 });
  await main(page).getByRole("listitem").filter({ hasText: "sum" }).first().waitFor();
  await box(page, "Connector").selectOption("docs");
  await box(page, "Outcome").selectOption("deny");
  await box(page, "Tool").fill("whoami");
  await page.waitForFunction(() => {
    const records = [...document.querySelectorAll(".records > li")];
    return (
      records.length > 0 && records.every(({ textContent: text }) => text.includes("whoami") && text.includes("Denied"))
    );
  });
  await main(page).getByRole("listitem").first().locator("summary").click();
  await seen(page, "policy.toml");
  await look(page, "log");
  await box(page, "Tool").fill("");
  await box(page, "Outcome").selectOption("");
  await box(page, "Connector").selectOption("");
  await box(page, "Words").fill("no such word anywhere");
  await seen(page, "No record matches.");
  await box(page, "Words").fill("");
  await press(page, "Check that nobody changed the log");
  await page.getByText(/^Nobody changed the log: \d+/).waitFor();
}
