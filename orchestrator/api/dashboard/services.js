// A card for each service: how many are wanted and ready, what its requests get, and a scale.

import { post } from "./api.js";
import { colorOf } from "./colors.js";
import { element, follow, set, svg, write } from "./dom.js";
import * as words from "./words.js";

const WIDTH = 200;
const HEIGHT = 36;
const SECONDS = 120;
const CHANGES = new Set(["Applied", "Scaled", "Restarting", "Deleted"]);

export function drawServices(live, say) {
  follow(
    document.getElementById("services"),
    live.services,
    (service) => service.name,
    (service) => makeCard(service, say),
    (card, service) => updateCard(card, service, live),
  );
}

function makeCard(service, say) {
  const { name } = service;
  const link = element("a", { class: "address", target: "_blank", rel: "noopener" });
  const title = element("h3", {}, element("span", { class: `swatch c${colorOf(name)}` }), name);
  const form = element("form", { class: "scale" });
  const field = element("input", {
    type: "number", min: 0, max: 1000, step: 1, "aria-label": `Replicas of ${name}`,
  });
  const slider = element("input", {
    type: "range", min: 0, max: 20, step: 1, "aria-label": `Replicas of ${name}, as a slider`,
  });
  const scale = async (replicas) => {
    form.settled = null;
    await say(() => post(`/v1/services/${encodeURIComponent(name)}/scale`, { replicas }));
  };
  slider.oninput = () => (field.value = slider.value);
  slider.onchange = () => scale(Number(slider.value));
  form.onsubmit = (event) => {
    event.preventDefault();
    scale(Number(field.value));
  };
  form.append(slider, field, element("button", {}, "Scale"));
  const restart = element(
    "button",
    {
      class: "quiet",
      onclick: () => say(() => post(`/v1/services/${encodeURIComponent(name)}/restart`)),
    },
    "Restart",
  );
  return element(
    "article",
    { class: "service" },
    element("header", {}, title, link),
    element("p", { class: "status" }),
    form,
    chart("requests a second"),
    chart("p99"),
    element("dl"),
    restart,
  );
}

function updateCard(card, service, live) {
  const [header, status, form, rates, p99s, list] = card.children;
  set(card, { "data-status": service.status });
  const link = header.lastElementChild;
  link.hidden = !service.address;
  if (service.address) {
    write(link, service.address);
    if (service.address.startsWith("http")) set(link, { href: service.address });
  }
  const why = service.reason ? `: ${service.reason}` : "";
  write(status, `${service.ready} of ${service.desired} ready – ${service.status}${why}`);
  follow_wish(form, service.desired);
  const past = live.history.get(service.name) ?? [];
  const marks = marksOf(live.events, service.name);
  plot(rates, past, (one) => one.rate, words.rate, marks);
  plot(p99s, past, (one) => one.p99, words.duration, marks);
  numbers(list, service, live.stats.get(service.name));
}

// The controls show what is wanted, unless somebody is just about to want something else.
function follow_wish(form, desired) {
  if (form.contains(document.activeElement) || form.settled === desired) return;
  form.settled = desired;
  const [slider, field] = form.children;
  if (desired > Number(slider.max)) slider.max = desired * 2;
  slider.value = desired;
  field.value = desired;
}

function chart(label) {
  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
  }, svg("g"), svg("polyline", { class: "line" }));
  return element("figure", { class: "chart", "data-label": label },
    element("figcaption", {}, label, element("output")), picture);
}

// What explains a bend in a curve: deaths, scalings, new specifications.
function marksOf(events, service) {
  const since = Date.now() / 1000 - SECONDS;
  const replica = `replica/${service}-`;
  return events.filter(
    ({ time, type, reason, object }) =>
      time > since &&
      (object === `service/${service}`
        ? CHANGES.has(reason)
        : type === "Warning" && object.startsWith(replica) && /^\d+$/.test(object.slice(replica.length))),
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
      const x = (WIDTH * (1 - (now - event.time) / SECONDS)).toFixed(1);
      set(line, { x1: x, x2: x });
    },
  );
}

function plot(figure, past, value, told_as, marks) {
  const now = Date.now() / 1000;
  const shown = past.filter((one) => value(one) !== null && now - one.time < SECONDS);
  const most = Math.max(1e-9, ...shown.map(value));
  const points = shown.map((one) => {
    const x = WIDTH * (1 - (now - one.time) / SECONDS);
    return `${x.toFixed(1)},${(HEIGHT - 2 - (HEIGHT - 4) * (value(one) / most)).toFixed(1)}`;
  });
  const [caption, picture] = figure.children;
  drawMarks(picture.firstChild, marks, now);
  set(picture.lastChild, { points: points.join(" ") });
  const last = past.at(-1);
  const told = last && value(last) !== null ? told_as(value(last)) : "–";
  write(caption.lastElementChild, told);
  set(picture, { "aria-label": `${figure.dataset.label} over the last two minutes, now ${told}` });
}

function numbers(list, service, stats) {
  const entries = [
    ["in flight", stats ? String(stats.in_flight) : "–"],
    ["errors", stats ? `${(100 * stats.error_ratio).toFixed(1)} %` : "–"],
    ["p50", words.duration(stats?.p50_s ?? null)],
    ["CPU", stats?.cpu_millicores == null ? "–" : words.cpu(stats.cpu_millicores)],
    ["memory", stats?.memory_bytes == null ? "–" : words.memory(stats.memory_bytes)],
    ["restarts", String(service.restarts)],
  ];
  follow(
    list,
    entries,
    ([name]) => name,
    ([name]) => element("div", {}, element("dt", {}, name), element("dd")),
    (row, [, text]) => write(row.lastElementChild, text),
  );
}
