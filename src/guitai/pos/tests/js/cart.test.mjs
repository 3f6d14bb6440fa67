import assert from "node:assert/strict";
import { test } from "node:test";
import * as carts from "../../static/pos/logic/cart.mjs";
import { newChoice, withKind } from "../../static/pos/logic/invoice.mjs";
import { buildSale } from "../../static/pos/logic/sale.mjs";
import { newTender } from "../../static/pos/logic/tender.mjs";

const COFFEE = { id: "p1", name: "拿鐵", sku: "A1", price: 65, tax_type: "1" };
const RICE = { id: "p2", name: "米", sku: "A2", price: 260, tax_type: "3" };
const empty = () => carts.emptyCart("0192f000-0000-7000-8000-000000000001", "2026-11-21T10:00:00+08:00");
const add = (cart, product, quantity, id) => carts.addProduct(cart, product, quantity, id).cart;

test("the same product joins its line; a changed line stays alone", () => {
  let cart = add(add(empty(), COFFEE, 1000, "a"), COFFEE, 2000, "b");
  assert.equal(cart.lines.length, 1);
  assert.equal(carts.totalOf(cart), 195);
  cart = carts.setPrice(cart, "a", 50).cart;
  cart = add(cart, COFFEE, 1000, "c");
  assert.equal(cart.lines.length, 2);
  assert.equal(carts.totalOf(cart), 150 + 65);
});

test("a price set back to the shelf's is no override", () => {
  let cart = carts.setPrice(add(empty(), COFFEE, 1000, "a"), "a", 60).cart;
  assert.equal(cart.lines[0].priceOverride, true);
  cart = carts.setPrice(cart, "a", 65).cart;
  assert.equal(cart.lines[0].priceOverride, false);
});

test("discounts never exceed what there is, whatever changes later", () => {
  let cart = add(add(empty(), COFFEE, 2000, "a"), RICE, 1000, "b");
  cart = carts.setLineDiscount(cart, "a", 130).cart;
  cart = carts.setOrderDiscount(cart, 260).cart;
  assert.equal(carts.totalOf(cart), 0);
  cart = carts.setQuantity(cart, "a", 1000).cart;
  assert.equal(carts.findLine(cart, "a").discount, 65);
  cart = carts.removeLine(cart, "b");
  assert.equal(cart.orderDiscount, 0);
  assert.deepEqual(carts.setLineDiscount(cart, "a", 66), { error: "discount" });
  assert.deepEqual(carts.setOrderDiscount(cart, 1), { error: "discount" });
});

test("limits: lines, quantity, amount", () => {
  let cart = empty();
  for (let at = 0; at < carts.MAX_LINES; at += 1) cart = carts.addFreeLine(cart, { name: "x", price: 1 }, `l${at}`).cart;
  assert.deepEqual(carts.addFreeLine(cart, { name: "x", price: 1 }, "more"), { error: "full" });
  assert.deepEqual(carts.setQuantity(cart, "l0", 0), { error: "quantity" });
  assert.deepEqual(carts.setPrice(cart, "l0", 4294967295), { error: "amount" });
});

test("the sale is what the server takes, and never a fraction", () => {
  let cart = add(add(empty(), COFFEE, 1500, "a"), RICE, 1000, "b");
  cart = carts.setOrderDiscount(carts.setPrice(cart, "b", 250).cart, 10).cart;
  const choice = { ...withKind(newChoice(), "company"), ban: " 0459５257 ", buyerName: " 好公司 " };
  const tenders = [{ ...newTender("cash"), received: 500 }];
  const sale = buildSale(cart, { tenders, choice, note: " 早餐 ", recognisedOn: "" });
  assert.deepEqual(sale.lines, [
    { id: "a", product_id: "p1", name: "拿鐵", quantity: "1.5", unit_price: 65, discount: 0, tax_type: "1" },
    { id: "b", product_id: "p2", name: "米", quantity: "1", unit_price: 250, discount: 0, tax_type: "3", price_override: true },
  ]);
  assert.equal(sale.total, 98 + 250 - 10);
  assert.deepEqual(sale.tenders, [{ method: "cash", amount: 338, received: 500 }]);
  assert.deepEqual(sale.invoice, { kind: "company", ban: "04595257", buyer_name: "好公司" });
  assert.equal(sale.note, "早餐");
  assert.ok(!("recognised_on" in sale));
  assert.equal(sale.id, cart.id);
});

test("a parked cart comes back at today's prices", () => {
  let cart = add(add(empty(), COFFEE, 1000, "a"), RICE, 1000, "b");
  cart = carts.setLineDiscount(cart, "b", 200).cart;
  const today = new Map([["p2", { ...RICE, price: 150 }]]);
  const fresh = carts.refreshed(cart, today);
  assert.deepEqual(fresh.gone, ["拿鐵"]);
  assert.deepEqual(fresh.changed, ["米"]);
  assert.equal(carts.totalOf(fresh.cart), 0);
  assert.equal(fresh.cart.id, cart.id);
});

test("the order discount is shared by tax type", () => {
  let cart = add(add(empty(), COFFEE, 2000, "a"), RICE, 1000, "b");
  cart = carts.setOrderDiscount(cart, 39).cart;
  assert.deepEqual(carts.discountShares(cart), { 1: 13, 3: 26 });
});
