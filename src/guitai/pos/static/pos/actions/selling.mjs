// Everything that changes the cart, from scanner, keyboard or finger.

import { freshCart } from "../app.mjs";
import { uuid7 } from "../lib/uuid7.mjs";
import * as carts from "../logic/cart.mjs";
import { findByCode, search, splitTimes } from "../logic/catalogue.mjs";
import { parseDiscount } from "../logic/discount.mjs";
import { hasCentre } from "../logic/strip.mjs";
import { isBan, maskedCarrier, newChoice, withScanned } from "../logic/invoice.mjs";
import { SCALE, halfWidth, parseAmount, parseQuantity, shown } from "../logic/money.mjs";
import { newTender } from "../logic/tender.mjs";

/** Take over the result of a cart function, or say why not. */
function take(app, result, said) {
  if (result.error) return app.say("bad", `cart.${result.error}`);
  app.set({ cart: result.cart, selected: result.lineId ?? app.state.selected, say: said ?? null });
  return result;
}

/** The cart may change while it is being filled or looked at, not while the sale is being asked. */
export function mayChange(app) {
  if (app.state.stage === "asking") {
    app.say("warn", "sale.being_asked");
    return false;
  }
  if (app.state.stage === "done") startNext(app);
  return true;
}

/** The next customer: empty cart with a new id, fresh choice. */
export function startNext(app) {
  app.set({
    cart: freshCart(), choice: newChoice(), tenders: [newTender("cash")], tender: 0, note: "",
    recognisedOn: "", more: false, fault: null, stage: "cart", page: "sale", result: null,
    entry: null, selected: null, edit: null, query: "", say: null,
  });
  app.focus("query");
}

export function addProduct(app, product, quantity = SCALE) {
  if (!mayChange(app)) return;
  const result = carts.addProduct(app.state.cart, product, quantity, uuid7());
  const said = { tone: "good", code: "cart.added", params: { name: product.name } };
  if (take(app, result, said)) app.set({ query: "", active: 0, page: "sale", edit: null });
}

/** A code that stands for a product: at once into the cart, or say that nobody knows it. */
export function enterCode(app, code, times = null) {
  const quantity = times === null ? SCALE : parseQuantity(times);
  if (quantity === null) return app.say("bad", "cart.quantity");
  const product = findByCode(app.state.catalogue, code);
  if (product) return addProduct(app, product, quantity);
  const known = app.state.catalogueState === "ready";
  app.set({ page: app.state.stage === "checkout" ? app.state.page : "sale", query: "" });
  return app.say("bad", known ? "cart.unknown_code" : "cart.goods_loading", { code }, { offerFree: known ? code : "" });
}

/** Enter in the search field. */
export function submitQuery(app) {
  const { times, rest } = splitTimes(halfWidth(app.state.query));
  const text = rest.trim();
  if (!text) return null;
  if (findByCode(app.state.catalogue, text)) return enterCode(app, text, times);
  const found = search(app.state.catalogue, text);
  const product = found[Math.min(app.state.active, found.length - 1)];
  if (!product) return enterCode(app, text, times);
  const quantity = times === null ? SCALE : parseQuantity(times);
  return quantity === null ? app.say("bad", "cart.quantity") : addProduct(app, product, quantity);
}

/** A code that names the buyer or the carrier picks the invoice choice, whenever it comes. */
export function scanChoice(app, kind, field, value) {
  if (!mayChange(app)) return;
  if (!hasCentre(app.state.till)) return app.say("warn", "choice.only_self");
  const choice = withScanned(app.state.choice, kind, field, value);
  app.set({ choice, fault: null });
  const both = choice.kind === "company" && choice.companyCarrier;
  const word = field === "carrier" ? maskedCarrier(value) : value;
  app.say("good", both ? "choice.scanned_both" : `choice.scanned_${kind}`, both ? { ban: choice.ban, value: maskedCarrier(choice.companyCarrier) } : { value: word });
}

/** A scanned code, as often as 「3*」 in the search field says. */
export function scanCode(app, code) {
  const { times, rest } = splitTimes(halfWidth(app.state.query));
  return enterCode(app, code, rest.trim() ? null : times);
}

/** Digits: a product first; else eight that pass the checksum are a BAN. */
export function scanDigits(app, text) {
  const { stage, choice } = app.state;
  if (findByCode(app.state.catalogue, text)) return scanCode(app, text);
  if (stage === "checkout" && choice.kind === "donation" && /^\d{3,7}$/.test(text)) {
    return scanChoice(app, "donation", "npoban", text);
  }
  if (isBan(text)) return scanChoice(app, "company", "ban", text);
  return enterCode(app, text);
}

/** The line that keys act on: the selected one or the last. */
export function currentLine(app) {
  const { cart, selected } = app.state;
  return carts.findLine(cart, selected) ?? cart.lines.at(-1);
}

export function moveSelection(app, step) {
  const { lines } = app.state.cart;
  if (!lines.length) return;
  const at = lines.findIndex((line) => line.id === currentLine(app).id);
  const next = Math.min(lines.length - 1, Math.max(0, at + step));
  app.set({ selected: lines[next].id, edit: null });
}

export function stepQuantity(app, lineId, step) {
  const line = carts.findLine(app.state.cart, lineId);
  if (!line || !mayChange(app)) return;
  const quantity = line.quantity + step * SCALE;
  if (quantity <= 0) return removeLine(app, lineId);
  take(app, { ...carts.setQuantity(app.state.cart, lineId, quantity), lineId });
}

export function removeLine(app, lineId) {
  const line = carts.findLine(app.state.cart, lineId);
  if (!line || !mayChange(app)) return;
  const at = app.state.cart.lines.indexOf(line);
  const cart = carts.removeLine(app.state.cart, lineId);
  const selected = cart.lines[Math.min(at, cart.lines.length - 1)]?.id ?? null;
  app.set({ cart, selected, edit: null, undo: { line, at } });
  app.say("idle", "cart.removed", { name: line.name }, { undo: true });
  app.focus("query");
}

/** Put the line back that was just removed. */
export function undoRemove(app) {
  const { undo, cart } = app.state;
  if (!undo) return;
  const lines = [...cart.lines.slice(0, undo.at), undo.line, ...cart.lines.slice(undo.at)];
  app.set({ cart: { ...cart, lines }, selected: undo.line.id, undo: null, say: null });
}

/** Empty the cart; the last one can be brought back until the next line is added. */
export function clearCart(app) {
  if (carts.isEmpty(app.state.cart) || !mayChange(app)) return;
  const gone = app.state.cart;
  app.set({ cart: freshCart(), choice: newChoice(), selected: null, edit: null, stage: "cart" });
  app.say("idle", "cart.cleared", { total: shown(carts.totalOf(gone)) }, { restore: gone });
  app.focus("query");
}

export function restoreCart(app, cart) {
  app.set({ cart, say: null, selected: cart.lines.at(-1)?.id ?? null });
}

const NEEDS = { price: "till.price_change", discount: "till.line_discount", order_discount: "till.order_discount", free: "till.price_change" };

/** Open the little field for a quantity, price or discount; says who may, if this person may not. */
export function startEdit(app, what, lineId = null, seed = {}) {
  if (NEEDS[what] && !app.may(NEEDS[what])) return app.say("warn", "may.not", { what: `@edit.${what}` });
  if (!mayChange(app)) return undefined;
  if (lineId === null && what !== "order_discount" && what !== "free") return undefined;
  app.set({ edit: { what, lineId, text: "", name: "", fault: null, ...seed }, selected: lineId ?? app.state.selected });
  return app.focus(what === "free" ? "edit-name" : "edit-text");
}

export function cancelEdit(app) {
  app.set({ edit: null });
  app.focus("query");
}

export function submitEdit(app) {
  const { edit, cart } = app.state;
  const result = EDITS[edit.what](app, cart, edit);
  if (result.error) return app.set({ edit: { ...edit, fault: WRONG[result.error] ?? `edit.${result.error}` } });
  app.set({ cart: result.cart, selected: result.lineId ?? edit.lineId, edit: null, say: null });
  return app.focus("query");
}

const WRONG = { quantity: "edit.quantity_wrong", price: "edit.price_wrong", discount: "edit.discount_wrong" };

const EDITS = {
  quantity(app, cart, { lineId, text }) {
    const quantity = parseQuantity(text);
    return quantity === null ? { error: "quantity" } : carts.setQuantity(cart, lineId, quantity);
  },
  price(app, cart, { lineId, text }) {
    const price = parseAmount(text);
    return price === null ? { error: "price" } : carts.setPrice(cart, lineId, price);
  },
  discount(app, cart, { lineId, text }) {
    const discount = parseDiscount(halfWidth(text), carts.grossOf(carts.findLine(cart, lineId)));
    return discount === null ? { error: "discount" } : carts.setLineDiscount(cart, lineId, discount);
  },
  order_discount(app, cart, { text }) {
    const discount = parseDiscount(halfWidth(text), carts.subtotalOf(cart));
    return discount === null ? { error: "discount" } : carts.setOrderDiscount(cart, discount);
  },
  free(app, cart, { name, text }) {
    const price = parseAmount(text);
    if (!name.trim()) return { error: "name" };
    return price === null ? { error: "price" } : carts.addFreeLine(cart, { name: name.trim(), price }, uuid7());
  },
};
