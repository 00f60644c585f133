// Finds the npm packages that `cargo xtask setup` fetched; they stand outside this folder, so a bare import would not.

import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { resolve } = createRequire(join(root, "target", "tools", "node", "here.cjs"));

/** The folder of the packages. */
export const modules = join(root, "target", "tools", "node", "node_modules");

/** Imports a package by name, or by a path inside it. */
export const load = (name) => import(pathToFileURL(resolve(name)));
