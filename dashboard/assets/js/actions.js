// Steps on an alert: asked for what belongs to them, sent, and refused in plain words.

import { setText } from "./dom.js";
import { StepDialog } from "./dialog.js";
import { headline } from "./rules.js";

const TOAST_MS = 6000;

export class Actions {
  constructor(texts, stream) {
    this.texts = texts;
    this.stream = stream;
    this.me = { login: null, may: false, mayShelveCritical: false };
    this.dialog = new StepDialog(texts);
    this.toast = document.getElementById("toast");
  }

  async load() {
    const answer = await fetch("/api/session");
    if (!answer.ok) return;
    const session = await answer.json();
    this.me = { login: session.login, may: session.may_handle, mayShelveCritical: session.may_shelve_critical };
    this.dialog.longestS = session.shelve_longest_h * 3600;
  }

  // Take a step; true where it was taken. TAKE is to assign it to oneself.
  async act(alert, action, list) {
    if (!this.#may()) return false;
    const trigger = action === "TAKE" ? "ASSIGN" : action;
    const more = action === "TAKE" ? {} : await this.#ask(alert, action);
    if (more === null) return false;
    const refusal = await this.#busy(list, [alert.alert_id], () =>
      this.#send(`/api/alerts/${alert.alert_id}/steps`, { trigger, ...more }));
    this.say(this.texts.t(refusal ? `refusal.${refusal}` : `done.${action}`), Boolean(refusal));
    return !refusal;
  }

  // Acknowledge a group, after a look at what it is.
  async acknowledge(alerts, title, list) {
    if (!this.#may() || alerts.length === 0) return;
    const ids = alerts.map((alert) => alert.alert_id);
    const n = this.texts.number(ids.length);
    if ((await this.dialog.ask("ACKNOWLEDGE_ALL", title, { n })) === null) return;
    const refusal = await this.#busy(list, ids, () => this.#send("/api/alerts/acknowledge", { alert_ids: ids }));
    this.say(this.texts.t(refusal ? `refusal.${refusal}` : "done.ACKNOWLEDGE_ALL", { n }), Boolean(refusal));
  }

  say(text, isFault = true) {
    setText(this.toast, text);
    this.toast.dataset.kind = isFault ? "fault" : "done";
    this.toast.classList.add("is-shown");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.toast.classList.remove("is-shown"), TOAST_MS);
  }

  #may() {
    if (!this.me.may) this.say(this.texts.t("refusal.role"));
    return this.me.may;
  }

  async #ask(alert, action) {
    if (!this.dialog.asksFor(action)) return {};
    const subject = [headline(alert, this.texts).title, alert.surat_jalan_no ?? alert.shipment_id ?? alert.device_id];
    try {
      return await this.dialog.ask(action, subject.filter(Boolean).join(" · "));
    } catch {
      this.say(this.texts.t("refusal.connection"));
      return null;
    }
  }

  async #busy(list, ids, work) {
    list.busy(ids, true);
    const result = await work();
    list.busy(ids, false);
    return result;
  }

  // Why it was refused; null where it was not.
  async #send(path, body) {
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      if (answer.ok) return null;
      const reason = (await answer.json()).error;
      return this.texts.has(`refusal.${reason}`) ? reason : "other";
    } catch {
      return "connection";
    }
  }
}
