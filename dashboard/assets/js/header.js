// Connection, age of the data, clocks, totals, and the banner that says when not to trust them.

import { setText } from "./dom.js";

const CLOCKS = { WIB: "Asia/Jakarta", WITA: "Asia/Makassar", WIT: "Asia/Jayapura" };

// live | quiet (nothing ever came) | stale | database | lost | expired | connecting
export function condition(picture, stream) {
  if (stream.state === "expired") return { state: "expired" };
  if (stream.state === "lost") return { state: "lost", since: stream.heardAt + picture.offsetMs };
  const beat = picture.heartbeat;
  if (!beat) return { state: "connecting" };
  if (beat.lost_since) return { state: "database", since: beat.lost_since };
  if (!picture.loaded) return { state: "connecting" };
  if (!beat.newest) return { state: "quiet" };
  const age = (picture.now() - beat.newest) / 1000;
  if (beat.stale_after_s !== null && age > beat.stale_after_s) return { state: "stale", since: beat.newest };
  return { state: "live" };
}

export class Header {
  constructor(picture, stream, texts) {
    this.picture = picture;
    this.stream = stream;
    this.texts = texts;
    const byId = (id) => document.getElementById(id);
    this.parts = {
      connection: byId("connection"), age: byId("data-age"), banner: byId("banner"),
      title: byId("banner-title"), text: byId("banner-text"), shell: byId("shell"),
      flood: byId("flood"), floodTitle: byId("flood-title"), floodText: byId("flood-text"),
    };
  }

  draw() {
    const now = this.picture.now();
    const { state, since } = condition(this.picture, this.stream);
    this.#clocks(now);
    this.#age(now);
    this.#pill(state, since, now);
    this.#banner(state, since, now);
    this.#flood();
    this.#totals();
    this.parts.shell.dataset.state = state;
  }

  #clocks(now) {
    for (const [name, zone] of Object.entries(CLOCKS)) {
      setText(document.getElementById(`clock-${name}`), this.texts.clock(now, zone, name === "WIB"));
    }
  }

  #age(now) {
    const newest = this.picture.heartbeat?.newest;
    setText(this.parts.age, newest ? this.texts.span((now - newest) / 1000) : "–");
  }

  #pill(state, since, now) {
    const word = this.texts.t(`connection.${state}`);
    const seconds = since ? ` ${this.texts.span((now - since) / 1000)}` : "";
    setText(this.parts.connection, word + seconds);
    this.parts.connection.dataset.state = state;
  }

  #banner(state, since, now) {
    const told = ["stale", "database", "lost", "expired"].includes(state);
    this.parts.banner.hidden = !told;
    if (!told) return;
    this.parts.banner.dataset.state = state;
    const time = since ? this.texts.time(since, CLOCKS.WIB, now) : "";
    const span = since ? this.texts.span((now - since) / 1000) : "";
    setText(this.parts.title, this.texts.t(`banner.${state}.title`, { time, span }));
    setText(this.parts.text, this.texts.t(`banner.${state}.text`, { time, span }));
  }

  #flood() {
    const flood = this.picture.heartbeat?.flood;
    this.parts.flood.hidden = !flood;
    if (!flood) return;
    const values = { n: this.texts.number(flood.alerts), span: this.texts.span(flood.window_s) };
    setText(this.parts.floodTitle, this.texts.t("flood.title", values));
    setText(this.parts.floodText, this.texts.t("flood.text", values));
  }

  #totals() {
    const totals = this.picture.heartbeat?.loaded ? this.picture.heartbeat.totals : null;
    const notes = {
      in_transit: ["kpi.of_shipments", totals?.shipments],
      arrived: ["kpi.of_shipments", totals?.shipments],
      unacknowledged: [totals?.shelved ? "kpi.of_open_shelved" : "kpi.of_open", totals?.open, totals?.shelved],
      reporting: ["kpi.of_trackers", totals && totals.reporting + totals.silent + totals.unheard],
      silent: totals?.unheard ? ["kpi.unheard", totals.unheard] : null,
    };
    for (const [name, note] of Object.entries(notes)) {
      const tile = document.getElementById(`kpi-${name}`);
      setText(tile.querySelector(".number"), totals ? this.texts.number(totals[name]) : "–");
      setText(tile.querySelector(".note"), note && totals ? this.texts.t(note[0], { n: this.texts.number(note[1]), m: this.texts.number(note[2] ?? 0) }) : "");
      tile.classList.toggle("is-raised", Boolean(totals?.[name]) && ["unacknowledged", "silent"].includes(name));
    }
    const count = totals?.unacknowledged ?? 0;
    document.title = `${count ? `(${count}) ` : ""}${this.texts.t("product.name")}`;
  }
}
