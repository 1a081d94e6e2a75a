// The list of alerts. Cards are kept by alert: only what changed is drawn again, and
// neither scroll nor focus moves.

import { severityBadge } from "./badges.js";
import { el, icon, setText } from "./dom.js";
import { compareAlerts } from "./picture.js";
import { headline } from "./rules.js";

const SHOWN = 60;

export class AlertList extends EventTarget {
  constructor(container, picture, texts, actions) {
    super();
    this.container = container;
    this.picture = picture;
    this.texts = texts;
    this.actions = actions; // mayHandle, act(alert, trigger), locate(alert)
    this.cards = new Map();
    this.selected = null;
    this.filter = "all";
    this.more = el("li", { class: "more" });
    setInterval(() => this.#age(), 1000);
  }

  listed() {
    const all = [...this.picture.alerts.values()].sort(compareAlerts);
    return this.filter === "new" ? all.filter((alert) => alert.state === "NEW") : all;
  }

  isEmpty() {
    const listed = (alert) => this.filter === "all" || alert.state === "NEW";
    return ![...this.picture.alerts.values()].some(listed);
  }

  draw(everything = false) {
    const alerts = this.listed();
    const shown = alerts.slice(0, SHOWN);
    const wanted = shown.map((alert) => this.#card(alert, everything));
    const focused = document.activeElement;
    const kept = new Set(shown.map((alert) => alert.alert_id));
    for (const [id, card] of this.cards) {
      if (kept.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    wanted.forEach((element, at) => {
      if (this.container.children[at] !== element) this.container.insertBefore(element, this.container.children[at] ?? null);
    });
    this.#showMore(alerts.length - shown.length);
    if (focused !== document.activeElement && this.container.contains(focused)) focused.focus({ preventScroll: true });
    this.dispatchEvent(new Event("drawn"));
  }

  choose(filter) {
    this.filter = filter;
    this.draw();
  }

  select(id, { scroll = true } = {}) {
    if (this.selected === id) return;
    this.#mark(this.selected, false);
    this.selected = id;
    this.#mark(id, true);
    const element = this.cards.get(id)?.element;
    if (element && scroll) element.scrollIntoView({ block: "nearest" });
    this.dispatchEvent(new Event("select"));
  }

  // The next or previous alert of the list, for the keyboard.
  step(by) {
    const alerts = this.listed();
    if (alerts.length === 0) return;
    const at = alerts.findIndex((alert) => alert.alert_id === this.selected);
    const next = at < 0 ? (by > 0 ? 0 : alerts.length - 1) : Math.min(Math.max(at + by, 0), alerts.length - 1);
    this.select(alerts[next].alert_id);
    this.cards.get(this.selected)?.element.focus({ preventScroll: true });
  }

  current() {
    return this.picture.alerts.get(this.selected);
  }

  busy(id, on) {
    for (const button of this.cards.get(id)?.element.querySelectorAll("button") ?? []) button.disabled = on;
  }

  #showMore(hidden) {
    if (hidden > 0) {
      setText(this.more, this.texts.t("alerts.more", { n: this.texts.number(hidden) }));
      this.container.append(this.more);
    } else {
      this.more.remove();
    }
  }

  #card(alert, everything) {
    const known = this.cards.get(alert.alert_id);
    if (known && known.alert === alert && !everything) return known.element;
    const element = known?.element ?? this.#frame(alert.alert_id);
    this.cards.set(alert.alert_id, { alert, element });
    this.#fill(element, alert);
    return element;
  }

  #frame(id) {
    return el("li", {
      tabindex: "-1", "data-alert": id,
      on: {
        click: (event) => {
          if (!event.target.closest("button")) this.select(id, { scroll: false });
        },
        focusin: () => this.select(id, { scroll: false }),
      },
    });
  }

  #fill(element, alert) {
    const focusedAction = element.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    element.className = ["card", `severity-${alert.severity}`, alert.state === "NEW" ? "is-new" : "is-seen"].join(" ");
    this.#mark(alert.alert_id, alert.alert_id === this.selected);
    element.replaceChildren(...this.#content(alert).filter(Boolean));
    this.#ageCard(alert, element);
    if (focusedAction) (element.querySelector(`[data-action="${focusedAction}"]`) ?? element).focus({ preventScroll: true });
  }

  #content(alert) {
    const words = headline(alert, this.texts, this.#context(alert));
    const small = [words.what, words.small].filter(Boolean).join(" ");
    return [
      el("header", {}, severityBadge(alert.severity, this.texts),
        el("span", { class: "time" }, this.texts.time(alert.opened_at, alert.tz, this.picture.now())),
        el("span", { class: "since", "data-age": "since" })),
      el("div", { class: "head" }, el("h3", {}, words.title),
        words.big && el("strong", { class: words.isName ? "big name" : "big", "data-age": alert.rule === "SILENCE" ? "quiet" : null }, words.big)),
      small && el("p", { class: "numbers" }, small),
      words.pairs.length ? el("dl", {}, ...words.pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])) : null,
      words.note && el("q", {}, words.note),
      this.#subject(alert),
      this.#tags(alert),
      this.#buttons(alert),
    ];
  }

  #tags(alert) {
    const t = this.texts.t.bind(this.texts);
    const tags = [
      alert.late_by_s ? el("span", { class: "tag late" }, t("alerts.late", { span: this.texts.span(alert.late_by_s) })) : null,
      alert.cleared_at ? el("span", { class: "tag cleared" }, icon("check"), t("alerts.cleared")) : null,
      alert.occurrences > 1 ? el("span", { class: "tag" }, t("alerts.times", { n: this.texts.number(alert.occurrences) })) : null,
      this.#hand(alert),
    ].filter(Boolean);
    return tags.length ? el("div", { class: "tags" }, ...tags) : null;
  }

  #subject(alert) {
    const device = this.picture.devices.get(alert.device_id);
    const name = alert.surat_jalan_no ?? alert.shipment_id ?? device?.name ?? alert.device_id ?? "";
    const way = alert.from_name ? [alert.from_name, alert.to_name] : [];
    return el("p", { class: "subject" }, el("b", {}, name),
      ...(way.length ? [el("span", {}, way[0], el("span", { class: "arrow", "aria-hidden": "true" }, " → "), way[1])] : []));
  }

  #hand(alert) {
    if (!alert.handled_by) return null;
    const time = this.texts.clock(alert.handled_at, alert.tz, false);
    const key = alert.state === "IN_PROGRESS" ? "alerts.in_progress" : "alerts.seen";
    return el("span", { class: "tag seen" }, this.texts.t(key, { name: alert.handled_by, time }));
  }

  #buttons(alert) {
    const button = (action, key, kind) =>
      el("button", { class: kind, "data-action": action, type: "button", on: { click: () => this.#press(alert, action) } }, this.texts.t(key));
    const may = this.actions.mayHandle();
    return el("footer", {},
      may && alert.state === "NEW" ? button("ACKNOWLEDGE", "alerts.acknowledge", "main") : null,
      may && alert.state === "ACKNOWLEDGED" ? button("START", "alerts.start", "quiet") : null,
      may ? button("RESOLVE", "alerts.resolve", "quiet") : null,
      may ? button("DISMISS", "alerts.dismiss", "quiet") : null,
      this.picture.positions.has(alert.device_id) ? button("LOCATE", "alerts.locate", "quiet locate") : null);
  }

  #press(alert, action) {
    const now = this.picture.alerts.get(alert.alert_id) ?? alert;
    if (action === "LOCATE") this.actions.locate(now);
    else this.actions.act(now, action);
  }

  #mark(id, on) {
    const element = this.cards.get(id)?.element;
    if (!element) return;
    element.classList.toggle("is-selected", on);
    if (on) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }

  #context(alert) {
    const heard = [this.picture.positions, this.picture.statuses].map((table) => table.get(alert.device_id)?.heard ?? 0);
    const newest = this.picture.statuses.get(alert.device_id)?.state === "offline" ? heard[0] : Math.max(...heard);
    return { quietS: newest && !alert.cleared_at ? (this.picture.now() - newest) / 1000 : null };
  }

  #age() {
    for (const { alert, element } of this.cards.values()) this.#ageCard(alert, element);
  }

  #ageCard(alert, element) {
    const since = (this.picture.now() - alert.opened_at) / 1000;
    setText(element.querySelector("[data-age=since]"), this.texts.ago(since));
    const quiet = element.querySelector("[data-age=quiet]");
    if (quiet) setText(quiet, headline(alert, this.texts, this.#context(alert)).big ?? "");
  }
}
