// The live map: markers, the plan below them, one selected device.

import { addImages, MARKERS } from "./icons.js";
import { bounds, circle, collection, feature, point } from "./geometry.js";
import { areas, boxOf } from "./areas.js";
import { addLayers, CROWD_SIZE, MARKER_SIZE } from "./layers.js";

const INDONESIA = [95.0, -11.1, 141.1, 6.2];
const MAX_BOUNDS = [[86.0, -19.0], [150.0, 15.0]];
const NAMES_LAYER = "basemap-sea-name-3";
const FLUSH_MS = 100;
const CLICK_REACH_PX = 10;
const POINT_MS = 80;
const CROWD = 500; // with more markers names no longer make way for them: that costs time
const LOCATE_ZOOM = 11;
const TRACK_MS = 30000; // what came late, and what moves no marker, is not in the stream
const NO_TRACK = { line: [], doubted: [], unusable: 0 };

export class LiveMap extends EventTarget {
  constructor(container, picture, texts, view) {
    super();
    this.picture = picture;
    this.texts = texts;
    this.drawn = new Map(); // device -> properties that the map shows
    this.touched = new Set();
    this.whole = false;
    this.selected = null;
    this.following = false;
    this.moved = Boolean(view);
    this.ready = false;
    this.map = new maplibregl.Map({
      container,
      style: `/api/style?theme=${document.documentElement.dataset.theme}`,
      ...(view ?? { bounds: INDONESIA, fitBoundsOptions: { padding: 24 } }),
      maxBounds: MAX_BOUNDS,
      fadeDuration: 0,
      dragRotate: false,
      pitchWithRotate: false,
      attributionControl: { compact: true },
      locale: { "Map.Title": texts.t("map.title") },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibregl.ScaleControl({ maxWidth: 140 }), "bottom-left");
    this.map.on("style.load", () => this.#dress());
    this.map.on("error", (event) => console.warn("map:", event.error?.message ?? event));
    this.map.on("click", (event) => this.#click(event));
    this.map.on("dragstart", () => this.follow(false));
    this.map.on("movestart", (event) => {
      if (event.originalEvent) this.moved = true;
    });
    this.map.on("moveend", () => this.dispatchEvent(new Event("view")));
    this.map.on("mousemove", (event) => this.#point(event.point));
    setInterval(() => this.#flush(), FLUSH_MS);
    setInterval(() => this.#age(), 1000);
    setInterval(() => this.selected && this.#fetchTrack(this.selected), TRACK_MS);
  }

  // Devices whose marker may look different now; `whole` after a new picture.
  touch(ids, whole) {
    this.whole ||= whole;
    for (const id of ids) this.touched.add(id);
  }

  plan() {
    if (!this.ready) return;
    const plan = this.picture.plan;
    for (const name of ["routes", "fences", "facilities"]) {
      this.map.getSource(name).setData(plan?.[name] ?? collection([]));
    }
  }

  // The areas of open incidents.
  areas() {
    if (this.ready) this.map.getSource("areas").setData(collection(areas(this.picture, this.texts)));
  }

  // To the whole area of an incident; false where the alert has none.
  locateArea(alert) {
    const box = boxOf(alert);
    if (!box) return false;
    this.follow(false);
    this.moved = true;
    this.map.fitBounds(box, { padding: 90, maxZoom: LOCATE_ZOOM, ...calm(700) });
    return true;
  }

  restyle() {
    this.ready = false;
    this.map.setStyle(`/api/style?theme=${document.documentElement.dataset.theme}`, { diff: false });
  }

  select(id) {
    if (this.selected === id) return;
    this.selected = id;
    if (!id) this.follow(false);
    this.#showTrack(NO_TRACK);
    this.#showSelected();
    this.dispatchEvent(new Event("select"));
    if (id) this.#fetchTrack(id);
  }

  follow(on) {
    const following = Boolean(on && this.selected);
    if (following === this.following) return;
    this.following = following;
    if (following) this.locate(this.selected, this.map.getZoom());
    this.dispatchEvent(new Event("follow"));
  }

  locate(id, zoom = Math.max(this.map.getZoom(), LOCATE_ZOOM)) {
    const position = this.picture.positions.get(id);
    if (!position) return false;
    this.moved = true;
    this.#fly({ center: [position.lon, position.lat], zoom, offset: this.#offset() });
    return true;
  }

  // All devices in view, else the plan, else the country.
  fitAll() {
    this.follow(false);
    const positions = [...this.picture.positions.values()].map(({ lon, lat }) => [lon, lat]);
    const places = (this.picture.plan?.facilities.features ?? []).map(({ geometry }) => geometry.coordinates);
    const box = bounds(positions.length ? positions : places) ?? INDONESIA;
    this.map.fitBounds(box, { padding: 90, maxZoom: 12, ...calm(700) });
  }

  zoom(by) {
    this.moved = true;
    this.map.easeTo({ zoom: this.map.getZoom() + by, ...calm(250) });
  }

  #dress() {
    addImages(this.map);
    addLayers(this.map, NAMES_LAYER);
    this.ready = true;
    this.plan();
    this.areas();
    this.whole = true;
    this.#flush();
    this.#showSelected();
    if (this.selected) this.#fetchTrack(this.selected);
    this.dispatchEvent(new Event("ready"));
  }

  #flush() {
    if (!this.ready || (!this.whole && this.touched.size === 0)) return;
    const severities = this.picture.severities();
    const source = this.map.getSource("devices");
    if (this.whole) this.#drawAll(source, severities);
    else this.#drawChanged(source, severities);
    if (this.whole || this.touched.has(this.selected)) this.#showSelected();
    this.whole = false;
    this.touched.clear();
  }

  #drawAll(source, severities) {
    this.drawn.clear();
    const features = [];
    for (const [id, { lon, lat }] of this.picture.positions) {
      const properties = this.#properties(id, severities);
      this.drawn.set(id, properties);
      features.push(feature(point(lon, lat), properties, this.picture.devices.get(id)?.i));
    }
    source.setData(collection(features));
    const crowd = features.length > CROWD;
    this.map.setLayoutProperty("markers", "icon-ignore-placement", crowd);
    this.map.setLayoutProperty("markers", "icon-size", crowd ? CROWD_SIZE : MARKER_SIZE);
    if (!this.moved && features.length) {
      this.moved = true;
      this.fitAll();
    }
  }

  #drawChanged(source, severities) {
    const diff = { add: [], update: [], remove: [] };
    for (const id of this.touched) {
      const position = this.picture.positions.get(id);
      const number = position?.i ?? this.drawn.get(id)?.number;
      if (number === undefined) continue;
      if (!position) {
        if (this.drawn.delete(id)) diff.remove.push(number);
        continue;
      }
      const geometry = point(position.lon, position.lat);
      const properties = this.#properties(id, severities);
      if (this.drawn.has(id)) diff.update.push(change(number, geometry, properties, this.drawn.get(id)));
      else diff.add.push(feature(geometry, properties, number));
      this.drawn.set(id, properties);
    }
    source.updateData(diff);
    if (!this.moved && this.drawn.size) {
      this.moved = true;
      this.fitAll();
    }
  }

  // What the style reads of a device.
  #properties(id, severities) {
    const position = this.picture.positions.get(id);
    const device = this.picture.devices.get(id);
    const kind = MARKERS[position.marker];
    const age = this.picture.ageClass(id);
    const name = this.picture.shipmentOf(id)?.surat_jalan_no ?? device?.shipment ?? device?.name ?? id;
    return {
      number: position.i,
      device: id,
      icon: `${kind}-${age === 2 ? "hollow" : "full"}`,
      course: kind === "moving" ? (position.course ?? 0) : 0,
      age,
      severity: severities.get(id) ?? 0,
      label: age === 2 ? `${name} · ${this.texts.t("marker.stale")}` : name,
    };
  }

  #age() {
    for (const [id, shown] of this.drawn) {
      if (this.picture.positions.has(id) && this.picture.ageClass(id) !== shown.age) this.touched.add(id);
    }
  }

  #showSelected() {
    if (!this.ready) return;
    const position = this.picture.positions.get(this.selected);
    const shapes = position
      ? [feature(circle(position.lon, position.lat, position.accuracy)), feature(point(position.lon, position.lat))]
      : [];
    this.map.getSource("selected").setData(collection(shapes));
    const route = this.picture.shipmentOf(this.selected)?.route_id ?? "";
    this.map.setFilter("route-chosen", ["==", ["get", "id"], route]);
    if (!position) return;
    this.#growTrack(position);
    if (this.following) this.map.easeTo({ center: [position.lon, position.lat], offset: this.#offset(), ...calm(500) });
  }

  async #fetchTrack(id) {
    try {
      const answer = await fetch(`/api/track/${encodeURIComponent(id)}?minutes=120`);
      const track = answer.ok ? await answer.json() : NO_TRACK;
      if (id === this.selected) this.#showTrack(track);
    } catch {
      // The banner says that the connection is lost; the map does without the track.
    }
  }

  #growTrack({ lon, lat, flags }) {
    const part = flags & (this.track?.unusable ?? 0) ? "doubted" : "line";
    const points = this.track?.[part] ?? [];
    const last = points.at(-1) ?? [];
    if (!this.track?.line.length || (last[0] === lon && last[1] === lat)) return;
    this.#showTrack({ ...this.track, [part]: [...points, [lon, lat]] });
  }

  // Good fixes as a line, doubted ones each by itself.
  #showTrack(track) {
    this.track = track;
    if (!this.ready) return;
    const { line, doubted } = track;
    const shapes = doubted.map(([lon, lat]) => feature(point(lon, lat)));
    if (line.length > 1) shapes.push(feature({ type: "LineString", coordinates: line }));
    this.map.getSource("track").setData(collection(shapes));
  }

  #click(event) {
    if (this.ready) this.select(this.#deviceAt(event.point));
  }

  #point(at) {
    const now = performance.now();
    if (!this.ready || now - (this.pointedAt ?? 0) < POINT_MS) return;
    this.pointedAt = now;
    this.map.getCanvas().style.cursor = this.#deviceAt(at) ? "pointer" : "";
  }

  #deviceAt({ x, y }) {
    const reach = CLICK_REACH_PX;
    const box = [[x - reach, y - reach], [x + reach, y + reach]];
    const found = this.map.queryRenderedFeatures(box, { layers: ["markers"] });
    const nearest = (f) => {
      const at = this.map.project(f.geometry.coordinates);
      return (at.x - x) ** 2 + (at.y - y) ** 2;
    };
    found.sort((a, b) => nearest(a) - nearest(b));
    return found[0]?.properties.device ?? null;
  }

  // The middle of what the card of the selected device leaves free.
  #offset() {
    const wide = this.map.getContainer().clientWidth > 900;
    return [wide ? 200 : 0, 0];
  }

  #fly(options) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.map.jumpTo(options);
    else this.map.flyTo({ ...options, duration: 900, essential: false });
  }
}

function calm(duration) {
  return { duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : duration };
}

function change(id, newGeometry, now, before) {
  const addOrUpdateProperties = Object.entries(now)
    .filter(([key, value]) => before[key] !== value)
    .map(([key, value]) => ({ key, value }));
  return { id, newGeometry, addOrUpdateProperties };
}
