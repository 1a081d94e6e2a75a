// Words from the server's catalogue; numbers, times and lengths as the language writes them.

const ZONES = { "Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT" };
const LOCALES = { id: "id-ID", en: "en-GB" };
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

export class Texts {
  constructor() {
    this.words = {};
    this.formats = new Map();
  }

  async load(language) {
    const answer = await fetch(`/api/texts?lang=${language}`);
    if (!answer.ok) throw new Error(`texts: ${answer.status}`);
    this.words = await answer.json();
    this.locale = LOCALES[language];
    this.formats.clear();
  }

  t(key, values = {}) {
    const text = this.words[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "–");
  }

  has(key) {
    return key in this.words;
  }

  number(value, digits = 0) {
    return this.#format(Intl.NumberFormat, `number ${digits}`, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  }

  // A length: metres up to a kilometre, then kilometres with one decimal.
  length(metres) {
    if (metres < 1000) return this.t("unit.m", { n: this.number(metres) });
    return this.t("unit.km", { n: this.number(metres / 1000, metres < 100_000 ? 1 : 0) });
  }

  // The two largest units of a span: 12 s, 3 min 05 s, 43 min, 2 h 05 min, 3 d 4 h.
  span(seconds) {
    const s = Math.max(Math.floor(seconds), 0);
    if (s < MINUTE) return this.t("unit.s", { n: s });
    if (s < 10 * MINUTE) return this.#pair("min", s / MINUTE, "s", s % MINUTE);
    if (s < HOUR) return this.t("unit.min", { n: Math.floor(s / MINUTE) });
    if (s < DAY) return this.#pair("h", s / HOUR, "min", (s % HOUR) / MINUTE);
    return this.#pair("d", s / DAY, "h", (s % DAY) / HOUR);
  }

  ago(seconds) {
    return this.t("time.ago", { span: this.span(seconds) });
  }

  // A time of day in `zone` with the zone's name; with its date where that is not today's.
  time(ms, zone, nowMs, withSeconds = true) {
    const clock = this.clock(ms, zone, withSeconds);
    const day = { timeZone: zone, day: "numeric", month: "short" };
    const days = this.#format(Intl.DateTimeFormat, `day ${zone}`, day);
    const date = days.format(ms) === days.format(nowMs) ? "" : `${days.format(ms)} `;
    return `${date}${clock} ${this.zoneName(zone)}`;
  }

  clock(ms, zone, withSeconds) {
    const options = { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (withSeconds) options.second = "2-digit";
    return this.#format(Intl.DateTimeFormat, `clock ${zone} ${withSeconds}`, options).format(ms);
  }

  zoneName(zone) {
    return ZONES[zone] ?? zone;
  }

  #pair(large, many, small, few) {
    const n = String(Math.floor(few)).padStart(small === "h" ? 1 : 2, "0");
    return `${this.t(`unit.${large}`, { n: Math.floor(many) })} ${this.t(`unit.${small}`, { n })}`;
  }

  #format(Kind, name, options) {
    let format = this.formats.get(name);
    if (!format) {
      format = new Kind(this.locale, options);
      this.formats.set(name, format);
    }
    return format;
  }
}
