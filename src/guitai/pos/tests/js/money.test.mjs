import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDiscount, splitDiscount } from "../../static/pos/logic/discount.mjs";
import { halfWidth, lineAmount, parseAmount, parseQuantity, quantityText, shown } from "../../static/pos/logic/money.mjs";

test("amounts are whole dollars or nothing", () => {
  assert.equal(parseAmount("1,234"), 1234);
  assert.equal(parseAmount("１２３４"), 1234);
  assert.equal(parseAmount("4294967295"), 4294967295);
  for (const wrong of ["4294967296", "1.5", "-1", "", "abc", "1e3", "0x10", "99999999999"]) {
    assert.equal(parseAmount(wrong), null, wrong);
  }
  assert.equal(shown(1234567), "1,234,567");
  assert.equal(shown(-1000), "-1,000");
  assert.equal(shown(0), "0");
});

test("quantities are thousandths", () => {
  assert.equal(parseQuantity("0.5"), 500);
  assert.equal(parseQuantity(".25"), 250);
  assert.equal(parseQuantity("3"), 3000);
  assert.equal(parseQuantity("１．５"), 1500);
  for (const wrong of ["0", "0.000", "1.2345", "", ".", "-1", "1000000"]) assert.equal(parseQuantity(wrong), null, wrong);
  assert.equal(quantityText(1500), "1.5");
  assert.equal(quantityText(2000), "2");
  assert.equal(quantityText(1), "0.001");
});

test("quantity × price rounds half up without floating point", () => {
  assert.equal(lineAmount(1, 500), 1);
  assert.equal(lineAmount(3, 500), 2);
  assert.equal(lineAmount(1, 499), 0);
  // 1.005 × 100 is 100.49999999999999 in floating point.
  assert.equal(lineAmount(100, 1005), 101);
  assert.equal(lineAmount(4294967295, 999999000), 4294963000032705);
});

test("a discount is read as dollars, per cent or 折", () => {
  assert.equal(parseDiscount("50", 100), 50);
  assert.equal(parseDiscount("101", 100), null);
  assert.equal(parseDiscount("10%", 95), 9); // pays 85.5 → 86
  assert.equal(parseDiscount("9折", 95), 9);
  assert.equal(parseDiscount("85折", 200), 30);
  assert.equal(parseDiscount("100%", 7), 7);
  for (const wrong of ["", "x", "1.5", "101%"]) assert.equal(parseDiscount(wrong, 100), null, wrong);
});

test("shares add up, largest remainder first, ties by tax type (as twinvoice.tax.split_discount)", () => {
  assert.deepEqual(splitDiscount(100, { 1: 200, 3: 100 }), { 1: 67, 3: 33 });
  assert.deepEqual(splitDiscount(1, { 1: 50, 3: 50 }), { 1: 1 });
  assert.deepEqual(splitDiscount(2, { 1: 10, 2: 10, 3: 10 }), { 1: 1, 2: 1 });
  assert.deepEqual(splitDiscount(0, { 1: 10 }), {});
  assert.deepEqual(splitDiscount(5, { 1: 0, 3: 5 }), { 3: 5 });
  assert.throws(() => splitDiscount(11, { 1: 10 }), RangeError);
  for (let round = 0; round < 500; round += 1) {
    const bases = { 1: (round * 7919) % 5000, 2: (round * 104729) % 300, 3: (round * 1299709) % 9000 };
    const total = bases[1] + bases[2] + bases[3];
    const discount = total ? (round * 15485863) % (total + 1) : 0;
    const shares = Object.values(splitDiscount(discount, bases));
    assert.equal(shares.reduce((sum, share) => sum + share, 0), discount);
  }
});

test("full width becomes half width", () => {
  assert.equal(halfWidth("／ＡＢＣ＋１２３"), "／ＡＢＣ+123".replace("／", "/"));
});
