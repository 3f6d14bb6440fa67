// Orders: list, search, detail, and what may be done with one.

import { isInvoiceNumber } from "../logic/invoice.mjs";
import { busily, cancelJob, dropJob, reprint } from "./after.mjs";
import { clockBlocks } from "./clock.mjs";

const failed = (answer) => (answer.kind === "ok" ? null : answer.error ?? { code: "line" });

// While another order is fetched the one before it is gone: a button pressed meanwhile would be about
// the wrong one, and a form opened meanwhile would vanish or change hands when the answer comes.
const NOTHING_OPEN = { detail: null, opening: null, cancel: null, manual: null };

/** `trail` is where each page so far began: the last order of the page before it. */
function queryOf({ search, day, trail }) {
  const given = Object.entries({ search, day, after: trail.at(-1) }).filter(([, value]) => value);
  return new URLSearchParams(given);
}

export const olderOrders = (app) => findOrders(app, { trail: [...app.state.orders.trail, app.state.orders.next] });
export const newerOrders = (app) => findOrders(app, { trail: app.state.orders.trail.slice(0, -1) });

/** Show the orders page with this search; a single hit opens at once. */
export async function findOrders(app, change = {}) {
  if (!app.may("till.order_query")) return app.say("warn", "may.not", { what: "@nav.orders" });
  const orders = { ...app.state.orders, trail: [""], ...change, state: "loading", error: null, ...NOTHING_OPEN };
  app.set({ page: "orders", stage: app.state.stage === "checkout" ? "cart" : app.state.stage, orders });
  const query = queryOf(orders);
  const asked = (app.ordersAsked = (app.ordersAsked ?? 0) + 1);
  const answer = await app.api.get(`orders?${query}`);
  if (asked !== app.ordersAsked) return undefined;
  const error = failed(answer);
  if (error) return app.within("orders", { state: "failed", error });
  const list = answer.data.orders ?? [];
  app.within("orders", { state: "ready", list, next: answer.data.next ?? null });
  const { opening, detail } = app.state.orders;
  if (list.length === 1 && orders.search && !opening && !detail) return openOrder(app, list[0].id);
  return undefined;
}

export async function openOrder(app, id) {
  const { detail } = app.state.orders;
  app.set({ page: "orders", orders: { ...app.state.orders, ...NOTHING_OPEN, detail: detail?.id === id ? detail : null, opening: id, error: null } });
  const answer = await app.api.get(`orders/${id}`);
  const error = failed(answer);
  if (app.state.orders.opening !== id) return;
  app.within("orders", error ? { error, opening: null } : { detail: answer.data.order ? { ...answer.data.order, ...answer.data } : answer.data, opening: null });
}

export const startCancel = (app) => {
  app.within("orders", { cancel: { reason: "" }, manual: null, error: null });
  app.focus("cancel-reason");
};

/** Cancel with a reason; the server voids inside the window and says so outside (B.7.2). */
export function cancelOrder(app) {
  const { detail, cancel } = app.state.orders;
  if (!cancel.reason.trim()) return app.within("orders", { cancel: { ...cancel, fault: "orders.reason_missing" } });
  return busily(app, "cancel", async () => {
    const answer = await app.api.post(`orders/${detail.id}/cancel`, { reason: cancel.reason.trim() });
    const error = failed(answer);
    if (error) return app.within("orders", { error });
    await takeBack(app, detail.id);
    await openOrder(app, detail.id);
    await refreshList(app);
    return app.within("orders", { done: { id: detail.id, refund: answer.data.refund ?? {} } });
  });
}

/** What the agent of a cancelled order holds and has not begun would be the proof of a voided invoice. */
async function takeBack(app, orderId) {
  for (const job of app.prints.list().filter((one) => one.orderId === orderId)) {
    if (job.state === "expired") await dropJob(app, job.id);
    else if (app.prints.canCancel(job)) await cancelJob(app, job.id);
  }
}

async function refreshList(app) {
  const answer = await app.api.get(`orders?${queryOf(app.state.orders)}`);
  if (answer.kind === "ok") app.within("orders", { list: answer.data.orders ?? [] });
}

export function issueOrder(app) {
  if (clockBlocks(app)) return undefined;
  const { detail } = app.state.orders;
  return busily(app, "issue", async () => {
    const answer = await app.api.post(`orders/${detail.id}/issue`);
    const error = failed(answer);
    if (error) return app.within("orders", { error });
    app.prints.add(answer.data.print_jobs ?? [], { orderId: detail.id, label: answer.data.invoice?.number });
    await openOrder(app, detail.id);
    return refreshList(app);
  });
}

export function saveOrderNumber(app) {
  const { detail, manual } = app.state.orders;
  if (!isInvoiceNumber(manual.number)) return app.within("orders", { manual: { ...manual, fault: "invoice.number_shape" } });
  return busily(app, "number", async () => {
    const answer = await app.api.post(`orders/${detail.id}/manual-number`, { number: manual.number });
    const error = failed(answer);
    if (error) return app.within("orders", { manual: { ...manual, error } });
    await openOrder(app, detail.id);
    return refreshList(app);
  });
}

export const reprintOrder = (app, what) =>
  reprint(app, app.state.orders.detail.id, what, app.state.orders.detail.invoice?.number ?? app.state.orders.detail.number);
