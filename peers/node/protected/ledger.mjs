// What the servers were asked, counted; a test reads it to know what a client did and what it did not do.

export class Ledger {
  #counts = {};

  /** Counts one more of something, named as a path: `token.refresh_token.granted`. */
  count(path) {
    const names = path.split(".");
    const last = names.pop();
    let at = this.#counts;
    for (const name of names) at = at[name] ??= {};
    at[last] = (at[last] ?? 0) + 1;
  }

  toJSON() {
    return this.#counts;
  }
}
