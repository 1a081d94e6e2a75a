// The dialog before a step: a note, to whom, or for how long, as the step needs it.

import { el, setText } from "./dom.js";

const MINUTE_S = 60;
const SHELF_S = [15, 60, 120, 240, 480, 720].map((minutes) => minutes * MINUTE_S);
// What a step asks for; a note that is needed is in capitals.
const ASKS = {
  RESOLVE: ["note"],
  DISMISS: ["note"],
  ASSIGN: ["assignee", "note"],
  ESCALATE: ["NOTE"],
  SHELVE: ["minutes", "NOTE"],
  ACKNOWLEDGE_ALL: [],
};

export class StepDialog {
  constructor(texts) {
    this.texts = texts;
    this.longestS = SHELF_S.at(-1);
    const byId = (id) => document.getElementById(id);
    this.dialog = byId("note-dialog");
    this.title = byId("note-title");
    this.subject = byId("note-subject");
    this.note = byId("note-text");
    this.assignee = byId("note-assignee");
    this.minutes = byId("note-minutes");
    this.parts = { note: byId("ask-note"), assignee: byId("ask-assignee"), minutes: byId("ask-minutes") };
    this.labels = { optional: byId("note-optional"), needed: byId("note-needed") };
  }

  asksFor(action) {
    return action in ASKS;
  }

  // What goes with the step, or null where the person thought better of it.
  async ask(action, subject, values = {}) {
    const wanted = ASKS[action];
    const needed = wanted.includes("NOTE");
    if (wanted.includes("assignee")) await this.#people();
    if (wanted.includes("minutes")) this.#spans();
    for (const [name, part] of Object.entries(this.parts)) {
      part.hidden = !wanted.some((each) => each.toLowerCase() === name);
    }
    this.labels.optional.hidden = needed;
    this.labels.needed.hidden = !needed;
    this.note.required = needed;
    this.note.value = "";
    setText(this.title, this.texts.t(`note.${action}`, values));
    setText(this.subject, subject);
    return this.#open(wanted);
  }

  #open(wanted) {
    this.dialog.returnValue = "";
    this.dialog.showModal();
    const first = wanted.map((name) => ({ assignee: this.assignee, minutes: this.minutes })[name] ?? this.note)[0];
    first?.focus();
    return new Promise((resolve) => {
      const done = () => resolve(this.dialog.returnValue === "confirm" ? this.#answer(wanted) : null);
      this.dialog.addEventListener("close", done, { once: true });
    });
  }

  #answer(wanted) {
    const answer = { note: this.note.value.trim() || null };
    if (wanted.includes("assignee")) answer.assignee = this.assignee.value;
    if (wanted.includes("minutes")) answer.minutes = Number(this.minutes.value);
    return answer;
  }

  async #people() {
    const answer = await fetch("/api/handlers");
    if (!answer.ok) throw new Error(`handlers: ${answer.status}`);
    const people = await answer.json();
    this.assignee.replaceChildren(...people.map(({ login, name, role }) =>
      el("option", { value: login }, `${name} · ${this.texts.t(`role.${role}`)}`)));
  }

  #spans() {
    const spans = SHELF_S.filter((s) => s < this.longestS);
    this.minutes.replaceChildren(...[...spans, this.longestS].map((s) =>
      el("option", { value: s / MINUTE_S }, this.texts.span(s))));
    this.minutes.value = String(Math.min(60 * MINUTE_S, this.longestS) / MINUTE_S);
  }
}
