// The list of alerts. Rows are kept by key: only what changed is drawn again, and neither
// scroll nor focus moves.

import { severityBadge } from "./badges.js";
import { CardFace } from "./card.js";
import { el, setText } from "./dom.js";
import { childrenKey, families, filtered, isChild, isShelved, rows, summary } from "./grouping.js";
import { headline } from "./rules.js";

const SHOWN = 60;

export class AlertList extends EventTarget {
  constructor(container, picture, texts, actions) {
    super();
    this.container = container;
    this.picture = picture;
    this.texts = texts;
    this.actions = actions; // me(), act(alert, trigger), acknowledge(alerts, title), locate(alert)
    this.face = new CardFace(picture, texts, { me: actions.me, act: (alert, action) => this.press(alert, action) });
    this.cards = new Map();
    this.groups = new Map();
    this.open = new Set();
    this.menus = new Set();
    this.room = SHOWN;
    this.selected = null;
    this.cursor = null;
    this.filter = "all";
    this.chosen = null; // the grouping that the person chose; null leaves it to the flood
    this.flood = false;
    this.moreButton = el("button", { class: "quiet", type: "button", "data-action": "ROOM", on: { click: () => this.#makeRoom() } });
    this.more = el("li", { class: "more" }, this.moreButton);
    setInterval(() => this.#age(), 1000);
  }

  get grouping() {
    return this.chosen ?? (this.flood ? "cause" : "time");
  }

  listed() {
    return filtered(this.picture, this.filter);
  }

  rows() {
    return rows(this.listed(), this.grouping, this.open, families(this.picture));
  }

  isEmpty(filter = this.filter) {
    return filtered(this.picture, filter).length === 0;
  }

  counts() {
    const now = this.picture.now();
    const all = [...this.picture.alerts.values()];
    const listed = all.filter((alert) => !isShelved(alert, now) && !isChild(alert, this.picture.alerts));
    return {
      all: listed.length,
      new: listed.filter((alert) => alert.state === "NEW").length,
      shelved: all.filter((alert) => isShelved(alert, now)).length,
    };
  }

  draw(everything = false) {
    const all = this.rows();
    const shown = this.#shown(all);
    const focused = document.activeElement;
    const wanted = shown.map((row) => (row.group ? this.#group(row, everything) : this.#card(row, everything)));
    const kept = new Set(shown.map((row) => row.key));
    for (const known of [this.cards, this.groups]) {
      for (const [key, { element }] of known) {
        if (kept.has(key)) continue;
        element.remove();
        known.delete(key);
      }
    }
    wanted.forEach((element, at) => {
      if (this.container.children[at] !== element) this.container.insertBefore(element, this.container.children[at] ?? null);
    });
    this.#showMore(all.length - shown.length);
    if (focused !== document.activeElement && this.container.contains(focused)) focused.focus({ preventScroll: true });
    this.shelfEnds = this.#nextShelfEnd();
    this.dispatchEvent(new Event("drawn"));
  }

  choose(filter) {
    this.filter = filter;
    this.room = SHOWN;
    this.draw();
  }

  // A choice holds; by time again outside of a flood is to leave it to the flood.
  group(grouping) {
    this.chosen = grouping === "time" && !this.flood ? null : grouping;
    this.room = SHOWN;
    this.draw();
  }

  setFlood(flood) {
    if (this.flood === flood) return;
    this.flood = flood;
    if (!flood && this.chosen === "time") this.chosen = null;
    this.draw();
  }

  select(id, { scroll = true } = {}) {
    if (this.selected === id) return;
    this.#mark(this.selected, false);
    this.selected = id;
    this.cursor = id;
    if (scroll) this.#reveal(id);
    this.#mark(id, true);
    const element = this.cards.get(id)?.element;
    if (element && scroll) element.scrollIntoView({ block: "nearest" });
    this.dispatchEvent(new Event("select"));
  }

  // The next or previous row of the list, for the keyboard.
  step(by) {
    const all = this.rows();
    if (all.length === 0) return;
    const at = all.findIndex((row) => row.key === this.cursor);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    const { key, group } = all[next];
    if (!group && !this.cards.has(key)) this.#makeRoom();
    if (group) this.select(null);
    else this.select(key);
    this.cursor = key;
    const element = group ? this.groups.get(key).element.querySelector(".toggle") : this.cards.get(key)?.element;
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }

  current() {
    return this.picture.alerts.get(this.selected);
  }

  busy(ids, on) {
    for (const id of ids) {
      for (const button of this.cards.get(id)?.element.querySelectorAll("button") ?? []) button.disabled = on;
    }
  }

  press(alert, action) {
    const now = this.picture.alerts.get(alert.alert_id) ?? alert;
    if (action === "LOCATE") this.actions.locate(now);
    else if (action === "MORE") this.#toggle(this.menus, now.alert_id);
    else if (action === "CHILDREN") this.#toggle(this.open, childrenKey(now.alert_id));
    else this.actions.act(now, action);
  }

  // All groups, and as many cards as there is room for.
  #shown(all) {
    let room = this.room;
    return all.filter((row) => row.group || room-- > 0);
  }

  #toggle(set, key) {
    if (!set.delete(key)) set.add(key);
    this.draw();
  }

  #makeRoom() {
    this.room += SHOWN;
    this.draw();
  }

  // Unfold what hides an alert that is to be seen.
  #reveal(id) {
    const alert = this.picture.alerts.get(id);
    if (!alert || this.cards.has(id)) return;
    if (isChild(alert, this.picture.alerts)) this.open.add(childrenKey(alert.parent_id));
    const holder = this.rows().find((row) => row.group?.alerts.some((each) => [id, alert.parent_id].includes(each.alert_id)));
    if (holder) this.open.add(holder.key);
    const at = this.rows().filter((row) => row.alert).findIndex((row) => row.key === id);
    while (at >= this.room) this.room += SHOWN;
    this.draw();
  }

  #showMore(hidden) {
    if (hidden > 0) {
      setText(this.moreButton, this.texts.t("alerts.more", { n: this.texts.number(hidden) }));
      this.container.append(this.more);
    } else {
      this.more.remove();
    }
  }

  #card({ key, alert, inside, children }, everything) {
    const menu = this.menus.has(key);
    const unfolded = this.open.has(childrenKey(key));
    const view = [menu, unfolded, inside, ...children.map((child) => child.state)].join();
    const known = this.cards.get(key);
    if (known && known.alert === alert && known.view === view && !everything) return known.element;
    const element = known?.element ?? this.#frame(key);
    this.cards.set(key, { alert, element, view });
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    element.className = this.face.classes(alert, inside);
    this.#mark(key, key === this.selected);
    element.replaceChildren(...this.face.content(alert, { menu, children, unfolded }));
    this.#ageCard(alert, element);
    if (focused) (element.querySelector(`[data-action="${focused}"]`) ?? element).focus({ preventScroll: true });
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

  #group({ key, group }, everything) {
    const words = summary(group, this.picture, this.texts);
    const unfolded = this.open.has(key);
    const view = JSON.stringify([words, unfolded]);
    const known = this.groups.get(key);
    const element = known?.element ?? el("li", { "data-group": key, on: { focusin: () => { this.cursor = key; } } });
    this.groups.set(key, { element, view, newest: words.newest, alerts: group.alerts, words });
    if (known?.view === view && !everything) return element;
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    element.className = ["card", "group", `severity-${words.severity}`, words.unseen ? "is-new" : "is-seen", words.loud && "is-loud"].filter(Boolean).join(" ");
    element.replaceChildren(...this.#groupFace(key, words, unfolded));
    this.#ageGroup(words.newest, element);
    if (focused) element.querySelector(`[data-action="${focused}"]`)?.focus({ preventScroll: true });
    return element;
  }

  #groupFace(key, words, unfolded) {
    const { texts } = this;
    const unseen = texts.t("group.unseen", { n: texts.number(words.unseen) });
    const toggle = el("button", {
      class: "toggle", type: "button", "data-action": "TOGGLE", "aria-expanded": String(unfolded),
      on: { click: () => this.#toggle(this.open, key) },
    }, severityBadge(words.severity, texts), el("span", { class: "title" }, words.title), el("strong", { class: "big" }, texts.number(words.count)));
    const all = el("button", {
      class: "main", type: "button", "data-action": "ACKNOWLEDGE_ALL", on: { click: () => this.#acknowledge(key) },
    }, texts.t("group.acknowledge", { n: texts.number(words.unseen) }));
    return [
      toggle,
      el("footer", {},
        this.actions.me().may && words.unseen ? all : el("span", {}, words.unseen ? unseen : texts.t("group.all_seen")),
        el("span", { class: "numbers" }, words.small),
        el("span", { class: "since", "data-age": "newest" })),
    ];
  }

  #acknowledge(key) {
    const { alerts, words } = this.groups.get(key);
    this.actions.acknowledge(alerts.filter((alert) => alert.state === "NEW"), words.title);
  }

  #nextShelfEnd() {
    const now = this.picture.now();
    const ends = [...this.picture.alerts.values()].filter((alert) => isShelved(alert, now));
    return Math.min(...ends.map((alert) => alert.shelved_until));
  }

  #mark(id, on) {
    const element = this.cards.get(id)?.element;
    if (!element) return;
    element.classList.toggle("is-selected", on);
    if (on) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }

  #age() {
    // A shelf ends by the clock, also while nothing of the alert changes.
    if (this.shelfEnds <= this.picture.now()) this.draw(true);
    for (const { alert, element } of this.cards.values()) this.#ageCard(alert, element);
    for (const { newest, element } of this.groups.values()) this.#ageGroup(newest, element);
  }

  #ageCard(alert, element) {
    const since = (this.picture.now() - alert.opened_at) / 1000;
    setText(element.querySelector("[data-age=since]"), this.texts.ago(since));
    const quiet = element.querySelector("[data-age=quiet]");
    if (quiet) setText(quiet, headline(alert, this.texts, this.face.context(alert)).big ?? "");
  }

  #ageGroup(newest, element) {
    const span = this.texts.span((this.picture.now() - newest) / 1000);
    setText(element.querySelector("[data-age=newest]"), this.texts.t("group.newest", { span }));
  }
}
