// What an alert says: a title, the number that matters, and the numbers behind it.

const SHOWN_PAIRS = 4;
const CLOSE = new Set(["note"]);

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
  SILENCE: ({ detail: d, tz }, texts, { quietS, now }) => ({
    big: texts.span(quietS ?? d.silent_s ?? 0),
    small: [
      texts.t("rule.SILENCE.numbers", { interval: texts.span(d.interval_s ?? 0) }),
      d.expected_exit && texts.t("rule.SILENCE.blankspot", { time: moment(d.expected_exit, tz, texts, now) }),
    ].filter(Boolean).join("; "),
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
  UNPLANNED_STOP: standing,
  DETENTION: standing,
  WRONG_WAY: ({ detail: d }, texts) => ({
    big: isNumber(d.back_m) && texts.length(d.back_m),
    small: texts.t("rule.WRONG_WAY.numbers", { along: length(d.along_m, texts), total: length(d.total_m, texts) }),
  }),
  WAYPOINT_SKIPPED: ({ detail: d }, texts) => ({
    big: d.waypoint,
    isName: true,
    small: texts.t("rule.WAYPOINT_SKIPPED.numbers", { distance: length(d.distance_m, texts), radius: length(d.radius_m, texts) }),
  }),
  CONVOY_SPLIT: (alert, texts) => convoy(alert, alert.detail.behind_m ?? alert.detail.ahead_m ?? alert.detail.distance_m, texts),
  ESCORT_LOST: (alert, texts) => convoy(alert, alert.detail.distance_m, texts),
  INTERFERENCE: ({ detail: d }, texts) => ({
    big: texts.t("rule.INTERFERENCE.devices", { n: texts.number(count(d.devices)) }),
    isName: true,
    small: texts.t("rule.INTERFERENCE.numbers", { radius: length(d.radius_m, texts), kinds: signs(d.kinds, texts) }),
  }),
  FROZEN: ({ detail: d }, texts) => ({
    big: isNumber(d.fixes) ? texts.t("rule.fixes", { n: texts.number(d.fixes) }) : isNumber(d.seconds) && texts.span(d.seconds),
    isName: true,
    small: isNumber(d.speed_kmh) && texts.t("rule.FROZEN.numbers", { speed: speed(d.speed_kmh, texts) }),
  }),
  SPOOFING: ({ detail: d }, texts) => ({
    big: isNumber(d.fixes) && texts.t("rule.fixes", { n: texts.number(d.fixes) }),
    isName: true,
    small: signs(d.reason, texts),
  }),
  MILESTONE: ({ detail: d, tz }, texts, { now }) => ({
    big: isNumber(d.missing) && texts.t("rule.MILESTONE.missing", { n: texts.number(d.missing) }),
    small: texts.t("rule.MILESTONE.numbers", {
      region: d.region,
      milestone: d.milestone,
      deadline: moment(d.deadline, d.tz ?? tz, texts, now),
      reached: percent(d.reached_pct, texts),
      forecast: percent(d.forecast_pct, texts),
    }),
  }),
  LATE_ARRIVAL: ({ detail: d, tz }, texts, { now }) => ({
    big: isNumber(d.late_s) && texts.span(d.late_s),
    small: texts.t("rule.LATE_ARRIVAL.numbers", { eta: moment(d.eta, tz, texts, now), planned: moment(d.planned, tz, texts, now) }),
  }),
};

// `context.quietS`: seconds since the device was last heard; `context.now`: the server's time.
export function headline(alert, texts, context = {}) {
  const key = `rule.${alert.rule}`;
  const known = texts.has(key);
  const words = (RULES[alert.rule] ?? (alert.detail.manifest ? manifest : undefined))?.(alert, texts, { now: Date.now(), ...context }) ?? {};
  return {
    title: known ? texts.t(key) : plain(alert.rule).toLowerCase(),
    what: texts.has(`${key}.what`) ? texts.t(`${key}.what`) : null,
    big: words.big || null,
    isName: words.isName ?? false,
    small: words.small || null,
    pairs: known ? [] : pairs(alert.detail, texts).slice(0, SHOWN_PAIRS),
    note: typeof alert.detail.note === "string" ? alert.detail.note : null,
  };
}

// All numbers of an unknown rule; those of a known one are among the reasons (why.js).
export function numbersOf(alert, texts) {
  return pairs(alert.detail, texts);
}

// What does not agree in a manifest: one alert for all cases of its kind.
function manifest({ detail: d }, texts) {
  const counted = isNumber(d.expected) && isNumber(d.found);
  const key = d.first && d.cases === 1 ? "rule.manifest.one" : "rule.manifest.many";
  return {
    big: counted ? `${texts.number(d.found)} / ${texts.number(d.expected)}` : isNumber(d.outside_m) && texts.length(d.outside_m),
    small: texts.t(key, { manifest: d.manifest, first: d.first, n: texts.number(d.cases ?? 1) }),
  };
}

function seal({ detail: d }, texts) {
  return { big: d.seal_no && texts.t("rule.seal", { seal: d.seal_no }), isName: true };
}

function standing(alert, texts) {
  const { detail: d, facility_name: place } = alert;
  const limit = isNumber(d.limit_s) ? texts.t("rule.limit", { limit: texts.span(d.limit_s) }) : null;
  return { big: isNumber(d.standing_s) && texts.span(d.standing_s), small: [place, limit].filter(Boolean).join("; ") };
}

function convoy({ detail: d }, metres, texts) {
  const limit = length(d.limit_m, texts);
  return { big: isNumber(metres) && texts.length(metres), small: texts.t("rule.convoy", { convoy: d.convoy, limit }) };
}

// With one decimal, as it comes: 99,9 % must not read as all.
function percent(value, texts) {
  return isNumber(value) ? texts.t("unit.percent", { n: texts.number(value, 1) }) : "–";
}

// Kinds of interference as words: "jamming,jump".
function signs(list, texts) {
  const names = String(list ?? "").split(/[ ,;]+/).filter(Boolean);
  return names.map((name) => word(name.toLowerCase(), texts)).join(", ") || null;
}

function word(name, texts) {
  return texts.has(`sign.${name}`) ? texts.t(`sign.${name}`) : plain(name);
}

function count(value) {
  return isNumber(value) ? value : String(value ?? "").split(",").filter(Boolean).length;
}

// A time of an event's numbers, as text or in seconds or milliseconds since 1970.
function moment(value, tz, texts, now) {
  const ms = typeof value === "string" ? Date.parse(value) : value < 1e11 ? value * 1000 : value;
  return isNumber(ms) ? texts.time(ms, tz, now) : "–";
}

function pairs(detail, texts) {
  return Object.entries(detail)
    .filter(([name, value]) => !CLOSE.has(name) && ["number", "string", "boolean"].includes(typeof value))
    .map(([name, value]) => [plain(name), isNumber(value) ? texts.number(value, Number.isInteger(value) ? 0 : 1) : String(value)]);
}

function plain(name) {
  return name.replaceAll("_", " ");
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
