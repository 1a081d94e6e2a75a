// Why an alert fired: the sentences of the server, fetched when they are asked for.

import { el } from "./dom.js";

const known = new Map();
const REMEMBERED = 50;

// A heading and a list that fills itself, once for each state of an alert and each language.
export function why(alert, texts) {
  const list = el("ul", { "aria-live": "polite" });
  const show = (sentences) => list.replaceChildren(...sentences.map((sentence) => el("li", {}, sentence)));
  const language = texts.locale.slice(0, 2);
  const key = [alert.alert_id, language, alert.last_seen_at, alert.cleared_at, alert.occurrences].join();
  if (known.has(key)) show(known.get(key));
  else fetchSentences(alert.alert_id, language).then((sentences) => {
    if (!sentences) return;
    if (known.size >= REMEMBERED) known.clear();
    known.set(key, sentences);
    show(sentences);
  });
  return el("section", { class: "why" }, el("h4", {}, texts.t("alerts.why")), list);
}

async function fetchSentences(id, language) {
  try {
    const answer = await fetch(`/api/alerts/${id}/explanation?lang=${language}`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // the next look at the card asks again
  }
}
