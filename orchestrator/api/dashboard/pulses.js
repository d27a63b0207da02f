// Requests as dots that run from a service to the replicas that got them: a sample, for the eye.

import { tileOf } from "./cluster.js";
import { colorOf } from "./colors.js";
import { element } from "./dom.js";
import { idOf } from "./identity.js";
import { layer, moves, spot } from "./motion.js";

const DOTS = 40; // in the air at most, however many requests there are
const FLIGHT_MS = 700;

const dots = [];

// `traffic`: by replica, what the last `seconds` brought; `sources`: an element for each service.
export function sendPulses(replicas, traffic, seconds, sources) {
  if (!moves()) return;
  const chosen = sample(replicas.filter((one) => tileOf(idOf(one)) && sources.get(one.service)), traffic, seconds);
  // All places are read before anything is moved: one layout for all of them.
  const flights = chosen.map((one) => ({
    service: one.service, from: spot(sources.get(one.service)), to: spot(tileOf(idOf(one))),
  }));
  flights.forEach((flight, index) => fly(dotOf(index), flight, (index / flights.length) * seconds * 1000));
}

// Every n-th request of all: each replica gets its share of the dots.
function sample(replicas, traffic, seconds) {
  const weights = replicas.map((one) => (traffic.get(idOf(one))?.requests_per_s ?? 0) * seconds);
  const total = weights.reduce((sum, one) => sum + one, 0);
  const step = total / Math.min(DOTS, Math.ceil(total));
  const chosen = [];
  let next = step / 2;
  let seen = 0;
  weights.forEach((weight, index) => {
    for (seen += weight; next < seen; next += step) chosen.push(replicas[index]);
  });
  return shuffled(chosen);
}

function shuffled(items) {
  return items
    .map((item) => [Math.random(), item])
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function dotOf(index) {
  if (!dots[index]) {
    dots[index] = element("i", { class: "pulse" });
    layer().append(dots[index]);
  }
  return dots[index];
}

function fly(dot, { service, from, to }, delay) {
  dot.className = `pulse c${colorOf(service)}`;
  dot.animate(
    [
      { transform: `translate(${from.x}px, ${from.y}px)`, opacity: 1 },
      { transform: `translate(${to.x}px, ${to.y}px)`, opacity: 1, offset: 0.9 },
      { transform: `translate(${to.x}px, ${to.y}px) scale(2.4)`, opacity: 0 },
    ],
    { duration: FLIGHT_MS, delay, easing: "ease-in" },
  );
}
