// The address holds the view and the selection: a link, or a reload, shows the same.

export function read() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const [zoom, lat, lon] = (parts.get("map") ?? "").split("/").map(Number);
  const hasView = [zoom, lat, lon].every(Number.isFinite) && parts.has("map");
  return {
    view: hasView ? { zoom, center: [lon, lat] } : null,
    device: parts.get("device"),
    alert: Number(parts.get("alert")) || null,
    filter: parts.get("filter") === "new" ? "new" : "all",
  };
}

export function write({ map, device, alert, filter }) {
  const { lng, lat } = map.getCenter();
  const view = [map.getZoom().toFixed(2), lat.toFixed(4), lng.toFixed(4)].join("/");
  const parts = [`map=${view}`];
  if (device) parts.push(`device=${encodeURIComponent(device)}`);
  if (alert) parts.push(`alert=${alert}`);
  if (filter !== "all") parts.push(`filter=${filter}`);
  const hash = `#${parts.join("&")}`;
  if (hash !== location.hash) history.replaceState(null, "", hash);
}
