// Signing in: the person sees where they are sent, goes there in a tab of its own, and comes back by themselves.

import { el } from "./dom.js";
import { box, problem, say, theirs } from "./parts.js";
import { rpc } from "./rpc.js";

/** Begins a sign-in, and shows where to go. It is closed when the person is back. */
export async function signIn({ slug, name }) {
  const begun = await rpc.call("connectors.authenticate", { name: slug });
  const target = new URL(begun.authorize_url);
  if (!["https:", "http:"].includes(target.protocol))
    throw new Error("the server names a sign-in page that is no web page");
  const state = el("p", { role: "status" }, "Waiting for you to come back.");
  const dialog = box(`Sign in to ${name}`, (close) => [
    el(
      "p",
      {},
      "The sign-in page is at ",
      theirs(target.host, "strong"),
      ". Go on only if you know that name. It opens in a new tab.",
    ),
    state,
    el(
      "div.actions",
      {},
      el(
        "a.button.main",
        { href: target.href, target: "_blank", rel: "noopener noreferrer", autofocus: true },
        "Open the sign-in page",
      ),
      el("button", { type: "button", onclick: close }, "Close"),
    ),
  ]);
  const heard = ({ detail: { method, params } }) => {
    if (method !== "connectors.sign_in_completed" || params.slug !== begun.slug) return;
    if (params.error) {
      state.replaceWith(problem({ message: params.error }));
    } else {
      dialog.close();
      say(`Signed in to ${name}.`);
    }
  };
  rpc.addEventListener("notice", heard);
  dialog.addEventListener("close", () => rpc.removeEventListener("notice", heard));
}
