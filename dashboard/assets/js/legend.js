// The legend, drawn with the very images that the map uses.

import { drawDoubt, drawHalo, drawMarker, MARKERS } from "./icons.js";
import { el } from "./dom.js";

export function drawLegend(element, texts) {
  const line = (image, key, kind = "") =>
    el("li", { class: kind }, image, el("span", {}, texts.t(key)));
  const halos = [1, 2, 3, 4].map((severity) => line(drawHalo(severity), `legend.severity_${severity}`, "halo"));
  element.replaceChildren(
    el("h3", {}, texts.t("legend.title")),
    el("ul", {},
      ...MARKERS.map((kind) => line(drawMarker(kind, false), `legend.${kind}`)),
      line(drawMarker("moving", false), "legend.faded", "faded"),
      line(drawMarker("moving", true), "legend.stale"),
      line(drawDoubt(), "legend.doubted_track"),
    ),
    el("ul", {}, ...halos,
      line(el("span", { class: "sample corridor" }), "legend.corridor"),
      line(el("span", { class: "sample fence" }), "legend.fence"),
      line(el("span", { class: "sample area" }), "legend.area"),
    ),
  );
}
