// A colour for each service: the palette of Okabe and Ito, told apart by colour-blind people too.
// Colour never speaks alone: each replica carries its name, each state its own hatching.

const COUNT = 8;
const given = new Map();

export function colorOf(service) {
  if (!given.has(service)) given.set(service, given.size % COUNT);
  return given.get(service);
}

// Always the same order, so that a reload gives the same colours.
export function giveColors(services) {
  for (const name of services) colorOf(name);
}
