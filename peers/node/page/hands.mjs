// A person before the page: reads, clicks, types, and goes by keyboard alone where that is tried.

import assert from "node:assert/strict";

/** A busy machine may need this for what takes a moment. */
export const PATIENCE_MS = 30_000;
/** More stops than any view has. */
const MOST_TABS = 120;

/** Waits for the heading of a view. */
export async function at(page, heading) {
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
}

/** Goes to a place by its address. */
export async function open(page, address, heading) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, address);
  await at(page, heading);
}

/** The input with a label; one that must be filled in has a star after it. */
export const box = (page, label) =>
  page.getByLabel(new RegExp(`^${label.replace(/[?*()]/g, "\\$&")}( \\*| \\(can be left out\\))?$`));

export const main = (page) => page.getByRole("main");

/** Waits until a view shows a text. */
export const seen = (page, text) => main(page).getByText(text).first().waitFor();

export const press = (page, name, options = {}) => page.getByRole("button", { name, ...options }).click();

/** What has the focus: its role and the name that is read out, and whether it can be seen that it has it. */
async function focused(page) {
  return page.evaluate(() => {
    const node = document.activeElement;
    const label = node.labels?.[0]?.textContent ?? "";
    const style = getComputedStyle(node);
    return {
      name: (node.getAttribute("aria-label") ?? (label || node.textContent)).trim(),
      isSeen: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0,
    };
  });
}

/** Presses Tab until something with this name has the focus. */
export async function tabTo(page, name) {
  const seen = [];
  for (let count = 0; count < MOST_TABS; count += 1) {
    await page.keyboard.press("Tab");
    const here = await focused(page);
    seen.push(here.name.slice(0, 40));
    if ([name, `${name} *`].includes(here.name)) {
      assert.ok(here.isSeen, `it cannot be seen that ${name} has the focus`);
      return;
    }
  }
  assert.fail(`Tab never came to ${name}; it came to ${seen.join(" | ")}`);
}

/** Signs in and consents at the foreign server's pages, in the tab that the page opened. */
export async function consent(tab) {
  for (let pages = 0; pages < 5; pages += 1) {
    await tab.waitForLoadState("load");
    const submit = tab.locator('button[type="submit"]');
    if (!(await submit.count())) return;
    const login = tab.locator('input[name="login"]');
    if (await login.count()) {
      await login.fill("ada");
      await tab.locator('input[name="password"]').fill("any");
    }
    await Promise.all([tab.waitForEvent("load"), submit.first().click()]);
  }
  assert.fail("the sign-in asks on and on");
}

/** Makes an MCP client of npm's that uses the daemon's endpoint with a token. */
export async function connect(load, url, token) {
  const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const client = new Client({ name: "agent", version: "1" });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

/** Calls a tool; returns its text, or what was said instead. */
export async function call(client, name, args) {
  try {
    const result = await client.callTool({ name, arguments: args }, undefined, { timeout: PATIENCE_MS });
    return result.content.map((block) => block.text ?? "").join("");
  } catch (error) {
    return `refused: ${error.message}`;
  }
}
