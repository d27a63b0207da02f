// The event log in words, newest first.

import { element, follow, write } from "./dom.js";
import * as words from "./words.js";

const SHOWN = 200;

export function drawEvents(live) {
  const wanted = document.getElementById("filter").value.trim().toLowerCase();
  const shown = live.events
    .filter((event) => !wanted || told(event).toLowerCase().includes(wanted))
    .slice(-SHOWN)
    .reverse();
  follow(document.getElementById("events"), shown, (event) => event.serial, make, () => {});
}

export function told(event) {
  return `${event.reason} ${event.object} ${event.message}`;
}

export function make(event) {
  const row = element("li", { class: event.type === "Warning" ? "warning" : "" });
  row.append(
    element("time", {}, words.clock(event.time)),
    element("strong", {}, event.reason),
    element("code", {}, event.object),
    element("span", {}),
  );
  write(row.lastElementChild, event.message);
  return row;
}
