// The cluster as a picture: zones hold nodes, a node is a box of CPU × memory with its replicas.

import { colorOf } from "./colors.js";
import { element, follow, set, svg, write } from "./dom.js";
import { idOf } from "./identity.js";
import { moves, remember, showChange } from "./motion.js";
import { drawNear } from "./near.js";
import { CROWD, SIDE, pack } from "./packing.js";
import * as words from "./words.js";

let tiles = new Map(); // by attempt of a replica: `web-2.1`
export const signs = new Map(); // by service, where its requests set out from
let drawn = new Map(); // what each was when it was drawn last

export function tileOf(id) {
  return tiles.get(id);
}

export function drawCluster(live, open) {
  const now = new Map(live.replicas.map((one) => [idOf(one), one]));
  const changed = drawn.size !== now.size || [...now.keys()].some((id) => !drawn.has(id));
  const before = changed && drawn.size && moves() ? remember(tiles) : null;
  tiles = new Map();
  drawZones(live, open);
  if (before) showChange(before, tiles, (id) => ended(drawn.get(id), live));
  drawn = now;
}

// Whether a replica died: its slot counts one restart more, or its node crashed.
function ended(replica, live) {
  const next = live.replicas.find((one) => one.name === replica?.name);
  const node = live.nodes.find((one) => one.name === replica?.node);
  return next?.restarts > replica?.restarts || (node !== undefined && isDown(node));
}

function isDown(node) {
  return node.status.startsWith("NotReady");
}

function drawZones(live, open) {
  const zones = [...new Set(live.nodes.map((node) => node.zone))].sort();
  const placed = Map.groupBy(live.replicas.filter((one) => one.node), (one) => one.node);
  follow(
    document.getElementById("cluster"),
    zones,
    (zone) => zone,
    (zone) => makeZone(zone, zones.length > 1 || zone !== ""),
    (box, zone) => {
      const nodes = live.nodes.filter((node) => node.zone === zone).sort(byName);
      follow(
        box.lastElementChild,
        nodes,
        (node) => node.name,
        (node) => makeNode(node, open),
        (child, node) => updateNode(child, node, placed.get(node.name) ?? [], live, open),
      );
    },
  );
  drawWaiting(live, open);
}

function byName(one, other) {
  return one.name.localeCompare(other.name, "en", { numeric: true });
}

function makeZone(zone, named) {
  const title = element("h3", {}, zone ? `zone ${zone}` : "no zone");
  if (!named) title.hidden = true;
  return element("section", { class: "zone" }, title, element("div", { class: "nodes" }));
}

function makeNode(node, open) {
  const title = element("button", { class: "node-name", onclick: () => open("node", node.name) });
  const picture = svg("svg", {
    viewBox: `0 0 ${SIDE} ${SIDE}`, preserveAspectRatio: "none", class: "packing", "aria-hidden": true,
  });
  const figures = element("p", { class: "figures" });
  const replicas = element("div", { class: "replicas" });
  const near = element("ul", { class: "near", "aria-label": `Limits that ${node.name} is close to` });
  return element("article", { class: "node" }, title, picture, figures, near, replicas);
}

function updateNode(box, node, replicas, live, open) {
  const [title, picture, figures, near, tiles] = box.children;
  write(title, node.status === "Ready" ? node.name : `${node.name} (${node.status})`);
  set(box, { "data-status": node.status.split(",")[0] });
  pack(picture, node, replicas);
  const used = `${words.cpu(node.cpu_used_millicores)} of ${words.cpu(node.cpu_millicores)} CPU`;
  const held = `${words.memory(node.memory_used_bytes)} of ${words.memory(node.memory_bytes)}`;
  write(figures, isDown(node) ? "crashed: nothing runs here" : `${used}, ${held}`);
  drawNear(near, node.near);
  drawTiles(tiles, replicas, live, open);
}

function drawTiles(parent, replicas, live, open) {
  const crowded = replicas.length > CROWD;
  parent.classList.toggle("crowded", crowded);
  follow(
    parent,
    replicas,
    idOf,
    (replica) => makeTile(replica, open),
    (tile, replica) => {
      tiles.set(idOf(replica), tile);
      write(tile, crowded ? String(replica.slot) : replica.name);
      updateTile(tile, replica, live.traffic.get(idOf(replica)));
    },
  );
}

function makeTile(replica, open) {
  return element("button", {
    class: `replica c${colorOf(replica.service)} born`,
    onclick: () => open("replica", replica.name),
  });
}

function updateTile(tile, replica, stats) {
  const flow = stats?.requests_per_s ?? 0;
  set(tile, {
    "data-status": replica.ready ? "Ready" : replica.status,
    "data-flow": flow > 100 ? "strong" : flow > 0 ? "some" : "none",
    "aria-label": `${replica.name}: ${replica.status}, ${words.rate(flow)} requests a second`,
    title: [replica.name, replica.status, replica.reason, flow ? `${words.rate(flow)} requests/s` : ""]
      .filter(Boolean)
      .join(" – "),
  });
}

function drawWaiting(live, open) {
  const homeless = live.replicas.filter((replica) => !replica.node);
  const parent = document.getElementById("waiting");
  parent.hidden = homeless.length === 0;
  if (!parent.firstChild) {
    parent.append(element("h3", {}, "without a node"), element("div", { class: "replicas" }));
  }
  drawTiles(parent.lastElementChild, homeless, live, open);
}

// A sign for each service; its requests set out from here.
export function drawLegend(live) {
  follow(
    document.getElementById("legend"),
    live.services,
    (service) => service.name,
    ({ name }) =>
      element("li", {}, element("span", { class: `swatch c${colorOf(name)}` }), name, element("span", { class: "rate" })),
    (sign, { name, address }) => {
      const rate = live.stats.get(name)?.requests_per_s;
      write(sign.lastElementChild, address && rate !== undefined ? `${words.rate(rate)} requests/s` : "");
      signs.set(name, sign.firstElementChild);
    },
  );
}
