// Steps on an alert: asked for a note where one belongs, sent, and refused in plain words.

import { setText } from "./dom.js";
import { headline } from "./rules.js";

const TOAST_MS = 6000;

export class Actions {
  constructor(texts, stream) {
    this.texts = texts;
    this.stream = stream;
    this.may = false;
    this.dialog = document.getElementById("note-dialog");
    this.toast = document.getElementById("toast");
  }

  async load() {
    const answer = await fetch("/api/session");
    this.may = answer.ok && (await answer.json()).may_handle;
  }

  mayHandle() {
    return this.may;
  }

  // Take a step; true where it was taken.
  async act(alert, trigger, list) {
    if (!this.may) {
      this.say(this.texts.t("refusal.role"));
      return false;
    }
    const note = ["RESOLVE", "DISMISS"].includes(trigger) ? await this.#ask(alert, trigger) : "";
    if (note === null) return false;
    list.busy(alert.alert_id, true);
    const refusal = await this.#send(alert.alert_id, trigger, note);
    list.busy(alert.alert_id, false);
    this.say(this.texts.t(refusal ? `refusal.${refusal}` : `done.${trigger}`), Boolean(refusal));
    return !refusal;
  }

  say(text, isFault = true) {
    setText(this.toast, text);
    this.toast.dataset.kind = isFault ? "fault" : "done";
    this.toast.classList.add("is-shown");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.toast.classList.remove("is-shown"), TOAST_MS);
  }

  async #send(id, trigger, note) {
    try {
      const answer = await fetch(`/api/alerts/${id}/steps`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ trigger, note: note || null }),
      });
      if (answer.ok) return null;
      const reason = (await answer.json()).error;
      return this.texts.has(`refusal.${reason}`) ? reason : "other";
    } catch {
      return "connection";
    }
  }

  // The note, or null where the person thought better of it.
  #ask(alert, trigger) {
    const text = document.getElementById("note-text");
    setText(document.getElementById("note-title"), this.texts.t(`note.${trigger}`));
    const subject = [headline(alert, this.texts).title, alert.surat_jalan_no ?? alert.shipment_id ?? alert.device_id];
    setText(document.getElementById("note-subject"), subject.filter(Boolean).join(" · "));
    text.value = "";
    this.dialog.returnValue = "";
    this.dialog.showModal();
    text.focus();
    return new Promise((resolve) => {
      const done = () => resolve(this.dialog.returnValue === "confirm" ? text.value.trim() : null);
      this.dialog.addEventListener("close", done, { once: true });
    });
  }
}
