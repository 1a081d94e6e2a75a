// The address holds the view and the selection: a link, or a reload, shows the same.

import { FILTERS, GROUPINGS } from "./grouping.js";

export function read() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const [zoom, lat, lon] = (parts.get("map") ?? "").split("/").map(Number);
  const hasView = [zoom, lat, lon].every(Number.isFinite) && parts.has("map");
  return {
    view: hasView ? { zoom, center: [lon, lat] } : null,
    device: parts.get("device"),
    alert: Number(parts.get("alert")) || null,
    filter: FILTERS.includes(parts.get("filter")) ? parts.get("filter") : "all",
    group: GROUPINGS.includes(parts.get("group")) ? parts.get("group") : null,
  };
}

export function write({ map, device, alert, filter, group }) {
  const { lng, lat } = map.getCenter();
  const view = [map.getZoom().toFixed(2), lat.toFixed(4), lng.toFixed(4)].join("/");
  const parts = [`map=${view}`];
  if (device) parts.push(`device=${encodeURIComponent(device)}`);
  if (alert) parts.push(`alert=${alert}`);
  if (filter !== "all") parts.push(`filter=${filter}`);
  if (group) parts.push(`group=${group}`);
  const hash = `#${parts.join("&")}`;
  if (hash !== location.hash) history.replaceState(null, "", hash);
}
