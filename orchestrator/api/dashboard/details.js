// What there is to know of one replica or node, and what can be done to it.

import { lines, post } from "./api.js";
import { element, follow, write } from "./dom.js";
import * as events from "./events.js";
import { idOf } from "./identity.js";
import * as words from "./words.js";

const LINES_KEPT = 500;

export class Details {
  #dialog = document.getElementById("details");
  #live;
  #say;
  #shown = null;
  #reading = null;

  constructor(live, say) {
    this.#live = live;
    this.#say = say;
    this.#dialog.onclose = () => this.#closed();
    // A click beside the box closes it, as Escape does.
    this.#dialog.onclick = (event) => event.target === this.#dialog && this.#dialog.close();
  }

  open(kind, name) {
    this.#closed();
    this.#shown = { kind, name };
    const close = element("button", { class: "quiet", onclick: () => this.#dialog.close() }, "Close");
    const title = element("h2", { id: "details-title" }, name);
    const actions = element("p", { class: "actions" }, ...this.#actions(kind, name));
    this.#dialog.replaceChildren(
      element("header", {}, title, close),
      element("dl"),
      actions,
      element("h3", {}, "What happened"),
      element("ol", { class: "events", tabindex: 0, "aria-label": "What happened, newest first" }),
    );
    if (kind === "replica") this.#addLog(name);
    this.draw();
    this.#dialog.showModal();
  }

  draw() {
    if (!this.#shown) return;
    const { kind, name } = this.#shown;
    const facts = kind === "replica" ? this.#replica(name) : this.#node(name);
    follow(
      this.#dialog.querySelector("dl"),
      facts,
      ([key]) => key,
      ([key]) => element("div", {}, element("dt", {}, key), element("dd")),
      (row, [, text]) => write(row.lastElementChild, text),
    );
    const own = this.#live.events.filter((event) => event.object === `${kind}/${name}`);
    const list = this.#dialog.querySelector("ol");
    follow(list, own.reverse(), (event) => event.serial, events.make, () => {});
  }

  #actions(kind, name) {
    const path = encodeURIComponent(name);
    const action = (label, route, body) =>
      element("button", { onclick: () => this.#say(() => post(route, body)) }, label);
    if (kind === "replica") {
      const signals = { Kill: "KILL", "Stop (TERM)": "TERM", "Hang (STOP)": "STOP", "Wake (CONT)": "CONT" };
      return [
        ...Object.entries(signals).map(([label, signal]) =>
          action(label, `/v1/replicas/${path}/kill`, { signal })),
        action("Restart", `/v1/replicas/${path}/restart`),
      ];
    }
    const named = (verb, ...rest) => action(verb[0].toUpperCase() + verb.slice(1), ...rest);
    return [
      ...["cordon", "uncordon", "drain"].map((verb) => named(verb, `/v1/nodes/${path}/${verb}`)),
      ...["crash", "recover"].map((verb) => named(verb, `/v1/nodes/${verb}`, { nodes: [name] })),
    ];
  }

  #replica(name) {
    const one = this.#live.replicas.find((replica) => replica.name === name);
    if (!one) return [["status", "gone"]];
    const stats = this.#live.traffic.get(idOf(one));
    const status = one.reason ? `${one.status}: ${one.reason}` : one.status;
    return [
      ["status", status],
      ["attempt", `${one.attempt}, after ${words.count(one.restarts, "restart")}`],
      ["last exit", one.last_exit || "–"],
      ["node", one.node ? `${one.node}${one.zone ? `, zone ${one.zone}` : ""}` : "–"],
      ["address", one.endpoint ?? "–"],
      ["id", one.id ? one.id.slice(0, 12) : "–"],
      ["age", words.duration(one.age_s)],
      ["reserved", `${words.cpu(one.cpu_request_millicores)} CPU, ${words.memory(one.memory_request_bytes)}`],
      ["CPU", stats?.cpu_millicores == null ? "–" : words.cpu(stats.cpu_millicores)],
      ["memory", stats?.memory_bytes == null ? "–" : words.memory(stats.memory_bytes)],
      ["requests/s", stats ? words.rate(stats.requests_per_s) : "–"],
      ["p99", words.duration(stats?.p99_s ?? null)],
    ];
  }

  #node(name) {
    const one = this.#live.nodes.find((node) => node.name === name);
    if (!one) return [["status", "gone"]];
    const labels = Object.entries(one.labels).map(([key, value]) => `${key}=${value}`);
    return [
      ["status", one.status],
      ["zone", one.zone || "–"],
      ["CPU", `${words.cpu(one.cpu_used_millicores)} of ${words.cpu(one.cpu_millicores)} reserved`],
      ["memory", `${words.memory(one.memory_used_bytes)} of ${words.memory(one.memory_bytes)} reserved`],
      ["replicas", String(one.replicas)],
      ["labels", labels.join(", ") || "–"],
    ];
  }

  #addLog(name) {
    const log = element("pre", { class: "log", role: "log", tabindex: 0, "aria-label": `Output of ${name}` });
    this.#dialog.append(element("h3", {}, "Output"), log);
    this.#reading = new AbortController();
    this.#read(log, name, this.#reading.signal);
  }

  async #read(log, name, signal) {
    try {
      const path = `/v1/logs/${encodeURIComponent(name)}?tail=100&follow=true`;
      for await (const line of lines(path, signal)) {
        const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
        log.append(`${line.text}\n`);
        while (log.childNodes.length > LINES_KEPT) log.firstChild.remove();
        if (end) log.scrollTop = log.scrollHeight;
      }
    } catch (error) {
      if (!signal.aborted) log.append(`(no more output: ${error.message})\n`);
    }
  }

  #closed() {
    this.#reading?.abort();
    this.#reading = null;
    this.#shown = null;
  }
}
