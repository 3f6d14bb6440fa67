import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf, fillDifference, missing, newTender, quickAmounts, tenderFault, tendersForServer } from "../../static/pos/logic/tender.mjs";
import { cashResult, countedCash, summaryFault } from "../../static/pos/logic/shift.mjs";

test("one cash tender takes the total; change from what was handed over", () => {
  const cash = [newTender("cash")];
  assert.equal(tenderFault(cash, 387), null);
  assert.equal(changeOf(cash, 387), 0);
  const given = [{ ...newTender("cash"), received: 500 }];
  assert.equal(changeOf(given, 387), 113);
  assert.deepEqual(tendersForServer(given, 387), [{ method: "cash", amount: 387, received: 500 }]);
});

test("too little cash is said by how much", () => {
  const short = [{ ...newTender("cash"), received: 300 }];
  assert.deepEqual(tenderFault(short, 387), { code: "tender.short", index: 0, by: 87 });
});

test("several tenders must add up; the open one takes the rest", () => {
  const two = [newTender("cash", 100), newTender("card")];
  assert.equal(missing(two, 387), 0);
  assert.deepEqual(tendersForServer(two, 387), [
    { method: "cash", amount: 100, received: 100 }, { method: "card", amount: 287 },
  ]);
  assert.equal(tenderFault([newTender("cash", 100), newTender("card", 200)], 387).code, "tender.missing");
  assert.equal(tenderFault([newTender("cash", 100), newTender("card", 300)], 387).code, "tender.over");
  assert.equal(tenderFault([newTender("cash", 387), newTender("card")], 387).code, "tender.empty");
  assert.equal(tenderFault([newTender("cash", 1), newTender("cash")], 387).code, "tender.two_cash");
  assert.equal(tenderFault([], 387).code, "tender.none");
});

test("補足差額 gives one tender exactly what is missing", () => {
  const filled = fillDifference([newTender("cash", 100), newTender("card", 5)], 1, 387);
  assert.equal(filled[1].amount, 287);
  assert.equal(fillDifference([newTender("cash", 500), newTender("card", 5)], 1, 387)[1].amount, 0);
});

test("references travel, blanks do not", () => {
  const card = [{ ...newTender("card"), reference: " 4242 " }];
  assert.deepEqual(tendersForServer(card, 10), [{ method: "card", amount: 10, reference: "4242" }]);
});

test("quick amounts are exact first, then common notes, ascending", () => {
  assert.deepEqual(quickAmounts(387), [387, 400, 500, 1000, 2000]);
  assert.deepEqual(quickAmounts(1240), [1240, 1300, 1500, 2000]);
  assert.deepEqual(quickAmounts(1000), [1000, 2000]);
  assert.deepEqual(quickAmounts(0), []);
});

test("the cash count of a shift", () => {
  assert.equal(countedCash({ 1000: 3, 100: 5, 1: 2 }), 3502);
  assert.deepEqual(cashResult({ expected: 3000, counted: 2900, takenOut: 900 }), { difference: -100, left: 2000 });
  const form = { expected: 3000, counted: 2900, takenOut: 0, reason: "" };
  assert.equal(summaryFault(form).field, "reason");
  assert.equal(summaryFault({ ...form, reason: "找錯錢" }), null);
  assert.equal(summaryFault({ ...form, counted: null }).field, "counted");
  assert.equal(summaryFault({ ...form, reason: "x", takenOut: 2901 }).field, "taken");
});
