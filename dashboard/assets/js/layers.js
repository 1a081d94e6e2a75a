// The layers of ours above the basemap. Their sources are empty until data comes.

import { themeColour } from "./icons.js";
import { collection } from "./geometry.js";

const SOURCES = ["routes", "fences", "facilities", "areas", "track", "selected", "devices"];
const DEPOTS = ["KPU_WAREHOUSE", "PRINTER", "PORT", "AIRPORT", "POST_HUB"];
const BOLD = ["sans-serif Bold"];
const REGULAR = ["sans-serif"];

// Widths in metres: the map's scale doubles with each zoom level.
const trueWidth = (floorPx) => [
  "interpolate", ["exponential", 2], ["zoom"],
  3, ["max", floorPx, ["*", ["get", "width_px"], 8]],
  20, ["max", floorPx, ["*", ["get", "width_px"], 1048576]],
];

const byZoom = (...stops) => ["interpolate", ["linear"], ["zoom"], ...stops];

export const MARKER_SIZE = byZoom(4, 0.62, 9, 0.95);
export const CROWD_SIZE = byZoom(4, 0.4, 9, 0.95);

export function addLayers(map, beforeNames) {
  for (const id of SOURCES) {
    if (!map.getSource(id)) map.addSource(id, { type: "geojson", data: collection([]), maxzoom: 16 });
  }
  for (const layer of planLayers()) map.addLayer(layer, map.getLayer(beforeNames) ? beforeNames : undefined);
  for (const layer of [...areaLayers(), ...facilityLayers(), ...liveLayers()]) map.addLayer(layer);
}

function planLayers() {
  const plan = themeColour("plan");
  const strong = themeColour("plan-strong");
  return [
    { id: "corridor", type: "line", source: "routes", layout: round(),
      paint: { "line-color": plan, "line-opacity": 0.16, "line-width": trueWidth(4) } },
    { id: "route", type: "line", source: "routes", layout: round(),
      paint: { "line-color": plan, "line-opacity": 0.85, "line-width": byZoom(4, 1.4, 12, 2.4) } },
    { id: "route-chosen", type: "line", source: "routes", layout: round(), filter: ["==", ["get", "id"], ""],
      paint: { "line-color": strong, "line-width": byZoom(4, 2.6, 12, 4) } },
    { id: "fence", type: "fill", source: "fences", minzoom: 8,
      paint: { "fill-color": plan, "fill-opacity": 0.14 } },
    { id: "fence-edge", type: "line", source: "fences", minzoom: 8,
      paint: { "line-color": strong, "line-opacity": 0.8, "line-width": 1.4, "line-dasharray": [3, 2] } },
  ];
}

// Hatched, so that the map below stays readable; an incident that is over is fainter.
function areaLayers() {
  const colour = themeColour("severity-1");
  const fading = (strong, faint) => ["case", ["get", "over"], faint, strong];
  return [
    { id: "area", type: "fill", source: "areas",
      paint: { "fill-pattern": "hatch", "fill-opacity": fading(0.55, 0.25) } },
    { id: "area-edge", type: "line", source: "areas", layout: round(),
      paint: { "line-color": colour, "line-width": 2.4, "line-dasharray": [2, 1.5], "line-opacity": fading(1, 0.5) } },
    { id: "area-name", type: "symbol", source: "areas",
      layout: { "text-field": ["get", "label"], "text-font": BOLD, "text-size": 16, "text-max-width": 16,
        // Around the middle, where the markers leave room.
        "text-variable-anchor": ["center", "bottom", "top", "left", "right"], "text-radial-offset": 3 },
      paint: {
        "text-color": themeColour("map-text-strong"), "text-halo-color": themeColour("marker-edge"),
        "text-halo-width": 2.4,
      } },
  ];
}

function facilityLayers() {
  const isDepot = ["in", ["get", "kind"], ["literal", DEPOTS]];
  const common = { type: "symbol", source: "facilities" };
  const text = (size) => ({
    // Far out the names of provinces are enough.
    "text-field": ["step", ["zoom"], "", 6.4, ["get", "name"]], "text-font": REGULAR, "text-size": size, "text-anchor": "top",
    "text-offset": [0, 0.7], "text-max-width": 9, "text-optional": true, "icon-allow-overlap": true,
  });
  const paint = {
    "text-color": themeColour("map-text"), "text-halo-color": themeColour("marker-edge"), "text-halo-width": 1.6,
  };
  return [
    { ...common, id: "depot", filter: isDepot, paint,
      layout: { "icon-image": "facility-depot", "icon-size": byZoom(4, 0.6, 9, 1), ...text(14) } },
    { ...common, id: "place", filter: ["!", isDepot], minzoom: 7, paint,
      layout: { "icon-image": "facility-place", ...text(13) } },
  ];
}

function liveLayers() {
  const opacity = ["match", ["get", "age"], 0, 1, 1, 0.55, 0.9];
  return [
    { id: "track", type: "line", source: "track", layout: round(), filter: ["!=", ["geometry-type"], "Point"],
      paint: { "line-color": themeColour("track"), "line-width": 3, "line-opacity": 0.9 } },
    { id: "doubts", type: "symbol", source: "track", filter: ["==", ["geometry-type"], "Point"],
      layout: { "icon-image": "doubt", "icon-allow-overlap": true, "icon-size": byZoom(4, 0.7, 9, 1) } },
    { id: "accuracy", type: "fill", source: "selected", filter: ["!=", ["geometry-type"], "Point"],
      paint: { "fill-color": themeColour("track"), "fill-opacity": 0.18, "fill-outline-color": themeColour("track") } },
    // Below the markers and halos, so that names make way for them.
    { id: "labels", type: "symbol", source: "devices", minzoom: 6.5,
      layout: {
        "text-field": ["get", "label"], "text-font": BOLD, "text-size": byZoom(7, 13, 11, 16),
        "text-variable-anchor": ["left", "right", "bottom", "top"], "text-justify": "auto", "text-max-width": 20,
        "text-radial-offset": ["case", [">", ["get", "severity"], 0], 2.7, 2.2],
        "symbol-sort-key": ["case", ["==", ["get", "severity"], 0], 5, ["get", "severity"]],
      },
      paint: {
        "text-color": themeColour("map-text-strong"), "text-halo-color": themeColour("marker-edge"),
        "text-halo-width": 2, "text-opacity": opacity,
      } },
    { id: "halos", type: "symbol", source: "devices", filter: [">", ["get", "severity"], 0],
      layout: {
        "icon-image": ["concat", "halo-", ["get", "severity"]], "icon-allow-overlap": true,
        "icon-size": byZoom(4, 0.8, 9, 1.1),
        "symbol-sort-key": ["-", 0, ["get", "severity"]],
      } },
    { id: "chosen", type: "circle", source: "selected", filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": byZoom(4, 17, 9, 24), "circle-color": "transparent",
        "circle-stroke-color": themeColour("track"), "circle-stroke-width": 3,
      } },
    { id: "markers", type: "symbol", source: "devices", paint: { "icon-opacity": opacity },
      layout: {
        "icon-image": ["get", "icon"], "icon-rotate": ["get", "course"], "icon-rotation-alignment": "map",
        "icon-allow-overlap": true, "icon-size": MARKER_SIZE,
        "symbol-sort-key": ["-", 5, ["case", ["==", ["get", "severity"], 0], 5, ["get", "severity"]]],
      } },
  ];
}

function round() {
  return { "line-cap": "round", "line-join": "round" };
}
