// The daemon: a session for this tab, and JSON-RPC over one WebSocket that comes back when it is lost.

import { encode } from "./exact.js";

const TOKEN = "car-page-token";
/** How long is waited before a lost connection is tried again: short at first, then longer. */
const PAUSES_MS = [300, 1_000, 2_000, 5_000];

/** What the daemon answered instead of a result. */
class RpcError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.code = code;
    this.data = data ?? {};
  }

  /** One word for what went wrong, such as `denied`. */
  get kind() {
    return this.data.kind;
  }
}

/**
 * Tells with events: `link` (detail: `open`, `lost` or `refused`), and `notice` (detail: `{ method, params, text }`, where
 * `text` is the message as it came).
 */
class Rpc extends EventTarget {
  #socket = null;
  #waiting = new Map();
  #next = 1;
  #tries = 0;

  /** Connects with the token of this tab. */
  connect() {
    const url = new URL("ws", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, ["car.v1", `car.bearer.${sessionStorage.getItem(TOKEN)}`]);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#tries = 0;
      this.#tell("link", "open");
    });
    socket.addEventListener("message", ({ data }) => this.#read(data));
    socket.addEventListener("close", () => this.#lost());
  }

  /** Asks, and returns the result. With `whole` it returns `{ result, text }`, with the answer as it came. */
  call(method, params = {}, { whole = false } = {}) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return Promise.reject(new RpcError({ code: 0, message: "there is no connection to the daemon at the moment" }));
    }
    const id = this.#next;
    this.#next += 1;
    this.#socket.send(encode({ jsonrpc: "2.0", id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, whole }));
  }

  #read(text) {
    const message = JSON.parse(text);
    const { id, method, params, result, error } = message;
    if (method !== undefined) return this.#tell("notice", { method, params, text });
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new RpcError(error));
    else waiting?.resolve(waiting.whole ? { result, text } : result);
  }

  async #lost() {
    for (const { reject } of this.#waiting.values()) {
      reject(new RpcError({ code: 0, message: "the connection to the daemon was lost before it answered" }));
    }
    this.#waiting.clear();
    this.#tell("link", "lost");
    const pause = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)];
    this.#tries += 1;
    await new Promise((resolve) => setTimeout(resolve, pause));
    // A browser does not say why a connection was refused. A daemon that is well and refuses does not know the token.
    if (this.#tries > 1 && (await isWell())) {
      sessionStorage.removeItem(TOKEN);
      this.#tell("link", "refused");
    } else {
      this.connect();
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

async function isWell() {
  try {
    return (await fetch(new URL("health", document.baseURI), { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** The one connection of the page. */
export const rpc = new Rpc();

/** Tells whether this tab has a token. */
export const isLetIn = () => sessionStorage.getItem(TOKEN) !== null;

/**
 * Gives the one-time code of the address for a token, and takes it out of the address. Returns what went wrong, if
 * something did.
 */
export async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code === null) return null;
  history.replaceState(null, "", location.pathname);
  try {
    const answer = await fetch(new URL("session", document.baseURI), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    if (answer.status === 401) return "This link was used before, or it is older than a minute.";
    const body = await answer.json();
    if (!answer.ok) return body.detail ?? "The daemon refused the code.";
    sessionStorage.setItem(TOKEN, body.token);
    return null;
  } catch {
    return "The daemon did not answer.";
  }
}
