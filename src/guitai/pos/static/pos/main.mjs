// The till starts here: wires state, view, server and agent together.

import { owed } from "./actions/after.mjs";
import { openOrder } from "./actions/orders.mjs";
import { putAside } from "./actions/checkout.mjs";
import { loadDevices } from "./actions/devices.mjs";
import { noteClock, tellClock } from "./actions/clock.mjs";
import { loadBook, tellServer } from "./actions/doctor.mjs";
import { loadProducts, refresh, startBeat } from "./actions/session.mjs";
import { App } from "./app.mjs";
import { ClockWatch } from "./logic/clock.mjs";
import { LineWatch } from "./logic/line.mjs";
import { AgentLink } from "./net/agent.mjs";
import { TillApi } from "./net/api.mjs";
import { Pictures } from "./net/book.mjs";
import { Prints } from "./net/prints.mjs";
import { small } from "./net/store.mjs";
import { onePaperAtATime } from "./ui/clicks.mjs";
import { listen, scanned } from "./ui/keys.mjs";
import { errorWords } from "./ui/parts.mjs";
import { view } from "./ui/view.mjs";
import { setLanguage } from "./words/words.mjs";

const LOCK = "guitai-till";
const LINE_CHECK_MS = 500;

function main() {
  const root = document.getElementById("till");
  const app = new App(root, view);
  window.guitai = { app };
  setLanguage(small.get("language") ?? "zh-Hant");
  wire(app, root.dataset);
  listen(app);
  onePaperAtATime(root);
  watchLine(app);
  app.draw();
  loadBook(app);
  onlyPage(app);
}

function wire(app, { api, page, agentPorts }) {
  const line = new LineWatch();
  app.lineWatch = line;
  app.clock = new ClockWatch();
  app.pageBase = page;
  app.api = new TillApi({ base: api, line, clock: app.clock, changed: (result) => afterAnswer(app, result) });
  app.agent = agentLink(app, agentPorts);
  app.pictures = new Pictures({ base: page, agent: app.agent, changed: () => app.draw() });
  app.prints = new Prints({ api: app.api, agent: app.agent, changed: () => app.draw(), isOwed: (id) => id in owed.all() });
  app.loadProducts = () => loadProducts(app);
  app.putAside = () => putAside(app);
  app.showOrder = (id) => openOrder(app, id);
  app.reportFault = (error) => app.say("bad", "say.error", { words: errorWords(error) });
  app.theme = () => small.get("theme") ?? "auto";
  app.setTheme = (name) => { small.set("theme", name); applyTheme(name); app.draw(); };
  app.setLanguage = (code) => { small.set("language", setLanguage(code)); app.draw(); };
  applyTheme(app.theme());
}

function agentLink(app, agentPorts) {
  return new AgentLink({
    ports: agentPorts.split(",").map(Number),
    token: { get: () => small.get("agent_token"), set: (value) => small.set("agent_token", value) },
    atHome: { get: () => small.get("agent_here"), set: (id) => small.set("agent_here", id) },
    label: () => `${app.state.till.store.name} ${app.state.till.register.name}`,
    least: () => app.state.till?.agent?.min_version ?? "",
    ticket: () => app.api.post("relay-ticket", small.get("agent_of") ? { agent_of: small.get("agent_of") } : {}),
    told: {
      changed: (agent) => agentChanged(app, agent),
      job: (job) => app.prints.onJob(job),
      scan: (text) => scanned(app, text),
      server: (server) => app.within("devices", { server }),
      devices: () => { if (app.state.page === "device") loadDevices(app); },
      arrived: () => { tellClock(app); app.within("doctor", { error: null }); if (app.state.page === "device") loadDevices(app); },
      released: () => refresh(app),
    },
  });
}

function applyTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}

function agentChanged(app, agent) {
  const { state: was, health } = app.state.agent;
  app.set({ agent });
  tellServer(app);
  if (agent.state === "ready" && was !== "ready") app.prints.fetchWaiting().then(() => app.prints.pump());
  else if (agent.state !== "ready" && was === "ready") app.prints.pump();
  // It may be well again, and take what it has refused.
  else if (agent.health !== health && app.prints.open().some((job) => job.state === "held")) app.prints.tend();
}

/** Any "who are you" leads back to the question who we are; the cart stays. */
function afterAnswer(app, result) {
  updateLine(app);
  if (result.kind !== "refused" || result.status !== 401 || app.checking) return;
  app.checking = true;
  queueMicrotask(() => refresh(app).finally(() => { app.checking = false; }));
}

function updateLine(app) {
  const line = app.lineWatch.state(performance.now());
  if (line === app.state.line) return;
  app.set({ line });
  if (line !== "ok") app.hurry?.();
  else if (app.state.phase === "till") app.prints.tend(); // What became of paper meanwhile is told now.
}

function watchLine(app) {
  const online = () => {
    app.lineWatch.online = navigator.onLine;
    updateLine(app);
    if (navigator.onLine && app.state.phase !== "loading") refresh(app);
  };
  window.addEventListener("online", online);
  window.addEventListener("offline", online);
  document.addEventListener("compositionstart", (event) => { event.target.guitaiComposing = true; });
  document.addEventListener("compositionend", (event) => { event.target.guitaiComposing = false; });
  app.lineWatch.online = navigator.onLine;
  setInterval(() => { updateLine(app); watchClock(app); }, LINE_CHECK_MS);
}

/** A clock that was set, or a computer that slept: the server is asked again at once. */
function watchClock(app) {
  if (app.clock.tick() && !["loading", "elsewhere"].includes(app.state.phase)) refresh(app);
  noteClock(app);
}

/** Two pages with one cart would sell it twice: only one page of this device works at a time. */
function onlyPage(app) {
  const start = async () => {
    app.set({ phase: "loading" });
    await refresh(app);
    startBeat(app);
  };
  if (!navigator.locks) return start();
  const hold = () => { start(); return new Promise(() => {}); };
  app.takeOver = () => navigator.locks.request(LOCK, { steal: true }, hold).catch(() => stolen(app));
  navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => {
    if (!lock) return app.set({ phase: "elsewhere" });
    return hold();
  }).catch(() => stolen(app));
  return undefined;
}

function stolen(app) {
  clearTimeout(app.beat);
  app.agent.stop();
  app.set({ phase: "elsewhere" });
}

main();
