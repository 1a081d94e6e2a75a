// Small signs: severity by shape, colour and word.

import { el } from "./dom.js";

export function severityBadge(severity, texts) {
  return el("span", { class: `badge severity-${severity}` },
    el("span", { class: "shape", "aria-hidden": "true" }),
    el("span", { class: "word" }, texts.t(`severity.${severity}`)));
}
