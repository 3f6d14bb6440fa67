// Going from page to page, parked carts, shift summary, and the devices page.

import { taipeiTime } from "../app.mjs";
import { isEmpty, refreshed, totalOf } from "../logic/cart.mjs";
import { parseAmount } from "../logic/money.mjs";
import { countedCash, summaryFault } from "../logic/shift.mjs";
import { uuid7 } from "../lib/uuid7.mjs";
import { busily } from "./after.mjs";
import { loadDevices } from "./devices.mjs";
import { findOrders } from "./orders.mjs";
import { startNext } from "./selling.mjs";

const failed = (answer) => (answer.kind === "ok" ? null : answer.error ?? { code: "line" });

export function openPage(app, page) {
  if (app.state.phase !== "till") return;
  if (page === "sale") {
    app.set({ page });
    app.focus("query");
  } else if (page === "orders") {
    findOrders(app, { search: "", day: app.today() }).then(() => app.focus("order-search"));
  } else {
    app.set({ page, say: null });
    if (page === "parked") loadParked(app);
    if (page === "shift") loadShift(app);
    if (page === "device") loadDevices(app);
  }
}

// Parked carts (B.5.10) ----------------------------------------------------------------------

export async function loadParked(app) {
  app.within("parked", { state: "loading", error: null });
  const answer = await app.api.get("parked");
  const error = failed(answer);
  app.within("parked", error ? { state: "failed", error } : { state: "ready", list: answer.data.parked ?? answer.data.carts ?? [] });
}

/** Put the cart aside under its own id: taken up again it is still the same sale. */
export function parkCart(app) {
  const { cart, choice, till } = app.state;
  if (isEmpty(cart) || app.state.stage !== "cart") return undefined;
  const label = `${till.session.staff.name} ${taipeiTime().slice(11, 16)}`;
  return busily(app, "park", async () => {
    const answer = await app.api.put(`parked/${cart.id}`, { label, cart: { ...cart, choice, total: totalOf(cart) } });
    const error = failed(answer);
    if (error) return app.reportFault(error);
    startNext(app);
    return app.say("good", "parked.parked", { label });
  });
}

export function takeParked(app, parked) {
  if (!isEmpty(app.state.cart)) return app.within("parked", { error: { code: "parked", message: "", words: "parked.cart_not_empty" } });
  const { choice, total: _total, ...cart } = parked.cart;
  const fresh = refreshed(cart, app.state.catalogue.byId);
  // Into the till first, out of the store second: a crash in between loses nothing.
  app.set({ cart: fresh.cart, choice: choice ?? app.state.choice, page: "sale", stage: "cart", selected: null });
  const names = [...fresh.changed, ...fresh.gone].join("、");
  app.say(names ? "warn" : "good", names ? "parked.changed" : "parked.taken", { names, label: parked.label });
  app.focus("query");
  return app.api.delete(`parked/${parked.id}`);
}

export async function dropParked(app, id) {
  const answer = await app.api.delete(`parked/${id}`);
  if (failed(answer)) return app.within("parked", { error: failed(answer) });
  return loadParked(app);
}

// Shift (B.11) -------------------------------------------------------------------------------

export async function loadShift(app) {
  app.within("shift", { state: "loading", error: null, done: null, ask: "" });
  const answer = await app.api.get("shift");
  const error = failed(answer);
  app.within("shift", error ? { state: "failed", error } : { state: "ready", figures: answer.data });
}

export const expectedCash = (shift) => shift.figures?.expected_cash ?? shift.figures?.cash?.expected ?? 0;

/** What was counted: the typed sum, or the sum of the pieces. Null where nothing was counted. */
export function counted(shift) {
  if (shift.counted.trim() !== "") return parseAmount(shift.counted);
  const any = Object.values(shift.pieces).some((count) => count > 0);
  return any ? countedCash(shift.pieces) : null;
}

/** 小結, and 關帳 with it when `close`. */
export function makeSummary(app, close, confirmed = false) {
  const { shift } = app.state;
  const form = { expected: expectedCash(shift), counted: counted(shift), takenOut: parseAmount(shift.taken || "0"), reason: shift.reason };
  const fault = summaryFault(form);
  if (fault) {
    app.within("shift", { fault });
    return app.focus(`shift-${fault.field}`);
  }
  return busily(app, "summary", async () => {
    const answer = await app.api.post("shift/summary", { id: (app.summaryId ??= uuid7()), counted_cash: form.counted, taken_out: form.takenOut, reason: shift.reason.trim(), close, confirm: confirmed });
    const error = failed(answer);
    if (error) return app.within("shift", { error, ask: error.code === "SHIFT-CONFIRM" ? "summary" : "" });
    app.summaryId = null;
    app.prints.add(answer.data.print_jobs ?? [], { label: "" });
    app.within("shift", { counted: "", pieces: {}, taken: "0", reason: "", fault: null });
    await loadShift(app);
    return app.within("shift", { done: { words: close ? "shift.closed" : "shift.summed", data: answer.data } });
  });
}

export function closeDay(app, confirmed = false) {
  return busily(app, "close", async () => {
    const answer = await app.api.post("shift/close", confirmed ? { confirm: true } : {});
    const error = failed(answer);
    if (error) return app.within("shift", { error, ask: error.code === "SHIFT-CONFIRM" ? "close" : "" });
    app.prints.add(answer.data.print_jobs ?? [], { label: "" });
    await loadShift(app);
    return app.within("shift", { done: { words: "shift.closed", data: answer.data } });
  });
}

// Devices ------------------------------------------------------------------------------------

export function pairAgent(app) {
  const { code } = app.state.device;
  return busily(app, "pair", async () => {
    try {
      await app.agent.pair(code.trim(), app.state.till.register.id);
      app.within("device", { code: "", error: null, say: "device.paired" });
      await app.prints.pump();
    } catch (error) {
      app.within("device", { error });
      app.focus("pair-code");
    }
  });
}

/** Open the drawer without a sale: the server writes down who and why before it opens. */
export function openDrawer(app) {
  const { drawer } = app.state.device;
  if (!drawer.trim()) {
    app.within("device", { drawerFault: "drawer.reason_missing" });
    return app.focus("drawer-reason");
  }
  return busily(app, "drawer", async () => {
    const answer = await app.api.post("drawer", { reason: drawer.trim() });
    const error = failed(answer);
    if (error) return app.within("device", { error });
    try {
      await app.agent.request("drawer.open");
      return app.within("device", { drawer: "", error: null, say: "drawer.opened" });
    } catch (fault) {
      return app.within("device", { error: fault });
    }
  });
}
