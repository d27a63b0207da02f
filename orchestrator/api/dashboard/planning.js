// What a manifest would do, before it does it: dropped, chosen or pasted, and the way back.

import { get, post } from "./api.js";
import { element, write } from "./dom.js";

const SYMBOLS = { "+": "added", "~": "changed", "-": "removed" };

export class Planning {
  #live;
  #say;
  #dialog = document.getElementById("planning");
  #text = document.getElementById("manifest");
  #folder = document.getElementById("folder");
  #prune = document.getElementById("prune");
  #outcome = document.getElementById("outcome");
  #apply = document.getElementById("apply");
  #planned = null; // what Apply sends

  constructor(live, say) {
    this.#live = live;
    this.#say = say;
    document.getElementById("plan").onclick = () => this.open();
    document.getElementById("undo").onclick = () => say(() => this.#undo());
    document.getElementById("files").onchange = (event) => this.#take(event.target.files);
    document.getElementById("reader").onsubmit = (event) => {
      event.preventDefault();
      this.#read();
    };
    this.#text.oninput = () => this.#forget();
    this.#prune.onchange = () => this.#forget();
    this.#apply.onclick = () => this.#carryOut();
    document.getElementById("leave").onclick = () => this.#dialog.close();
    this.#acceptDrops();
  }

  open() {
    this.#folder.value ||= this.#live.info?.folder ?? "";
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#text.focus();
  }

  // Files may be let go anywhere on the page.
  #acceptDrops() {
    const body = document.body;
    const over = (is) => body.classList.toggle("dropping", is);
    document.ondragover = (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      over(true);
    };
    document.ondragleave = (event) => event.relatedTarget || over(false);
    document.ondrop = (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      over(false);
      this.#take(event.dataTransfer.files);
    };
  }

  async #take(files) {
    if (!files.length) return;
    const texts = await Promise.all([...files].map((file) => file.text()));
    this.open();
    this.#text.value = texts.join("\n---\n");
    await this.#read();
  }

  async #undo() {
    const { manifests } = await get("/v1/previous");
    if (!manifests) throw new Error("There is nothing before the last apply.");
    this.open();
    this.#text.value = "";
    await this.#plan(manifests);
    this.#apply.focus();
  }

  async #read() {
    const sent = { text: this.#text.value, folder: this.#folder.value.trim() };
    await this.#try(async () => {
      const { manifests, faults } = await post("/v1/manifests", sent);
      if (manifests) await this.#plan({ ...manifests, prune: this.#prune.checked });
      else this.#show(`${faults.length} to mend; nothing was changed.`, this.#listOf(faults));
    });
  }

  async #plan(manifests) {
    await this.#try(async () => {
      const plan = await post("/v1/plan", manifests);
      this.#show(plan.text.split("\n").at(-1), picture(plan.text));
      if (plan.add || plan.change || plan.destroy) {
        this.#planned = { ...manifests, serial: plan.serial };
        this.#apply.disabled = false;
      }
    });
  }

  #carryOut() {
    const body = this.#planned;
    this.#try(async () => {
      await post("/v1/apply", body);
      this.#dialog.close();
      this.#say(async () => {}); // Look at what comes of it.
    });
  }

  async #try(action) {
    this.#forget();
    try {
      await action();
    } catch (error) {
      this.#show(error.message);
    }
  }

  #forget() {
    this.#planned = null;
    this.#apply.disabled = true;
    this.#show("");
  }

  #show(words, ...found) {
    this.#outcome.replaceChildren(...(words ? [element("p", {}, words)] : []), ...found);
  }

  #listOf(faults) {
    return element("ol", { class: "faults" }, ...faults.map((fault) => this.#row(fault)));
  }

  #row({ line, column, field, message, remedy }) {
    const row = element("li");
    if (line) {
      const go = element("button", { type: "button", onclick: () => this.#goTo(line) });
      write(go, `line ${line}:${column}`);
      row.append(go, " ");
    }
    if (field) row.append(element("code", {}, field), " ");
    row.append(message, remedy ? element("em", {}, ` – ${remedy}`) : "");
    return row;
  }

  #goTo(line) {
    const lines = this.#text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    this.#text.focus();
    this.#text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  }
}

// As `orch plan` prints it; what is added, changed and removed stands out.
function picture(text) {
  const rows = text.split("\n").map((line) => {
    const kind = SYMBOLS[line.trimStart()[0]];
    return element("span", kind ? { class: kind } : {}, `${line}\n`);
  });
  return element("pre", { class: "plan", tabindex: 0, role: "region", "aria-label": "The plan" }, ...rows);
}
