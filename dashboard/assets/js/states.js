// What a panel says while it has nothing to show, and what to do about it.

import { el, icon } from "./dom.js";

const SIGNS = {
  no_map: "warning", database: "warning",
  calm: "check", all_seen: "check", all_shelved: "clock", none_shelved: "check",
};

export class States {
  constructor(picture, texts) {
    this.picture = picture;
    this.texts = texts;
    this.map = document.getElementById("map-state");
    this.alerts = document.getElementById("alert-state");
    this.mapFault = false;
  }

  draw(condition, list) {
    this.#show(this.map, this.#mapState(condition));
    this.#show(this.alerts, this.#alertState(list));
  }

  #mapState({ state }) {
    if (this.mapFault) return "no_map";
    if (!this.picture.loaded) return state === "database" ? "database" : "loading";
    if (this.picture.positions.size) return "none";
    return this.picture.plan?.facilities.features.length || this.picture.devices.size ? "waiting" : "empty";
  }

  #alertState(list) {
    if (!this.picture.loaded) return "loading";
    if (this.picture.alerts.size === 0) return this.picture.positions.size ? "calm" : "nothing";
    if (!list.isEmpty()) return "none";
    if (list.filter === "shelved") return "none_shelved";
    return list.isEmpty("all") ? "all_shelved" : "all_seen";
  }

  #sign(state) {
    if (SIGNS[state]) return icon(SIGNS[state]);
    return el("span", { class: "sign", "aria-hidden": "true" });
  }

  #show(element, state) {
    const key = `${state} ${this.texts.locale}`;
    if (element.dataset.shown === key) return;
    element.dataset.shown = key;
    element.dataset.state = state;
    element.hidden = state === "none";
    if (state === "none") return;
    const prefix = element === this.map ? "map_state" : "alert_state";
    const line = (part, tag, kind) => {
      const name = `${prefix}.${state}.${part}`;
      return this.texts.has(name) ? el(tag, { class: kind }, this.texts.t(name)) : null;
    };
    element.replaceChildren(...[
      this.#sign(state),
      line("title", "h3"),
      line("text", "p"),
      line("command", "code"),
      line("or", "p"),
      line("command2", "code"),
    ].filter(Boolean));
  }
}
