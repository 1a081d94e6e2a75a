// The areas of open incidents, as the map draws them.

import { bounds, feature } from "./geometry.js";
import { headline } from "./rules.js";
import { isShelved } from "./grouping.js";

const MOST_CORNERS = 2000;

// A feature for each open alert that has an area; those put aside are not drawn.
export function areas(picture, texts) {
  const now = picture.now();
  return [...picture.alerts.values()]
    .filter((alert) => !isShelved(alert, now))
    .map((alert) => [alert, area(alert)])
    .filter(([, geometry]) => geometry)
    .map(([alert, geometry]) => feature(geometry, {
      alert: alert.alert_id,
      over: Boolean(alert.cleared_at),
      label: label(alert, texts),
    }, alert.alert_id));
}

// The box around the area of an alert; null where it has none.
export function boxOf(alert) {
  const geometry = area(alert);
  return geometry && bounds(geometry.coordinates[0]);
}

// The numbers of an alert are text of outside: only what is a ring of places gets through.
function area({ detail }) {
  if (typeof detail?.footprint !== "string") return null;
  try {
    const { type, coordinates } = JSON.parse(detail.footprint);
    const ring = coordinates?.[0];
    return type === "Polygon" && isRing(ring) ? { type, coordinates: [ring] } : null;
  } catch {
    return null;
  }
}

function isRing(ring) {
  const isPlace = (place) => Array.isArray(place) && place.length === 2 && place.every(Number.isFinite);
  return Array.isArray(ring) && ring.length >= 4 && ring.length <= MOST_CORNERS && ring.every(isPlace);
}

function label(alert, texts) {
  const { title, big } = headline(alert, texts);
  const over = alert.cleared_at ? texts.t("alerts.cleared") : null;
  return [title, big, over].filter(Boolean).join("\n");
}
