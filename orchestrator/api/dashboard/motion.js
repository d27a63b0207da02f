// What moves is seen moving: a replica that comes from another node, and one that goes.

import { element } from "./dom.js";

const MOVE_MS = 600;
const GONE_MS = 700;
const SHOWN = 60; // at a time: more than that is a crowd in which nobody is followed

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function moves() {
  return !calm.matches && !document.hidden;
}

// Above the picture, heard and touched by nobody.
export function layer() {
  return document.getElementById("motion");
}

// The middle of an element, in the layer's coordinates.
export function spot(target) {
  const box = target.getBoundingClientRect();
  const origin = layer().getBoundingClientRect();
  return { x: box.x + box.width / 2 - origin.x, y: box.y + box.height / 2 - origin.y };
}

// Where tiles are now: [{name, attempt, text, look, spot}] by id, to be shown leaving later.
export function remember(tiles) {
  return new Map(
    [...tiles].slice(0, 10 * SHOWN).map(([id, tile]) => [
      id, { name: id.slice(0, id.lastIndexOf(".")), look: tile.className, spot: spot(tile), text: tile.textContent },
    ]),
  );
}

// After the picture has changed: `before` from `remember`, `died` says of an id that it did not
// leave on its own accord.
export function showChange(before, tiles, died) {
  const byName = new Map([...before.values()].map((one) => [one.name, one]));
  const arrived = [...tiles].filter(([id]) => !before.has(id)).slice(0, SHOWN);
  const travels = arrived.map(([id, tile]) => ({
    tile, from: byName.get(id.slice(0, id.lastIndexOf(".")))?.spot, to: spot(tile),
  }));
  for (const { tile, from, to } of travels) if (from) travel(tile, from, to);
  const left = [...before].filter(([id]) => !tiles.has(id)).slice(0, SHOWN);
  for (const [id, one] of left) fade(one, died(id));
}

function travel(tile, from, to) {
  if (Math.abs(from.x - to.x) + Math.abs(from.y - to.y) < 2) return;
  const start = `translate(${from.x - to.x}px, ${from.y - to.y}px)`;
  tile.animate([{ transform: start }, { transform: "none" }], { duration: MOVE_MS, easing: "ease-in-out" });
}

function fade({ look, spot: at, text }, died) {
  const ghost = element("span", { class: `${look} ghost ${died ? "died" : ""}` }, text);
  layer().append(ghost);
  const place = `translate(${at.x}px, ${at.y}px) translate(-50%, -50%)`;
  const end = died ? "rotate(12deg) scale(1.3)" : "scale(0.3)";
  ghost.animate(
    [{ transform: place, opacity: 0.9 }, { transform: `${place} ${end}`, opacity: 0 }],
    { duration: GONE_MS, easing: "ease-out" },
  ).onfinish = () => ghost.remove();
}
