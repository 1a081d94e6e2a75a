// What the list shows and in which order: cards, and groups of cards that unfold.

import { compareAlerts } from "./picture.js";
import { headline } from "./rules.js";

export const GROUPINGS = ["time", "shipment", "cause"];
export const FILTERS = ["all", "new", "shelved"];
const TITLES = 3;

export function isShelved(alert, now) {
  return alert.shelved_until !== null && alert.shelved_until > now;
}

// A child of an incident that is on the list: it is shown with it.
export function isChild(alert, alerts) {
  return alert.parent_id !== null && alerts.has(alert.parent_id);
}

// The alerts of a filter, the most urgent first.
export function filtered(picture, filter) {
  const now = picture.now();
  const fits = {
    all: (alert) => !isShelved(alert, now) && !isChild(alert, picture.alerts),
    new: (alert) => alert.state === "NEW" && !isShelved(alert, now) && !isChild(alert, picture.alerts),
    shelved: (alert) => isShelved(alert, now),
  };
  return [...picture.alerts.values()].filter(fits[filter]).sort(compareAlerts);
}

// The children of each incident, the most urgent first.
export function families(picture) {
  const found = new Map();
  for (const alert of picture.alerts.values()) {
    if (!isChild(alert, picture.alerts)) continue;
    if (!found.has(alert.parent_id)) found.set(alert.parent_id, []);
    found.get(alert.parent_id).push(alert);
  }
  for (const children of found.values()) children.sort(compareAlerts);
  return found;
}

// Rows from top to bottom: { key, alert, inside, children } or { key, group }. `open` holds
// the keys of what is unfolded.
export function rows(alerts, grouping, open, children) {
  const found = [];
  const seen = new Set();
  const card = (alert, inside) => {
    if (seen.has(alert.alert_id)) return;
    seen.add(alert.alert_id);
    const own = children.get(alert.alert_id) ?? [];
    found.push({ key: alert.alert_id, alert, inside, children: own });
    if (open.has(childrenKey(alert.alert_id))) own.forEach((child) => card(child, true));
  };
  for (const group of groups(alerts, grouping)) {
    if (group.alerts.length === 1) {
      card(group.alerts[0], false);
      continue;
    }
    found.push({ key: group.key, group });
    if (open.has(group.key)) group.alerts.forEach((alert) => card(alert, true));
  }
  return found;
}

export function childrenKey(id) {
  return `children-${id}`;
}

// Groups in the order of their most urgent alert. By cause, what is critical stays single.
function groups(alerts, grouping) {
  const found = new Map();
  for (const alert of alerts) {
    const key = keyOf(alert, grouping);
    if (!found.has(key)) found.set(key, { key, grouping, alerts: [] });
    found.get(key).alerts.push(alert);
  }
  return found.values();
}

function keyOf(alert, grouping) {
  if (grouping === "shipment") return `shipment-${alert.shipment_id ?? alert.device_id ?? alert.group_id ?? ""}`;
  if (grouping === "cause" && alert.priority > 1) return `cause-${alert.rule}`;
  return `alert-${alert.alert_id}`;
}

// What the row of a group says.
export function summary({ grouping, alerts }, picture, texts) {
  const [first] = alerts;
  const unseen = alerts.filter((alert) => alert.state === "NEW");
  const byShipment = grouping === "shipment";
  return {
    title: byShipment ? nameOf(first, picture) : headline(first, texts).title,
    small: byShipment ? causes(alerts, texts) : subjects(alerts, texts),
    count: alerts.length,
    unseen: unseen.length,
    loud: unseen.some((alert) => alert.loud),
    severity: Math.min(...alerts.map((alert) => alert.severity)),
    newest: Math.max(...alerts.map((alert) => alert.opened_at)),
  };
}

// The delivery note, or else what else an alert is about.
export function nameOf(alert, picture) {
  const device = picture.devices.get(alert.device_id);
  return alert.surat_jalan_no ?? alert.shipment_id ?? device?.name ?? alert.device_id ?? alert.group_id ?? "";
}

function causes(alerts, texts) {
  const titles = [...new Set(alerts.map((alert) => headline(alert, texts).title))];
  const more = titles.length - TITLES;
  return titles.slice(0, TITLES).join(" · ") + (more > 0 ? ` · ${texts.t("alerts.more", { n: texts.number(more) })}` : "");
}

function subjects(alerts, texts) {
  const shipments = new Set(alerts.map((alert) => alert.shipment_id ?? alert.device_id));
  return texts.t("group.shipments", { n: texts.number(shipments.size) });
}
