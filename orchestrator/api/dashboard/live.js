// What the page knows, kept up to date: events as they happen, and the state they lead to.

import { get } from "./api.js";
import { idOf } from "./identity.js";

const REFRESH_MS = 150; // After an event: several that come together are one look.
const LOOK_MS = 2000; // Without events: usage, ages and probes change too.
const STALLED_MS = 6000; // Three looks that found nobody.
const EVENTS_KEPT = 500;
const POINTS_KEPT = 60;

export class Live extends EventTarget {
  info = null;
  services = [];
  replicas = [];
  nodes = [];
  stats = new Map(); // by service
  traffic = new Map(); // by attempt of a replica: `web-2.1`
  history = new Map(); // by service: what `point` makes of its numbers, oldest first
  events = [];
  link = "connecting";
  #answered = Date.now();
  #looking = false;
  #again = false;
  #timer = 0;
  #source = null;

  start() {
    this.#follow();
    document.addEventListener("visibilitychange", () => this.#seen());
    this.look();
    this.#measure();
    setInterval(() => this.look(), LOOK_MS);
    setInterval(() => this.#watch(), 1000);
  }

  // Look at everything, now or as soon as the look under way is over.
  async look() {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    try {
      await this.#read();
      this.#answered = Date.now();
      this.#say(this.info.degraded ? "degraded" : "live");
    } catch {
      this.#watch();
    }
    this.#looking = false;
    this.dispatchEvent(new Event("state"));
    if (this.#again) {
      this.#again = false;
      this.#soon();
    }
  }

  async #read() {
    const paths = ["/v1/info", "/v1/services", "/v1/replicas", "/v1/nodes"];
    [this.info, this.services, this.replicas, this.nodes] = await Promise.all(paths.map(get));
  }

  // Numbers come on their own: the first take a second to measure, and the picture need not wait.
  async #measure() {
    try {
      this.#count(await get("/v1/stats?window=1"));
      this.dispatchEvent(new Event("state"));
      this.dispatchEvent(new CustomEvent("stats", { detail: LOOK_MS / 1000 }));
    } catch {
      // The next look says what is wrong.
    }
    setTimeout(() => this.#measure(), LOOK_MS);
  }

  #count(stats) {
    this.stats = new Map(stats.services.map((service) => [service.name, service]));
    this.traffic = new Map(
      stats.services
        .flatMap((service) => service.replicas)
        .map((replica) => [idOf(replica), replica]),
    );
    const before = this.history;
    this.history = new Map(
      stats.services.map((service) => {
        const past = before.get(service.name) ?? [];
        return [service.name, [...past.slice(1 - POINTS_KEPT), point(service)]];
      }),
    );
  }

  // A browser has six connections to us for all its tabs: one that nobody sees holds none.
  #seen() {
    this.#follow();
    if (!document.hidden) this.look();
  }

  #follow() {
    this.#source?.close();
    if (document.hidden) return;
    const after = this.events.at(-1)?.serial;
    const source = new EventSource("/v1/events/stream" + (after ? `?after=${after}` : "?after=0"));
    this.#source = source;
    source.onmessage = (message) => this.#happened(JSON.parse(message.data));
    source.onerror = () => {
      // Ours to repeat: the browser would ask again for what is already here.
      source.close();
      setTimeout(() => source === this.#source && this.#follow(), 1000);
    };
  }

  #happened(event) {
    if (event.serial <= (this.events.at(-1)?.serial ?? 0)) return;
    this.events.push(event);
    if (this.events.length > EVENTS_KEPT) this.events.splice(0, this.events.length - EVENTS_KEPT);
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
    this.#soon();
  }

  #soon() {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.look();
    }, REFRESH_MS);
  }

  #watch() {
    if (Date.now() - this.#answered > STALLED_MS) this.#say("gone");
  }

  #say(link) {
    if (link === this.link) return;
    this.link = link;
    this.dispatchEvent(new Event("link"));
  }
}

// One moment of a service on its charts.
function point(service) {
  return {
    time: Date.now() / 1000,
    rate: service.requests_per_s,
    p50: service.p50_s,
    p99: service.p99_s,
    errors: service.error_ratio,
    inFlight: service.in_flight,
    cpu: service.cpu_millicores,
    memory: service.memory_bytes,
  };
}
