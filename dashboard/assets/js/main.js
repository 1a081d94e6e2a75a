// Puts the live parts into the page that Dash has drawn.

import { Actions } from "./actions.js";
import * as address from "./address.js";
import { AlertList } from "./alerts.js";
import { appears } from "./dom.js";
import { Find } from "./find.js";
import { FILTERS, GROUPINGS } from "./grouping.js";
import { condition, Header } from "./header.js";
import { listen } from "./keyboard.js";
import { drawLegend } from "./legend.js";
import { addLocalFont } from "./local-font.js";
import { LiveMap } from "./map.js";
import { Picture } from "./picture.js";
import { SelectedCard } from "./selected.js";
import { States } from "./states.js";
import { Stream } from "./stream.js";
import { Texts } from "./texts.js";

async function start() {
  const texts = new Texts();
  const [shell] = await Promise.all([appears("shell"), texts.load(document.documentElement.lang)]);
  const wish = address.read();
  const picture = new Picture();
  const stream = new Stream();
  const actions = new Actions(texts, stream);
  const header = new Header(picture, stream, texts);
  const states = new States(picture, texts);
  const legend = document.getElementById("legend");
  const live = makeMap(picture, texts, wish.view, states);
  const list = new AlertList(document.getElementById("alert-list"), picture, texts, {
    me: () => actions.me,
    act,
    acknowledge: (alerts, title) => actions.acknowledge(alerts, title, list),
    locate,
  });
  list.filter = wish.filter;
  list.chosen = wish.group;
  const selected = live && new SelectedCard(live, picture, texts, (id) => list.select(id));
  const find = new Find(picture, texts, (id) => {
    live?.locate(id);
    live?.select(id);
  });

  function act(alert, trigger) {
    return actions.act(alert, trigger, list);
  }

  function locate(alert) {
    list.select(alert.alert_id);
    if (live?.locateArea(alert)) return;
    if (live?.locate(alert.device_id)) live.select(alert.device_id);
    else actions.say(texts.t("alerts.no_place"));
  }

  function tick() {
    header.draw();
    states.draw(condition(picture, stream), list);
    selected?.draw();
  }

  function saveAddress() {
    if (live) {
      address.write({ map: live.map, device: live.selected, alert: list.selected, filter: list.filter, group: list.chosen });
    }
  }

  function showHistory() {
    const alert = list.current();
    document.getElementById("history-panel").hidden = !alert;
    const steps = alert && { id: alert.alert_id, tz: alert.tz, at: lifeOf(alert) };
    if (JSON.stringify(steps) === showHistory.last) return;
    showHistory.last = JSON.stringify(steps);
    window.dash_clientside.set_props("selected-alert", { data: steps ?? null });
  }

  async function fetchPlan(tag) {
    if (fetchPlan.tag === tag) return;
    fetchPlan.tag = tag;
    try {
      const answer = await fetch("/api/plan");
      if (!answer.ok) throw new Error(String(answer.status));
      picture.plan = await answer.json();
      live?.plan();
      tick();
    } catch {
      fetchPlan.tag = null; // the next heartbeat tries again
    }
  }

  stream.addEventListener("heartbeat", ({ detail }) => {
    picture.beat(detail);
    list.setFlood(Boolean(detail.flood));
    if (detail.loaded) fetchPlan(detail.plan);
    tick();
  });
  stream.addEventListener("picture", ({ detail }) => {
    const touched = picture.apply(detail);
    live?.touch(touched, detail.whole);
    if (detail.whole || detail.alerts || detail.gone_alerts) live?.areas();
    if (detail.whole || detail.alerts || detail.gone_alerts || detail.devices) list.draw(detail.whole);
    if (detail.whole) restoreWish();
    showHistory();
    tick();
  });
  stream.addEventListener("state", tick);
  setInterval(tick, 500);

  // Only with the first picture: afterwards the person decides.
  function restoreWish() {
    if (wish.device) live?.select(wish.device);
    if (wish.device && !wish.view) live?.locate(wish.device);
    if (wish.alert) list.select(wish.alert);
    wish.device = null;
    wish.alert = null;
  }

  live?.addEventListener("view", saveAddress);
  live?.addEventListener("select", saveAddress);
  live?.addEventListener("follow", () => mark("button-follow", live.following));
  list.addEventListener("select", () => {
    saveAddress();
    showHistory();
  });
  list.addEventListener("drawn", () => {
    for (const [name, count] of Object.entries(list.counts())) {
      document.getElementById(`count-${name}`).textContent = texts.number(count);
    }
    for (const name of GROUPINGS) mark(`group-${name}`, name === list.grouping);
  });

  function choose(filter) {
    list.choose(filter);
    for (const name of FILTERS) mark(`filter-${name}`, name === filter);
    saveAddress();
    tick();
  }

  function group(name = GROUPINGS[(GROUPINGS.indexOf(list.grouping) + 1) % GROUPINGS.length]) {
    list.group(name);
    saveAddress();
  }

  const clicks = {
    ...Object.fromEntries(FILTERS.map((name) => [`filter-${name}`, () => choose(name)])),
    ...Object.fromEntries(GROUPINGS.map((name) => [`group-${name}`, () => group(name)])),
    "button-zoom-in": () => live?.zoom(1),
    "button-zoom-out": () => live?.zoom(-1),
    "button-fit": () => live?.fitAll(),
    "button-follow": () => live?.follow(!live.following),
    "button-legend": () => {
      legend.hidden = !legend.hidden;
      mark("button-legend", !legend.hidden);
    },
  };
  for (const [id, press] of Object.entries(clicks)) document.getElementById(id).addEventListener("click", press);
  document.addEventListener("kawal:theme", () => {
    live?.restyle();
    drawLegend(legend, texts);
  });
  document.addEventListener("kawal:language", async () => {
    await texts.load(document.documentElement.lang);
    drawLegend(legend, texts);
    list.draw(true);
    find.words();
    live?.touch(picture.positions.keys(), false);
    live?.areas();
    markLanguage();
    tick();
  });
  const menu = document.getElementById("menu");
  document.addEventListener("click", ({ target }) => {
    if (!menu.contains(target)) menu.open = false;
  });
  listen({ list, live: live ?? { select() {}, follow() {}, fitAll() {} }, act, group, locate, find: find.input });

  await actions.load().catch(() => {});
  choose(wish.filter);
  list.draw(true);
  drawLegend(legend, texts);
  markLanguage();
  shell.dataset.ready = "true";
  window.kawal = { picture, stream, live, list }; // for the browser's console and the tests
}

function makeMap(picture, texts, view, states) {
  try {
    addLocalFont(maplibregl);
    return new LiveMap("map", picture, texts, view);
  } catch (fault) {
    console.warn("map:", fault.message);
    states.mapFault = true; // no WebGL: the alerts work without it
    return null;
  }
}

// What changes when the history of an alert does.
function lifeOf(alert) {
  return [alert.state, alert.handled_at, alert.cleared_at, alert.assignee, alert.escalated_at, alert.shelved_until, alert.parent_id, alert.quiet];
}

function mark(id, on) {
  document.getElementById(id).setAttribute("aria-pressed", String(Boolean(on)));
}

function markLanguage() {
  for (const code of ["id", "en"]) mark(`language-${code}`, code === document.documentElement.lang);
}

start();
