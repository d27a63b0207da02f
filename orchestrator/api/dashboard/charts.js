// A service's last two minutes: small charts over one time axis, with what explains their bends.

import { element, follow, set, svg, write } from "./dom.js";
import * as words from "./words.js";

const WIDTH = 200;
const HEIGHT = 36;
const SECONDS = 120;
const CHANGES = new Set([
  "Applied", "Scaled", "Restarting", "Deleting", "RolloutPaused", "RolloutResumed", "Signalled",
]);
const FAULTS = new Set(["NodeNotReady", "NodeReady"]); // of a node: everybody's

// `least`: the top of the scale where all values are below it, so that noise looks like noise.
const CHARTS = [
  { label: "requests a second", lines: [(one) => one.rate], told: words.rate, least: 1 },
  { label: "p50, p99", lines: [(one) => one.p50, (one) => one.p99], told: words.duration, least: 0.001 },
  { label: "errors", lines: [(one) => one.errors], told: words.share, least: 0.01 },
  { label: "in flight", lines: [(one) => one.inFlight], told: String, least: 1 },
  { label: "CPU", lines: [(one) => one.cpu], told: words.cpu, least: 10 },
  { label: "memory", lines: [(one) => one.memory], told: words.memory, least: 2 ** 20 },
];

export function makeCharts() {
  const axes = [0, 1].map(() =>
    element("p", { class: "axis", "aria-hidden": true }, element("span", {}, "2 min ago"),
      element("span", {}, "1 min"), element("span", {}, "now")),
  );
  return element("div", { class: "charts" }, ...CHARTS.map(makeChart), ...axes);
}

export function updateCharts(box, past, events, service) {
  const now = Date.now() / 1000;
  const shown = past.filter((one) => now - one.time < SECONDS);
  const marks = marksOf(events, service, now - SECONDS);
  CHARTS.forEach((chart, index) => plot(box.children[index], chart, shown, marks, now));
}

function makeChart({ label, lines }) {
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
    svg("line", { class: "minute", x1: WIDTH / 2, x2: WIDTH / 2, y1: 0, y2: HEIGHT }),
    svg("g"),
    ...lines.map((_, index) => svg("path", { class: `line line-${index}` })),
  );
  return element("figure", { class: "chart" },
    element("figcaption", {}, label, element("output")), picture);
}

function plot(figure, chart, past, marks, now) {
  const [caption, picture] = figure.children;
  const [, group, ...paths] = picture.children;
  const values = past.flatMap((one) => chart.lines.map((line) => line(one) ?? 0));
  const top = Math.max(chart.least, ...values);
  paths.forEach((path, index) => set(path, { d: course(past, chart.lines[index], top, now) }));
  drawMarks(group, marks, now);
  const told = chart.lines.map((line) => {
    const value = past.length ? line(past.at(-1)) : null;
    return value === null ? "–" : chart.told(value);
  }).join(", ");
  write(caption.lastElementChild, told);
  set(picture, { "aria-label": `${chart.label} over the last two minutes, now ${told}` });
}

// Where nothing was measured the line is interrupted.
function course(past, value, top, now) {
  let pen = "M";
  const steps = [];
  for (const one of past) {
    const measured = value(one);
    if (measured === null) {
      pen = "M";
      continue;
    }
    const y = HEIGHT - 2 - ((HEIGHT - 4) * measured) / top;
    steps.push(`${pen}${across(one.time, now)} ${y.toFixed(1)}`);
    pen = "L";
  }
  return steps.join("");
}

function across(time, now) {
  return (WIDTH * (1 - (now - time) / SECONDS)).toFixed(1);
}

// What explains a bend in a curve: deaths, scalings, rollouts, faults.
function marksOf(events, service, since) {
  const replica = `replica/${service}-`;
  return events.filter(
    ({ time, type, reason, object }) =>
      time > since &&
      (FAULTS.has(reason) || ((type === "Warning" || CHANGES.has(reason)) && (object === `service/${service}`
        || (object.startsWith(replica) && /^\d+$/.test(object.slice(replica.length)))))),
  );
}

function drawMarks(group, marks, now) {
  follow(
    group,
    marks,
    (event) => event.serial,
    (event) => {
      const title = svg("title", {}, `${words.clock(event.time)} ${event.reason}: ${event.message}`);
      return svg("line", { class: `mark ${event.type}`, y1: 0, y2: HEIGHT }, title);
    },
    (line, event) => {
      const x = across(event.time, now);
      set(line, { x1: x, x2: x });
    },
  );
}
