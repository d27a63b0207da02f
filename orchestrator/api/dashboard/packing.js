// What is reserved on a node: its replicas in a box of CPU × memory.

import { colorOf } from "./colors.js";
import { follow, set, svg } from "./dom.js";
import { idOf } from "./identity.js";

export const SIDE = 100; // of a node's box, in its own units
export const CROWD = 30; // replicas on a node from which on they are drawn small

// Corner to corner: a replica is as wide as the share of CPU it reserves and as high as that of
// memory, so the widths add up to what is in use, and so do the heights. What is left is free.
export function pack(picture, node, replicas) {
  let x = 0;
  let y = SIDE;
  const boxes = shapes(replicas).map(({ id, service, cpu, memory }) => {
    const width = (SIDE * cpu) / node.cpu_millicores;
    const height = (SIDE * memory) / node.memory_bytes;
    const box = { id, service, x, y: y - height, width, height };
    x += width;
    y -= height;
    return box;
  });
  follow(
    picture,
    boxes,
    (box) => box.id,
    (box) => svg("rect", { class: `c${colorOf(box.service)}` }),
    (rect, { x, y, width, height }) => set(rect, { x, y, width, height }),
  );
}

// Each replica, or in a crowd all of a service together: slivers would show nothing.
function shapes(replicas) {
  const each = replicas.map((one) => ({
    id: idOf(one), service: one.service, cpu: one.cpu_request_millicores, memory: one.memory_request_bytes,
  }));
  if (each.length <= CROWD) return each;
  return [...Map.groupBy(each, (one) => one.service)].map(([service, those]) => ({
    id: service, service, cpu: sum(those, (one) => one.cpu), memory: sum(those, (one) => one.memory),
  }));
}

function sum(items, value) {
  return items.reduce((total, item) => total + value(item), 0);
}
