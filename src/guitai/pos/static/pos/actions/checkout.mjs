// From 收款 to the invoice: the sale is kept here first, then asked until it is answered.

import { freshCart } from "../app.mjs";
import { printDetail } from "./after.mjs";
import { clockBlocks } from "./clock.mjs";
import { isEmpty, refreshed, totalOf } from "../logic/cart.mjs";
import { FIELD_OF, choiceFault, kindsOf, newChoice, withKind } from "../logic/invoice.mjs";
import { parseAmount, shown } from "../logic/money.mjs";
import { afterTry, isSettled, newEntry, waitAfter } from "../logic/outbox.mjs";
import { buildSale } from "../logic/sale.mjs";
import { hasCentre } from "../logic/strip.mjs";
import { changeOf, fillDifference, newTender, tenderFault } from "../logic/tender.mjs";
import { outbox } from "../net/store.mjs";

const SALE_TIMEOUT_MS = 10_000;

export const sumDue = (app) => totalOf(app.state.cart);

export function openCheckout(app) {
  if (isEmpty(app.state.cart)) return app.say("warn", "sale.empty");
  if (!app.may("till.checkout")) return app.say("warn", "may.not", { what: "@sale.pay" });
  const choice = offeredChoice(app);
  app.set({ stage: "checkout", page: "sale", choice, edit: null, fault: null, say: null, tenders: [newTender("cash")], tender: 0 });
  return app.focus(placeOf(choiceFault(choice)) ?? "tender-0");
}

/** Without a centre on this register a legal number cannot be had: only 自行開立 (B.5.3). */
export const onlySelf = (app) => !hasCentre(app.state.till);

/** The kinds of invoice that can be picked here, with their keys. */
export const offered = (app) => kindsOf(app.state.till, !onlySelf(app));

/** The choice so far, or the first kind where that one is not offered here (any more). */
function offeredChoice(app) {
  const { choice } = app.state;
  const kinds = offered(app).map(({ kind }) => kind);
  return kinds.includes(choice.kind) ? choice : withKind(choice, kinds[0]);
}

/** 取消: one page back; the cart stays (B.5.5). */
export function backToCart(app) {
  app.set({ stage: "cart", fault: null });
  app.focus("query");
}

export function pickKind(app, kind) {
  app.set({ choice: withKind(app.state.choice, kind), fault: null });
  app.focus(FIELD_OF[kind] ? "choice-field" : `tender-${app.state.tender}`);
}

/** The field in which a fault of the choice is mended; none for a fault of the money. */
const placeOf = (fault) => (fault?.field === "companyCarrier" ? "company-carrier" : fault?.field && "choice-field");

export function setChoice(app, change) {
  app.set({ choice: { ...app.state.choice, ...change }, fault: null });
}

/** Enter in the invoice field: complain there, or go on to the money. */
export function leaveChoice(app) {
  const fault = choiceFault(app.state.choice);
  app.set({ fault });
  app.focus(placeOf(fault) ?? `tender-${app.state.tender}`);
}

export function setTender(app, index, change) {
  const tenders = app.state.tenders.map((tender, at) => (at === index ? { ...tender, ...change } : tender));
  app.set({ tenders, tender: index, fault: null });
}

export function typeTender(app, index, text) {
  const amount = text.trim() === "" ? null : parseAmount(text);
  if (text.trim() !== "" && amount === null) return app.draw();
  const single = app.state.tenders.length === 1;
  const cash = app.state.tenders[index].method === "cash";
  return setTender(app, index, cash && single ? { received: amount } : { amount });
}

export function pickMethod(app, index, method) {
  setTender(app, index, { ...newTender(method), amount: app.state.tenders.length > 1 ? app.state.tenders[index].amount : null });
  app.focus(method === "cash" ? `tender-${index}` : `reference-${index}`);
}

/** Several tenders: the first keeps what it has, the new one takes the rest. */
export function addTender(app) {
  const { tenders } = app.state;
  const total = sumDue(app);
  const first = tenders.map((tender) => {
    if (tenders.length > 1 || tender.method !== "cash") return tender;
    const given = tender.received ?? 0;
    return { ...tender, amount: given && given < total ? given : null, received: null };
  });
  const method = first.some((tender) => tender.method === "cash") ? "card" : "cash";
  app.set({ tenders: [...first, newTender(method)], tender: first.length, fault: null });
  app.focus(`tender-${first.length}`);
}

export function removeTender(app, index) {
  const tenders = app.state.tenders.filter((_, at) => at !== index);
  const single = tenders.length === 1 ? [{ ...tenders[0], amount: null, received: null }] : tenders;
  app.set({ tenders: single, tender: 0, fault: null });
  app.focus("tender-0");
}

export function fillRest(app, index) {
  app.set({ tenders: fillDifference(app.state.tenders, index, sumDue(app)), fault: null });
}

/** Check, keep on this device, send. Pressing twice does nothing twice. */
export async function confirmSale(app) {
  const { stage, choice, tenders, cart, note, recognisedOn } = app.state;
  if (stage !== "checkout") return;
  if (clockBlocks(app)) return app.focus("clock-recheck");
  const fault = choiceFault(choice) ?? tenderFault(tenders, sumDue(app));
  if (fault) return showFault(app, fault);
  const sale = buildSale(cart, { tenders, choice, note, recognisedOn });
  const entry = {
    ...newEntry(sale.id, JSON.stringify(sale), sale.total, sale.started_at),
    change: changeOf(tenders, sale.total), cash: sale.tenders.some((line) => line.method === "cash"),
    kind: choice.kind, number: sale.invoice.number ?? "", cart, choice,
  };
  app.set({ stage: "asking", entry, fault: null, say: null });
  try {
    await outbox.put(entry);
  } catch (error) {
    console.warn("guitai: cannot keep the sale", error);
    return app.set({ stage: "checkout", entry: null, fault: { code: "sale.cannot_keep" } });
  }
  return askUntilAnswered(app, entry.id);
}

function showFault(app, fault) {
  app.set({ fault, tender: fault.index ?? app.state.tender });
  return app.focus(placeOf(fault) ?? `tender-${fault.index}`);
}

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** The same question, the same bytes, until an answer or until somebody must sign in. */
async function askUntilAnswered(app, id) {
  if (asked.has(id)) return;
  asked.add(id);
  try {
    for (;;) {
      const next = await askOnce(app, byId(app, id));
      if (isSettled(next)) return await settle(app, next);
      if (next.state === "hold") return undefined;
      await sleep(waitAfter(next.tries));
    }
  } finally {
    asked.delete(id);
  }
}

const asked = new Set();

async function askOnce(app, entry) {
  const result = await app.api.send("POST", "sales", entry.body, { timeout: SALE_TIMEOUT_MS });
  const next = { ...afterTry(entry, result), aside: byId(app, entry.id)?.aside ?? entry.aside };
  replace(app, next);
  // What was kept before the first try stays true; a newer count is only for the screen.
  if (!isSettled(next)) await outbox.put(next).catch((error) => console.warn("guitai:", error));
  return next;
}

async function settle(app, entry) {
  if (entry.state === "done") finish(app, entry);
  else refuse(app, entry);
  // A refused sale at the side keeps its cart here until a person has decided.
  if (entry.aside && entry.state !== "done") await outbox.put(entry);
  else await outbox.remove(entry.id);
}

const byId = (app, id) => [app.state.entry, ...app.state.aside].find((entry) => entry?.id === id);

function replace(app, entry) {
  if (app.state.entry?.id === entry.id) app.set({ entry });
  else app.set({ aside: app.state.aside.map((one) => (one.id === entry.id ? entry : one)) });
}

function finish(app, entry) {
  const { answer } = entry;
  const about = { orderId: answer.order.id, label: answer.invoice?.number ?? answer.order.number };
  if (answer.numbers && app.state.till) {
    app.set({ till: { ...app.state.till, numbers: { ...app.state.till.numbers, ...answer.numbers } } });
  }
  const result = { ...entry, body: undefined };
  if (app.state.entry?.id === entry.id) {
    app.set({ stage: "done", page: "sale", result, entry: null, cart: freshCart(), choice: newChoice(), selected: null });
    app.focus(mustIssue(result) ? "issue" : "next");
  } else {
    app.set({ aside: app.state.aside.filter((one) => one.id !== entry.id) });
    app.say("good", "sale.aside_done", { number: answer.invoice?.number ?? answer.order.number });
  }
  app.prints.add(answer.print_jobs ?? [], about);
  if (entry.choice.detail && answer.invoice && !answer.replay) printDetail(app, answer.order.id);
  if (entry.cash && !entry.unknown) openDrawer(app);
}

/** Whether the clerk must still press 「開立發票」: forgotten, it can never be issued (B.5.6). */
export const mustIssue = (result) =>
  result.kind !== "none_yet" && !result.answer.invoice && (result.answer.order.can_issue ?? (result.kind !== "self" && result.total > 0));

function openDrawer(app) {
  if (app.agent.state !== "ready") return;
  app.agent.request("drawer.open").catch(() => app.say("warn", "drawer.not_opened"));
}

function refuse(app, entry) {
  if (app.state.entry?.id !== entry.id) {
    app.set({ aside: app.state.aside.map((one) => (one.id === entry.id ? entry : one)) });
    return app.say("bad", "sale.aside_refused", { total: shown(entry.total) });
  }
  const stage = app.state.phase === "till" ? "checkout" : "cart";
  app.set({ stage, entry: null, fault: { error: entry.error, reused: entry.state === "reused" } });
  if (/^ORD-(CATALOG-CHANGED|NOT-SOLD|PRICE-CHANGED)$/.test(entry.error?.code ?? "")) renewCart(app);
  const field = entry.error?.field ?? "";
  if (field.endsWith("carrier") && entry.kind === "company") return app.focus("company-carrier");
  return app.focus(/^(invoice|ban|carrier|npoban|number)/.test(field) ? "choice-field" : "confirm");
}

/** The goods changed under the cart: today's prices into it, the clerk sees the new total. */
async function renewCart(app) {
  await app.loadProducts();
  const fresh = refreshed(app.state.cart, app.state.catalogue.byId);
  app.set({ cart: fresh.cart, tenders: [newTender("cash")], tender: 0 });
  if (isEmpty(fresh.cart)) backToCart(app);
}

/** No answer for long: serve the next customer; this sale goes on being asked in the background. */
export function putAside(app) {
  const entry = { ...app.state.entry, aside: true };
  app.set({
    aside: [...app.state.aside, entry], entry: null, stage: "cart", cart: freshCart(), choice: newChoice(),
    selected: null,
  });
  outbox.put(entry);
  app.focus("query");
}

/** A refused sale from the side comes back as a cart under its own id. */
export async function takeBack(app, entry) {
  if (!isEmpty(app.state.cart)) return app.say("warn", "parked.cart_not_empty");
  app.set({
    aside: app.state.aside.filter((one) => one.id !== entry.id), cart: entry.cart, choice: entry.choice,
    stage: "cart", say: null,
  });
  return outbox.remove(entry.id);
}

/** After a start or a new sign-in: ask again whatever was never answered. */
export async function resumeSales(app) {
  const entries = await outbox.all().catch((error) => {
    console.warn("guitai: cannot read the kept sales", error);
    return [];
  });
  for (const entry of entries.filter((one) => !asked.has(one.id))) {
    if (isSettled(entry)) {
      app.set({ aside: [...app.state.aside.filter((one) => one.id !== entry.id), entry] });
      continue;
    }
    // An earlier try may have arrived, whatever this page remembers of it.
    const again = { ...entry, state: "asking", unknown: true };
    const mine = entry.id === app.state.cart.id && !entry.aside;
    if (mine) app.set({ entry: again, stage: "asking", page: "sale" });
    else app.set({ aside: [...app.state.aside.filter((one) => one.id !== entry.id), { ...again, aside: true }] });
    askUntilAnswered(app, entry.id);
  }
}
