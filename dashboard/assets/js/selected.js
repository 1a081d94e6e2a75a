// What is known of the selected device. It has a place of its own, so that it never covers
// the marker and is never cut off at the edge of the map.

import { el, icon } from "./dom.js";
import { severityBadge } from "./badges.js";
import { MARKERS } from "./icons.js";
import { headline } from "./rules.js";
import * as progress from "./progress.js";

// By bit of domain/positions.py
const FLAGS = [
  "future", "jump", "zero_island", "inaccurate", "mock", "jamming", "duplicate_time", "stale", "frozen",
  "low_satellites", "jamming_warning",
];

export class SelectedCard {
  constructor(live, picture, texts, onAlert) {
    this.live = live;
    this.picture = picture;
    this.texts = texts;
    this.onAlert = onAlert;
    this.card = document.getElementById("selected");
    live.addEventListener("select", () => this.draw());
    live.addEventListener("follow", () => this.draw());
  }

  draw() {
    const id = this.live.selected;
    const position = this.picture.positions.get(id);
    this.card.hidden = !position;
    if (!position) return;
    const shown = this.#describe(id, position);
    // Unchanged text stays where it is, so that it can be read, copied and focused.
    const key = JSON.stringify(shown);
    if (key === this.key) return;
    this.key = key;
    this.#fill(shown);
  }

  #describe(id, position) {
    const { t, picture, texts } = { t: this.texts.t.bind(this.texts), picture: this.picture, texts: this.texts };
    const device = picture.devices.get(id);
    const shipment = picture.shipmentOf(id);
    const zone = picture.zoneAt(position.lon, position.lat);
    const age = (picture.now() - position.fix) / 1000;
    const value = (number, unit, digits = 0) =>
      number === null ? t("selected.unknown") : t(`unit.${unit}`, { n: texts.number(number, digits) });
    return {
      language: texts.locale,
      manifest: shipment ? `/manifests/of-shipment/${encodeURIComponent(shipment.shipment_id)}` : null,
      title: shipment?.surat_jalan_no ?? device?.shipment ?? t("selected.unassigned"),
      device: device?.name && device.name !== id ? `${device.name} · ${id}` : id,
      way: shipment ? [shipment.from_name, shipment.to_name] : null,
      status: shipment && this.texts.has(`status.${shipment.status}`) ? t(`status.${shipment.status}`) : shipment?.status,
      state: t(`marker.${MARKERS[position.marker]}`),
      age: ["", t("marker.fading"), t("marker.stale")][picture.ageClass(id)],
      ageClass: picture.ageClass(id),
      progress: progress.describe(picture, texts, id, shipment),
      big: [value(position.speed, "kmh"), texts.ago(age)],
      rows: [
        ["selected.course", position.course === null ? t("selected.unknown") : this.#course(position.course)],
        ["selected.accuracy", t("selected.plus_minus", { length: texts.length(position.accuracy) })],
        ["selected.battery", value(position.battery, "percent")],
        ["selected.signal", value(position.signal, "dbm")],
        ["selected.fix_time", texts.time(position.fix, zone, picture.now())],
        ["selected.load", shipment?.box_count ? t("selected.boxes", { n: texts.number(shipment.box_count) }) : null],
        ["selected.vehicle", [shipment?.vehicle, shipment?.carrier, shipment?.escort].filter(Boolean).join(" · ") || null],
      ],
      doubts: FLAGS.filter((_, bit) => position.flags & (1 << bit)).map((flag) => t(`flag.${flag}`)),
      alerts: picture.alertsOf(id).map((alert) => [alert.alert_id, alert.severity, headline(alert, texts).title]),
      following: this.live.following,
    };
  }

  #course(degrees) {
    const points = this.texts.t("selected.points").split(" ");
    const name = points[Math.round(degrees / 45) % 8];
    return `${this.texts.t("unit.deg", { n: this.texts.number(degrees) })} ${name}`;
  }

  #fill(shown) {
    const focused = this.card.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    const t = this.texts.t.bind(this.texts);
    this.card.replaceChildren(...[
      el("header", {},
        el("div", {}, el("h3", {}, shown.title), el("span", { class: "device" }, shown.device)),
        el("button", { class: "icon-button", "data-action": "close", on: { click: () => this.live.select(null) } },
          icon("close"), el("span", { class: "sr" }, t("selected.close")))),
      shown.way && el("p", { class: "way" }, shown.way[0], el("span", { class: "arrow", "aria-hidden": "true" }, " → "), shown.way[1]),
      el("div", { class: "tags" },
        shown.status && el("span", { class: "tag" }, shown.status),
        el("span", { class: "tag" }, shown.state),
        shown.age && el("span", { class: `tag age-${shown.ageClass}` }, shown.age)),
      el("div", { class: "bigs" }, ...shown.big.map((text) => el("strong", {}, text))),
      shown.progress && progress.draw(shown.progress, t),
      shown.manifest && el("a", { class: "manifest-link", "data-action": "manifest", href: shown.manifest }, t("selected.manifest")),
      shown.doubts.length ? el("ul", { class: "doubts" }, ...shown.doubts.map((text) => el("li", {}, text))) : null,
      el("dl", {}, ...shown.rows.filter(([, text]) => text).flatMap(([key, text]) => [el("dt", {}, t(key)), el("dd", {}, text)])),
      ...shown.alerts.map(([alertId, severity, title]) =>
        el("button", { class: "alert-link", on: { click: () => this.onAlert(alertId) } },
          severityBadge(severity, this.texts), el("span", {}, title))),
      el("button", {
        class: "main", "data-action": "follow", "aria-pressed": String(shown.following),
        on: { click: () => this.live.follow(!this.live.following) },
      }, t(shown.following ? "selected.unfollow" : "selected.follow")),
    ].filter(Boolean));
    if (focused) this.card.querySelector(`[data-action="${focused}"]`)?.focus({ preventScroll: true });
  }
}
