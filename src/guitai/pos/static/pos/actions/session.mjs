// Start, binding, signing in and out, and the heartbeat that keeps the status strip true.

import { buildCatalogue } from "../logic/catalogue.mjs";
import { isBan } from "../logic/invoice.mjs";
import { kept, small } from "../net/store.mjs";
import { payOwed } from "./after.mjs";
import { noteClock } from "./clock.mjs";
import { resumeSales } from "./checkout.mjs";

const BEAT_MS = 15_000;
const ANXIOUS_MS = 3_000;

/** Ask the server who we are and go where that leads. Keeps the cart in every case. */
export async function refresh(app) {
  const asked = (app.statesAsked = (app.statesAsked ?? 0) + 1);
  const answer = await app.api.get("state", { timeout: 8000 });
  // A late answer to an older question must not undo what a newer one has told.
  if (asked !== app.statesAsked) return undefined;
  if (answer.kind === "ok") return enter(app, answer.data);
  if (answer.kind === "refused" && [401, 403].includes(answer.status)) return unbound(app);
  if (!app.state.till) app.set({ phase: "unreachable" });
  return undefined;
}

function unbound(app) {
  const lost = Boolean(app.state.till) || app.state.bind.lost;
  app.api.session = "";
  if (app.state.phase !== "bind") {
    const stage = app.state.stage === "checkout" ? "cart" : app.state.stage;
    app.set({ phase: "bind", till: null, stage, bind: { ...app.state.bind, lost, busy: false } });
  }
}

async function enter(app, till) {
  const before = app.state;
  app.api.session = till.session?.id ?? "";
  const phase = till.session ? "till" : "signin";
  app.set({ till, phase });
  noteClock(app);
  if (before.catalogue.version !== till.catalog_version || before.catalogueState !== "ready") {
    await loadProducts(app);
  }
  // Also while nobody is signed in: what the agent still holds may be withdrawn meanwhile.
  if (phase !== "till" || before.phase === "till") app.prints.tend();
  else await arrived(app);
}

async function arrived(app) {
  app.agent.start();
  app.focus("query");
  await resumeSales(app);
  await app.prints.fetchWaiting();
}

export async function loadProducts(app) {
  const name = `products.${app.state.till.register.id}`;
  const stored = await kept.get(name).catch(() => null);
  if (stored && app.state.catalogueState === "loading") show(app, stored);
  const headers = stored?.etag ? { "If-None-Match": stored.etag } : {};
  const answer = await app.api.get("products", { headers, timeout: 60_000 });
  if (answer.kind !== "ok") {
    if (!stored) app.set({ catalogueState: "failed" });
    return;
  }
  const fresh = answer.data ? { ...answer.data, etag: answer.etag } : stored;
  show(app, fresh);
  // Only a convenience for the next start: without it the goods are fetched again.
  if (answer.data) await kept.put(name, fresh).catch((error) => console.warn("guitai:", error));
}

function show(app, stored) {
  const catalogue = buildCatalogue(stored.products, stored.version);
  app.set({ catalogue, catalogueState: "ready" });
}

/** The heartbeat: calm while all is well, quick while the line is not. */
export function startBeat(app) {
  const beat = async () => {
    if (app.state.phase !== "bind") await refresh(app);
    if (app.state.phase === "till" && app.state.line === "ok") await payOwed(app);
    const calm = app.state.line === "ok" && app.state.phase !== "unreachable";
    next(calm ? BEAT_MS : ANXIOUS_MS);
  };
  const next = (wait) => {
    clearTimeout(app.beat);
    if (app.state.phase !== "elsewhere") app.beat = setTimeout(beat, wait);
  };
  // Told at once that the line is in trouble, or the next calm beat would be a quarter minute away.
  app.hurry = () => next(ANXIOUS_MS);
  next(BEAT_MS);
}

/** What can be told before asking: the server does not say which of the two is wrong. */
function bindFault(ban, code) {
  if (!isBan(ban)) return { field: "ban", words: "bind.ban_wrong" };
  return code ? null : { field: "code", words: "bind.code_missing" };
}

export async function bind(app) {
  const { ban, code, name, busy } = app.state.bind;
  if (busy) return undefined;
  const fault = bindFault(ban.trim(), code.trim());
  if (fault) {
    app.within("bind", { error: fault });
    return app.focus(`bind-${fault.field}`);
  }
  app.within("bind", { busy: true, error: null });
  const answer = await app.api.post("bind", {
    ban: ban.trim(), code: code.trim(), device_name: name.trim() || deviceName(),
  });
  if (answer.kind === "ok") {
    app.within("bind", { busy: false, code: "", lost: false });
    return refresh(app);
  }
  app.within("bind", { busy: false, error: answer.error ?? { code: "line" } });
  return app.focus(answer.error?.field === "ban" ? "bind-ban" : "bind-code");
}

/** A name by which people find this device again: "Windows・Chrome". */
export function deviceName() {
  const data = navigator.userAgentData;
  const system = data?.platform || navigator.platform || "";
  const brand = data?.brands?.find((item) => !/not/i.test(item.brand))?.brand ?? "";
  return [system, brand].filter(Boolean).join("・");
}

export function chooseStaff(app, staffId) {
  app.set({ signin: { staffId, pin: "", busy: false, error: null } });
  small.set("last_staff", staffId);
  app.focus("pin");
}

export async function signIn(app) {
  const { staffId, pin, busy } = app.state.signin;
  if (busy || !staffId || !pin) return;
  app.within("signin", { busy: true, error: null });
  const answer = await app.api.post("sign-in", { staff_id: staffId, pin });
  if (answer.kind !== "ok") {
    app.within("signin", { busy: false, pin: "", error: answer.error ?? { code: "line" } });
    return app.focus("pin");
  }
  app.set({ signin: { staffId: null, pin: "", busy: false, error: null } });
  app.api.session = answer.data.session?.id ?? "";
  return refresh(app);
}

/** Sign out or change clerks: the binding and the cart stay (B.15.4). */
export async function signOut(app) {
  const answer = await app.api.post("sign-out");
  if (answer.kind === "unknown") return app.say("bad", "line.down_long");
  app.api.session = "";
  app.set({ page: "sale", stage: app.state.stage === "asking" ? "asking" : "cart", result: null });
  return refresh(app);
}
