// Limits that a service or a node is close to, in words, before they are reached.

import { element, follow, write } from "./dom.js";

export function drawNear(list, texts) {
  list.hidden = texts.length === 0;
  follow(list, texts.map((text, index) => ({ text, index })), (one) => one.index,
    () => element("li"), (row, { text }) => write(row, text));
}
