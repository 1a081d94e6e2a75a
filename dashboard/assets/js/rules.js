// What an alert says: a title, the number that matters, and the numbers behind it.

const SHOWN_PAIRS = 4;

const RULES = {
  CORRIDOR_DEVIATION: ({ detail: d }, texts) => ({
    big: isNumber(d.outside_m) && texts.length(d.outside_m),
    small: texts.t("rule.CORRIDOR_DEVIATION.numbers", {
      distance: length(d.distance_m, texts),
      half_width: length(d.half_width_m, texts),
      accuracy: length(d.accuracy_m, texts),
    }),
  }),
  SEAL_OPENED: seal,
  SEAL_CUT: seal,
  SILENCE: ({ detail: d }, texts, { quietS }) => ({
    big: texts.span(quietS ?? d.silent_s ?? 0),
    small: texts.t("rule.SILENCE.numbers", { interval: texts.span(d.interval_s ?? 0) }),
  }),
  WRONG_DESTINATION: (alert, texts) => ({
    big: alert.facility_name,
    isName: true,
    small: texts.t("rule.WRONG_DESTINATION.numbers", {
      expected: alert.expected_name ?? alert.to_name ?? alert.detail.expected,
    }),
  }),
  LOW_BATTERY: ({ detail: d }, texts) => ({
    big: isNumber(d.battery_pct) && texts.t("unit.percent", { n: texts.number(d.battery_pct) }),
  }),
  LIGHT: ({ detail: d }, texts) => ({
    big: isNumber(d.light_lux) && texts.t("unit.lux", { n: texts.number(d.light_lux) }),
  }),
  JUMP: ({ detail: d }, texts) => ({
    big: isNumber(d.distance_m) ? texts.length(d.distance_m) : isNumber(d.speed_kmh) && speed(d.speed_kmh, texts),
    small: isNumber(d.distance_m) && isNumber(d.speed_kmh) ? speed(d.speed_kmh, texts) : null,
  }),
};

// `context.quietS`: seconds since the device was last heard.
export function headline(alert, texts, context = {}) {
  const key = `rule.${alert.rule}`;
  const known = texts.has(key);
  const words = RULES[alert.rule]?.(alert, texts, context) ?? {};
  return {
    title: known ? texts.t(key) : alert.rule.replaceAll("_", " ").toLowerCase(),
    what: texts.has(`${key}.what`) ? texts.t(`${key}.what`) : null,
    big: words.big || null,
    isName: words.isName ?? false,
    small: words.small || null,
    pairs: known ? [] : pairs(alert.detail, texts),
    note: typeof alert.detail.note === "string" ? alert.detail.note : null,
  };
}

function seal({ detail: d }, texts) {
  return { big: d.seal_no && texts.t("rule.seal", { seal: d.seal_no }), isName: true };
}

// An unknown rule still shows its numbers, in the words that came with them.
function pairs(detail, texts) {
  return Object.entries(detail)
    .filter(([name, value]) => name !== "note" && ["number", "string", "boolean"].includes(typeof value))
    .slice(0, SHOWN_PAIRS)
    .map(([name, value]) => [name.replaceAll("_", " "), isNumber(value) ? texts.number(value) : String(value)]);
}

function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function length(value, texts) {
  return isNumber(value) ? texts.length(value) : "–";
}

function speed(value, texts) {
  return texts.t("unit.kmh", { n: texts.number(value) });
}
