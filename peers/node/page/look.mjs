// Looks at a view as people have it: wide and narrow, light and dark, with axe, and with an eye on what does not fit.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const { resolve } = createRequire(join(root, "target", "tools", "node", "here.cjs"));

const WIDTHS = [1280, 375, 320];
const SCHEMES = ["light", "dark"];
/** What a finger needs, in CSS pixels, less what rounding takes. */
const TOUCH = 43.5;

/** Runs axe in the page. The page's own rules let no script in, so it comes by the browser's own protocol. */
async function axe(page) {
  const session = await page.context().newCDPSession(page);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    assert.ok(!exceptionDetails, `axe failed: ${exceptionDetails?.exception?.description}`);
    return result.value;
  };
  await evaluate(readFileSync(resolve("axe-core/axe.min.js"), "utf8"));
  const found =
    await evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations, passes }) => JSON.stringify({
    passes: passes.length,
    violations: violations.map(({ id, nodes }) => id + ": " + nodes.map((node) => node.html.slice(0, 160) + " " + node.failureSummary).join(" | ")),
  }))`);
  await session.detach();
  return JSON.parse(found);
}

/** What is wider than the window, and what is too small for a finger. */
async function misfits(page) {
  return page.evaluate((least) => {
    const shown = (node) => node.checkVisibility() && node.getBoundingClientRect().width > 0;
    const say = (node) => node.outerHTML.slice(0, 120);
    const wide =
      document.documentElement.scrollWidth > innerWidth
        ? [...document.querySelectorAll("body *")]
            .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
            .map(say)
        : [];
    const controls = [
      ...document.querySelectorAll("button, a.button, select, textarea, summary, nav a, input:not([type=checkbox])"),
    ];
    const small = controls.filter((node) => shown(node) && node.getBoundingClientRect().height < least).map(say);
    return { wide: wide.slice(0, 4), small: small.slice(0, 4) };
  }, TOUCH);
}

/** Makes `look(page, name)`, which takes pictures into a folder; `looked.checks` counts the rules of axe that held. */
export function looking(folder) {
  const looked = { pictures: 0, checks: 0 };
  async function look(page, name) {
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height: 900 });
        const where = `${name}, ${scheme}, ${width} wide`;
        const { wide, small } = await misfits(page);
        assert.deepEqual(wide, [], `${where}: this does not fit`);
        assert.deepEqual(small, [], `${where}: this is too small to touch`);
        const { passes, violations } = await axe(page);
        assert.deepEqual(violations, [], `${where}: axe found something`);
        assert.ok(passes > 5, `${where}: axe looked at nothing`);
        looked.checks += passes;
        await page.evaluate(() => scrollTo(0, 0));
        await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: true });
        looked.pictures += 1;
      }
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  return { look, looked };
}
