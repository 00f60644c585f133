// What a person does in the page, one thing after another; each builds on those before it.

import { addChanging, addLocal, byKeyboard, enter, findByNeed, glance, lookAtTheRest, remove } from "./connecting.mjs";
import { agreeToChange, answerAsks, denyByPolicy, makeToken, readLog, stopConnector } from "./governing.mjs";
import { checkForm, stayText } from "./trying.mjs";

export const GLANCE = [["the page lets the browser in", glance]];

export const STEPS = [
  ["the page lets in who has a code, once", enter],
  ["by keyboard alone: add, sign in, switch on, try", byKeyboard],
  ["add a second connector, and search its tools", addChanging],
  ["a form made from a schema", checkForm],
  ["what strangers say is text", stayText],
  ["deny a tool by policy, and see why", denyByPolicy],
  ["deny a whole connector, and allow it again", stopConnector],
  ["make a token for an agent", makeToken],
  ["answer for calls that wait", answerAsks],
  ["agree to a tool that changed", agreeToChange],
  ["see all of it in the log", readLog],
  ["add a local server by its command", addLocal],
  ["find a service by need, and add what was shown", findByNeed],
  ["every other view", lookAtTheRest],
  ["remove a connector", remove],
];
