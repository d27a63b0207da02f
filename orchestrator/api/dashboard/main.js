// The page: one live picture of one project.

import { drawCluster, drawLegend, signs } from "./cluster.js";
import { giveColors } from "./colors.js";
import { Details } from "./details.js";
import { write } from "./dom.js";
import { drawEvents } from "./events.js";
import { Live } from "./live.js";
import { Planning } from "./planning.js";
import { sendPulses } from "./pulses.js";
import { drawServices } from "./services.js";

const LINKS = {
  connecting: "connecting …",
  live: "live",
  degraded: "live, but the engine does not answer",
  gone: "the controller does not answer: what you see is old",
};

const live = new Live();
const details = new Details(live, say);
new Planning(live, say);
let drawing = 0;

// Do what somebody asked for; what speaks against it is said on the page.
async function say(action) {
  const alert = document.getElementById("alert");
  try {
    await action();
    alert.hidden = true;
    live.look();
  } catch (error) {
    write(alert, error.message);
    alert.hidden = false;
  }
}

// Once for each picture the screen shows, however much has changed.
function draw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    if (!live.info) return;
    document.title = `${live.info.project} – orch`;
    write(
      document.getElementById("project"),
      `${live.info.project} on ${live.info.engine}, ${live.replicas.filter((one) => one.ready).length}` +
        ` of ${live.replicas.length} replicas ready`,
    );
    giveColors(live.services.map((service) => service.name));
    drawLegend(live);
    drawCluster(live, (kind, name) => details.open(kind, name));
    drawServices(live, say);
    drawEvents(live);
    details.draw();
  });
}

function drawLink() {
  const link = document.getElementById("link");
  link.dataset.link = live.link;
  write(link, LINKS[live.link]);
  document.body.classList.toggle("stale", live.link === "gone");
}

live.addEventListener("state", draw);
live.addEventListener("event", draw);
live.addEventListener("link", drawLink);
live.addEventListener("stats", ({ detail }) => sendPulses(live.replicas, live.traffic, detail, signs));
document.getElementById("filter").oninput = draw;
drawLink();
live.start();
