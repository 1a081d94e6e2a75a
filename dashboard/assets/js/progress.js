// How far a shipment is along its way, and when it is expected, with the age of that.

import { el } from "./dom.js";

const OLD_S = 120; // reckoned every few seconds: older than this, the server has stopped

// Plain values to draw; null where nothing is known of it.
export function describe(picture, texts, deviceId, shipment) {
  const row = shipment && picture.progress.get(shipment.shipment_id);
  if (!row) return null;
  const { t, now, zone } = { t: texts.t.bind(texts), now: picture.now(), zone: picture.zoneOf(shipment.to_facility) };
  const percent = texts.number(row.percent, row.percent < 100 ? 1 : 0);
  const old = (now - row.fix) / 1000 > Math.max(3 * picture.intervalOf(deviceId), OLD_S);
  return {
    percent: row.percent,
    way: t("progress.way", { percent, left: texts.length(row.left_m), length: texts.length(row.length_m) }),
    mode: texts.has(`mode.${row.mode}`) ? t(`mode.${row.mode}`) : null,
    wrong: row.wrong_way ? t("rule.WRONG_WAY") : null,
    eta: row.eta && t("progress.eta", {
      eta: texts.time(row.eta, zone, now, false),
      early: texts.clock(row.early, zone, false),
      late: lateEnd(row, zone, texts),
    }),
    asOf: t(old ? "progress.as_of" : "progress.reckoned", { time: texts.time(row.fix, zone, now, false) }),
    old,
  };
}

// With its date where that is another than the expected one's.
function lateEnd(row, zone, texts) {
  return texts.time(row.late, zone, row.eta, false).replace(` ${texts.zoneName(zone)}`, "");
}

export function draw(shown, t) {
  return el("section", { class: "progress", "aria-label": t("progress.title") },
    el("progress", { max: "100", value: String(shown.percent), "aria-label": shown.way }),
    el("p", {}, shown.way, shown.mode && ` · ${shown.mode}`),
    shown.wrong && el("p", { class: "wrong" }, shown.wrong),
    shown.eta && el("p", { class: "eta" }, shown.eta),
    el("p", { class: shown.old ? "is-old" : "is-new" }, shown.asOf));
}
