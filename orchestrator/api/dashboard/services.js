// A card for each service: how many are wanted and ready, how far a rollout is, what its requests get.

import { post } from "./api.js";
import { makeCharts, updateCharts } from "./charts.js";
import { colorOf } from "./colors.js";
import { element, follow, set, write } from "./dom.js";
import { drawNear } from "./near.js";
import * as words from "./words.js";

export function drawServices(live, say) {
  follow(
    document.getElementById("services"),
    live.services,
    (service) => service.name,
    (service) => makeCard(service, say),
    (card, service) => updateCard(card, service, live),
  );
}

function makeCard({ name }, say) {
  const route = (verb) => `/v1/services/${encodeURIComponent(name)}/${verb}`;
  const link = element("a", { class: "address", target: "_blank", rel: "noopener" });
  const title = element("h3", {}, element("span", { class: `swatch c${colorOf(name)}` }), name);
  const restart = () => say(() => post(route("restart")));
  return element(
    "article",
    { class: "service" },
    element("header", {}, title, link),
    element("p", { class: "status" }),
    element("ul", { class: "near", "aria-label": `Limits that ${name} is close to` }),
    makeRollout(name, (verb) => say(() => post(route(verb)))),
    makeScale(name, (replicas) => say(() => post(route("scale"), { replicas }))),
    makeCharts(),
    element("p", { class: "foot" },
      element("button", { class: "quiet", onclick: restart, "aria-label": `Restart ${name}` }, "Restart"),
      element("span")),
  );
}

function updateCard(card, service, live) {
  const [header, status, near, rollout, form, charts, foot] = card.children;
  set(card, { "data-status": service.status });
  const link = header.lastElementChild;
  link.hidden = !service.address;
  if (service.address) {
    write(link, service.address);
    if (service.address.startsWith("http")) set(link, { href: service.address });
  }
  const why = service.reason ? `: ${service.reason}` : "";
  write(status, `${service.ready} of ${service.desired} ready – ${service.status}${why}`);
  drawNear(near, service.near);
  updateRollout(rollout, service, live.replicas);
  followWish(form, service.desired);
  updateCharts(charts, live.history.get(service.name) ?? [], live.events, service.name);
  write(foot.lastElementChild,
    `revision ${service.revision.slice(0, 8)}, ${words.count(service.restarts, "restart")}`);
}

// -- how far a rollout is ---------------------------------------------------------------------

function makeRollout(name, order) {
  const bar = element("progress", { "aria-label": `Rollout of ${name}` });
  const button = element("button", { onclick: () => order(button.dataset.order) });
  return element("p", { class: "rollout", hidden: true }, bar, element("span"), button);
}

// While replicas of an older revision are there, or none would be replaced: new ones that are
// ready, of those wanted.
function updateRollout(box, service, replicas) {
  const old = replicas.some(
    (one) => one.service === service.name && one.id && one.revision !== service.revision,
  );
  box.hidden = !service.paused && (!old || service.desired === 0);
  if (box.hidden) return;
  const [bar, text, button] = box.children;
  const verb = service.paused ? "Resume" : "Pause";
  set(bar, { max: Math.max(1, service.desired), value: service.up_to_date });
  write(text, `${service.paused ? "paused at" : "rolling out"} ${service.revision.slice(0, 8)}: ` +
    `${service.up_to_date} of ${service.desired} updated`);
  write(button, verb);
  set(button, { "data-order": verb.toLowerCase(), "aria-label": `${verb} the rollout of ${service.name}` });
}

// -- how many ---------------------------------------------------------------------------------

function makeScale(name, order) {
  const form = element("form", { class: "scale" });
  const field = element("input", {
    type: "number", min: 0, max: 1000, step: 1, "aria-label": `Replicas of ${name}`,
  });
  const slider = element("input", {
    type: "range", min: 0, max: 20, step: 1, "aria-label": `Replicas of ${name}, as a slider`,
  });
  const scale = (replicas) => {
    form.settled = null;
    return order(replicas);
  };
  slider.oninput = () => (field.value = slider.value);
  slider.onchange = () => scale(Number(slider.value));
  form.onsubmit = (event) => {
    event.preventDefault();
    scale(Number(field.value));
  };
  form.append(slider, field, element("button", {}, "Scale"));
  return form;
}

// The controls show what is wanted, unless somebody is just about to want something else.
function followWish(form, desired) {
  if (form.contains(document.activeElement) || form.settled === desired) return;
  form.settled = desired;
  const [slider, field] = form.children;
  if (desired > Number(slider.max)) slider.max = desired * 2;
  slider.value = desired;
  field.value = desired;
}
