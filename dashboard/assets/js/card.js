// The face of an alert: what it says, who has it, and what can be done about it.

import { severityBadge } from "./badges.js";
import { el, icon } from "./dom.js";
import { isShelved, nameOf } from "./grouping.js";
import { headline, numbersOf } from "./rules.js";
import { why } from "./why.js";

const HIGHEST_LEVEL = 3;

// The page of the manifest that an alert is about, else that of its shipment.
function manifestOf({ detail, shipment_id: shipment }) {
  if (detail?.manifest) return `/manifests/${encodeURIComponent(detail.manifest)}`;
  return shipment ? `/manifests/of-shipment/${encodeURIComponent(shipment)}` : null;
}

export class CardFace {
  constructor(picture, texts, actions) {
    this.picture = picture;
    this.texts = texts;
    this.actions = actions; // me(), act(alert, action)
  }

  classes(alert, inside) {
    const seen = alert.state === "NEW" ? "is-new" : "is-seen";
    return ["card", `severity-${alert.severity}`, seen, alert.loud && "is-loud", inside && "is-inside"].filter(Boolean).join(" ");
  }

  // `menu`: the reasons and the rarer steps are shown. `children`: of an incident.
  content(alert, { menu, children, unfolded }) {
    const words = headline(alert, this.texts, this.context(alert));
    const small = [words.what, words.small].filter(Boolean).join(" ");
    const pairs = menu && words.pairs.length ? numbersOf(alert, this.texts) : words.pairs;
    return [
      el("header", {}, severityBadge(alert.severity, this.texts),
        el("span", { class: "time" }, this.texts.time(alert.opened_at, alert.tz, this.picture.now())),
        el("span", { class: "since", "data-age": "since" })),
      el("div", { class: "head" }, el("h3", {}, words.title),
        words.big && el("strong", { class: words.isName ? "big name" : "big", "data-age": alert.rule === "SILENCE" ? "quiet" : null }, words.big)),
      small && el("p", { class: "numbers" }, small),
      pairs.length ? el("dl", {}, ...pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])) : null,
      words.note && el("q", {}, words.note),
      this.#subject(alert),
      this.#tags(alert),
      this.#shelf(alert),
      children.length ? this.#children(alert, children, unfolded) : null,
      this.#buttons(alert, menu),
      menu ? this.#menu(alert) : null,
      menu ? why(alert, this.texts) : null,
    ].filter(Boolean);
  }

  context(alert) {
    const heard = [this.picture.positions, this.picture.statuses].map((table) => table.get(alert.device_id)?.heard ?? 0);
    const newest = this.picture.statuses.get(alert.device_id)?.state === "offline" ? heard[0] : Math.max(...heard);
    const now = this.picture.now();
    return { now, quietS: newest && !alert.cleared_at ? (now - newest) / 1000 : null };
  }

  #tag(kind, ...parts) {
    return el("span", { class: ["tag", ...kind].join(" ") }, ...parts);
  }

  #tags(alert) {
    const { texts } = this;
    const t = texts.t.bind(texts);
    const critical = alert.severity === 1;
    const late = alert.late_by_s && { span: texts.span(alert.late_by_s) };
    const tags = [
      alert.escalation ? this.#tag(["escalated"], t("alerts.escalated", { n: alert.escalation })) : null,
      late && critical ? this.#tag(["late", "critical"], t("alerts.late_critical", late)) : null,
      late && !critical ? this.#tag(["late"], t("alerts.late", late)) : null,
      alert.cleared_at ? this.#tag(["cleared"], icon("check"), t("alerts.cleared")) : null,
      alert.occurrences > 1 ? this.#tag([], t("alerts.times", { n: texts.number(alert.occurrences) })) : null,
      alert.quiet ? this.#tag(["quietly"], t("alerts.quiet", { n: texts.number(alert.recurrences) })) : null,
      this.#hand(alert),
      ...this.#keeper(alert),
    ].filter(Boolean);
    return tags.length ? el("div", { class: "tags" }, ...tags) : null;
  }

  #hand(alert) {
    if (!alert.handled_by) return null;
    const time = this.texts.clock(alert.handled_at, alert.tz, false);
    const key = alert.state === "IN_PROGRESS" ? "alerts.in_progress" : "alerts.seen";
    return this.#tag(["seen"], this.texts.t(key, { name: alert.handled_by, time }));
  }

  // Who has it, and one click to take it over.
  #keeper(alert) {
    if (!alert.assignee) return [];
    const me = this.actions.me();
    const same = alert.assignee_name === alert.handled_by;
    return [
      same ? null : this.#tag(["keeper"], this.texts.t("alerts.assigned", { name: alert.assignee_name })),
      me.may && alert.assignee !== me.login ? this.#button(alert, "TAKE", "alerts.take", "quiet small") : null,
    ];
  }

  #shelf(alert) {
    if (!isShelved(alert, this.picture.now())) return null;
    const time = this.texts.time(alert.shelved_until, alert.tz, this.picture.now());
    return el("p", { class: "shelf" }, icon("clock"),
      el("span", {}, this.texts.t("alerts.shelved", { time, name: alert.shelved_by })), el("q", {}, alert.shelf_reason));
  }

  #children(alert, children, unfolded) {
    const unseen = children.filter((child) => child.state === "NEW").length;
    const text = this.texts.t("alerts.children", { n: this.texts.number(children.length), m: this.texts.number(unseen) });
    const button = this.#button(alert, "CHILDREN", null, "fold", text);
    button.setAttribute("aria-expanded", String(unfolded));
    return button;
  }

  #subject(alert) {
    const way = alert.from_name ? [alert.from_name, alert.to_name] : [];
    const name = nameOf(alert, this.picture);
    const page = manifestOf(alert);
    return el("p", { class: "subject" },
      page ? el("a", { class: "manifest-link", href: page, title: this.texts.t("selected.manifest") }, name) : el("b", {}, name),
      ...(way.length ? [el("span", {}, way[0], el("span", { class: "arrow", "aria-hidden": "true" }, " → "), way[1])] : []));
  }

  #button(alert, action, key, kind, text) {
    const press = () => this.actions.act(alert, action);
    return el("button", { class: kind, "data-action": action, type: "button", on: { click: press } }, text ?? this.texts.t(key));
  }

  #buttons(alert, menu) {
    const button = this.#button.bind(this, alert);
    const { may } = this.actions.me();
    const shelved = isShelved(alert, this.picture.now());
    const more = button("MORE", null, "quiet dots", "⋯");
    more.setAttribute("aria-expanded", String(menu));
    more.append(el("span", { class: "sr" }, this.texts.t("alerts.menu")));
    return el("footer", {},
      may && shelved ? button("UNSHELVE", "alerts.unshelve", "main") : null,
      may && !shelved && alert.state === "NEW" ? button("ACKNOWLEDGE", "alerts.acknowledge", "main") : null,
      may && !shelved && alert.state === "ACKNOWLEDGED" ? button("START", "alerts.start", "quiet") : null,
      may ? button("RESOLVE", "alerts.resolve", "quiet") : null,
      may ? button("DISMISS", "alerts.dismiss", "quiet") : null,
      more,
      this.picture.positions.has(alert.device_id) ? button("LOCATE", "alerts.locate", "quiet locate") : null);
  }

  #menu(alert) {
    const button = this.#button.bind(this, alert);
    const me = this.actions.me();
    if (!me.may) return null;
    const shelved = isShelved(alert, this.picture.now());
    return el("footer", { class: "menu" },
      alert.assignee === me.login ? null : button("TAKE", "alerts.take", "quiet"),
      button("ASSIGN", "alerts.assign", "quiet"),
      shelved || alert.escalation >= HIGHEST_LEVEL ? null : button("ESCALATE", "alerts.escalate", "quiet"),
      alert.severity === 1 && !me.mayShelveCritical ? null : button("SHELVE", "alerts.shelve", "quiet"));
  }
}
