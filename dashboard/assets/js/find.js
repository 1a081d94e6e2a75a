// Find a shipment, a delivery note or a tracker, and go there.

import { el } from "./dom.js";

const SHOWN = 8;

export class Find {
  constructor(picture, texts, go) {
    this.picture = picture;
    this.texts = texts;
    this.go = go;
    this.input = document.getElementById("find");
    this.found = document.getElementById("found");
    this.input.addEventListener("input", () => this.#look());
    this.input.addEventListener("focus", () => this.#look());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest(".find")) this.#close();
    });
    this.words();
  }

  words() {
    this.input.placeholder = this.texts.t("map.find_hint");
  }

  #look() {
    const asked = this.input.value.trim().toLowerCase();
    this.found.hidden = !asked;
    if (!asked) return;
    const matches = this.#matches(asked);
    const lines = matches.map(({ id, name, way }) =>
      el("button", { role: "option", type: "button", on: { click: () => this.#choose(id) } },
        el("b", {}, name), el("span", {}, way)));
    this.found.replaceChildren(...(lines.length ? lines : [el("p", {}, this.texts.t("map.not_found"))]));
    this.best = matches[0]?.id;
  }

  #matches(asked) {
    const matches = [];
    for (const id of this.picture.positions.keys()) {
      const device = this.picture.devices.get(id);
      const shipment = this.picture.shipmentOf(id);
      const name = shipment?.surat_jalan_no ?? shipment?.shipment_id ?? device?.name ?? id;
      const way = shipment ? `${shipment.from_name} → ${shipment.to_name}` : id;
      const text = [id, device?.name, shipment?.shipment_id, name, way, shipment?.vehicle].join(" ").toLowerCase();
      if (text.includes(asked)) matches.push({ id, name, way });
      if (matches.length >= SHOWN) break;
    }
    return matches;
  }

  #key(event) {
    if (event.key === "Escape") {
      this.input.value = "";
      this.#close();
      this.input.blur();
      event.stopPropagation();
    }
    if (event.key === "Enter" && this.best && !this.found.hidden) this.#choose(this.best);
    if (event.key === "ArrowDown") this.found.querySelector("button")?.focus();
  }

  #choose(id) {
    this.#close();
    this.input.blur();
    this.go(id);
  }

  #close() {
    this.found.hidden = true;
  }
}
