// The cart: immutable values and pure functions. Its id is the id of the sale, made once.

import { splitDiscount } from "./discount.mjs";
import { MAX_QUANTITY, MAX_TWD, SCALE, lineAmount } from "./money.mjs";

export const MAX_LINES = 500;

/** An empty cart. `id` UUIDv7: the sale will bear it; `startedAt` RFC 3339. */
export function emptyCart(id, startedAt) {
  return { id, startedAt, lines: [], orderDiscount: 0, orderDiscountText: "" };
}

export const isEmpty = (cart) => cart.lines.length === 0;
export const findLine = (cart, lineId) => cart.lines.find((line) => line.id === lineId);

/** Dollars of a line before and after its own discount. */
export const grossOf = (line) => lineAmount(line.unitPrice, line.quantity);
export const netOf = (line) => grossOf(line) - line.discount;

function isPlain(line) {
  return !line.priceOverride && line.discount === 0 && line.quantity % SCALE === 0;
}

/**
 * Add `quantity` (thousandths) of a product. The same product at its own price joins its line.
 * Returns {cart, lineId} or {error: "full"|"quantity"|"amount"}.
 */
export function addProduct(cart, product, quantity, lineId) {
  const same = cart.lines.find(
    (line) => line.productId === product.id && line.unitPrice === product.price && isPlain(line),
  );
  if (same) {
    const changed = setQuantity(cart, same.id, same.quantity + quantity);
    return changed.error ? changed : { cart: changed.cart, lineId: same.id };
  }
  const line = {
    id: lineId,
    productId: product.id,
    name: product.name,
    sku: product.sku ?? "",
    quantity,
    unitPrice: product.price,
    listPrice: product.price,
    discount: 0,
    taxType: product.tax_type,
  };
  return append(cart, line);
}

/** A line without a product: name and price typed by a person who may (till.price_change). */
export function addFreeLine(cart, { name, price, quantity = SCALE, taxType = "1" }, lineId) {
  return append(cart, {
    id: lineId, productId: null, name, sku: "", quantity, unitPrice: price, listPrice: price,
    discount: 0, taxType,
  });
}

function append(cart, line) {
  if (cart.lines.length >= MAX_LINES) return { error: "full" };
  const checked = accept({ ...cart, lines: [...cart.lines, line] });
  return checked.error ? checked : { cart: checked.cart, lineId: line.id };
}

function accept(cart) {
  const subtotal = subtotalOf(cart);
  if (subtotal > MAX_TWD) return { error: "amount" };
  // A discount can never be more than what is left to discount.
  if (cart.orderDiscount > subtotal) return { cart: { ...cart, orderDiscount: subtotal } };
  return { cart };
}

function change(cart, lineId, patch) {
  return accept({
    ...cart,
    lines: cart.lines.map((line) => (line.id === lineId ? { ...line, ...patch } : line)),
  });
}

/** Set the quantity in thousandths; a line discount larger than the line falls to the line. */
export function setQuantity(cart, lineId, quantity) {
  if (quantity > MAX_QUANTITY || quantity <= 0) return { error: "quantity" };
  const line = findLine(cart, lineId);
  const gross = lineAmount(line.unitPrice, quantity);
  return change(cart, lineId, { quantity, discount: Math.min(line.discount, gross) });
}

/** Another price for this line; `priceOverride` tells the server that a person set it. */
export function setPrice(cart, lineId, unitPrice) {
  const line = findLine(cart, lineId);
  const gross = lineAmount(unitPrice, line.quantity);
  return change(cart, lineId, {
    unitPrice,
    priceOverride: unitPrice !== line.listPrice,
    discount: Math.min(line.discount, gross),
  });
}

export function setLineDiscount(cart, lineId, discount) {
  const line = findLine(cart, lineId);
  if (discount < 0 || discount > grossOf(line)) return { error: "discount" };
  return change(cart, lineId, { discount });
}

export function setOrderDiscount(cart, discount) {
  if (discount < 0 || discount > subtotalOf(cart)) return { error: "discount" };
  return { cart: { ...cart, orderDiscount: discount } };
}

export function removeLine(cart, lineId) {
  return accept({ ...cart, lines: cart.lines.filter((line) => line.id !== lineId) }).cart;
}

export function subtotalOf(cart) {
  return cart.lines.reduce((sum, line) => sum + netOf(line), 0);
}

export const totalOf = (cart) => subtotalOf(cart) - cart.orderDiscount;

/** Dollars by tax type after line discounts, before the order discount. */
export function basesOf(cart) {
  const bases = {};
  for (const line of cart.lines) bases[line.taxType] = (bases[line.taxType] ?? 0) + netOf(line);
  return bases;
}

/** The order discount by tax type, as the invoice will show it (應稅折扣, 免稅折扣). */
export const discountShares = (cart) => splitDiscount(cart.orderDiscount, basesOf(cart));

/** How many pieces, in thousandths. */
export const piecesOf = (cart) => cart.lines.reduce((sum, line) => sum + line.quantity, 0);

/**
 * A parked cart seen again: prices and names as the catalogue has them now (B.5.10).
 * `byId` Map of products. Returns {cart, changed: [names], gone: [names]}.
 */
export function refreshed(cart, byId) {
  const changed = [];
  const gone = [];
  const lines = [];
  for (const line of cart.lines) {
    const product = line.productId ? byId.get(line.productId) : null;
    if (line.productId && !product) gone.push(line.name);
    else lines.push(product ? renewed(line, product, changed) : line);
  }
  const result = accept({ ...cart, lines });
  return { cart: result.cart ?? cart, changed, gone };
}

function renewed(line, product, changed) {
  const unitPrice = line.priceOverride ? line.unitPrice : product.price;
  if (unitPrice !== line.unitPrice) changed.push(product.name);
  const discount = Math.min(line.discount, lineAmount(unitPrice, line.quantity));
  return {
    ...line, name: product.name, taxType: product.tax_type, unitPrice, discount,
    listPrice: product.price,
  };
}
