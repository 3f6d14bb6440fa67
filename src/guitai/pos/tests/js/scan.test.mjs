import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCatalogue, findByCode, search, splitTimes } from "../../static/pos/logic/catalogue.mjs";
import { WedgeReader, charOf, readScan } from "../../static/pos/logic/scan.mjs";

const CODES = { "/": "Slash", "+": "Equal", "-": "Minus", ".": "Period" };
function codeOf(char) {
  if (/[A-Z]/i.test(char)) return `Key${char.toUpperCase()}`;
  return CODES[char] ?? `Digit${char}`;
}

function type(reader, text, gap, { end = "Enter", ime = false, start = 1000 } = {}) {
  let time = start;
  const seen = [...text].map((char) => {
    time += gap;
    const shift = /[A-Z+]/.test(char);
    return reader.feed({ key: ime ? "Process" : char, code: codeOf(char), shift, composing: ime, time });
  });
  if (end) seen.push(reader.feed({ key: end, code: end, time: time + gap }));
  return seen;
}

test("fast keys with Enter are a scan, slow ones a person", () => {
  const scan = type(new WedgeReader(), "4710001000015", 5);
  assert.equal(scan[0].type, "first");
  assert.ok(scan.slice(1, -1).every((one) => one.type === "swallow"));
  assert.deepEqual(scan.at(-1), { type: "scan", text: "4710001000015" });
  const person = type(new WedgeReader(), "4710001000015", 80);
  assert.ok(person.every((one) => one.type !== "scan" && one.type !== "swallow"));
  assert.equal(type(new WedgeReader(), "4710", 29).at(-1).type, "scan");
  assert.notEqual(type(new WedgeReader(), "4710", 31).at(-1).type, "scan");
});

test("an input method cannot swallow a scan: the place of the keys counts", () => {
  assert.equal(type(new WedgeReader(), "/ABC+123", 5, { ime: true }).at(-1).text, "/ABC+123");
  assert.equal(charOf({ key: "ㄅ", code: "Digit1" }), "1");
  assert.equal(charOf({ key: "Process", code: "KeyA", shift: true, composing: true }), "A");
  assert.equal(charOf({ key: "Process", code: "KeyA", shift: true, caps: true, composing: true }), "a");
  assert.equal(charOf({ key: "F1", code: "F1" }), null);
});

test("fast typing without Enter is given back", () => {
  const reader = new WedgeReader();
  type(reader, "AB1", 10, { end: "" });
  assert.equal(reader.settle(1100 + 90), "B1");
  assert.equal(reader.settle(1300), "");
  const again = new WedgeReader();
  type(again, "ab", 10, { end: "" });
  assert.deepEqual(again.feed({ key: "c", code: "KeyC", time: 1200 }), { type: "first", flush: "b" });
});

test("keys with Ctrl are no scan; short bursts with Enter neither", () => {
  const reader = new WedgeReader();
  assert.equal(reader.feed({ key: "v", code: "KeyV", ctrl: true, time: 1 }).type, "pass");
  assert.equal(type(new WedgeReader(), "12", 5).at(-1).type, "pass");
});

test("what a scan is", () => {
  assert.deepEqual(readScan("10404UZ176908720122"), { kind: "invoice", value: "UZ17690872", raw: "10404UZ176908720122" });
  const left = "AB112233441020523999900000144000001540000000001234567ydXZt4LAN1UHN/j1juVcRA==:**********:3:3:1:乾電池:1:105:";
  assert.equal(readScan(left).value, "AB11223344");
  assert.equal(readScan("10405AA123456781234").kind, "code", "an odd month is no period");
  assert.deepEqual(readScan("/abc+123"), { kind: "mobile_barcode", value: "/ABC+123" });
  assert.equal(readScan("TP03000001234567").kind, "citizen_certificate");
  assert.equal(readScan("**口罩:1:210").kind, "right_qr");
  assert.equal(readScan("12345675").kind, "digits");
  assert.equal(readScan("A-001").kind, "code");
});

const GOODS = [
  { id: "1", sku: "A001", barcode: "4710001000015", name: "御飯糰 鮪魚", price: 35 },
  { id: "2", sku: "A002", barcode: "012345678905", name: "Latte 拿鐵咖啡", price: 65 },
  { id: "3", sku: "4710001000015", barcode: "", name: "咖啡豆", price: 300 },
];

test("goods are found by code and as one types", () => {
  const catalogue = buildCatalogue(GOODS);
  assert.equal(findByCode(catalogue, "4710001000015").id, "1", "a barcode wins over a sku");
  assert.equal(findByCode(catalogue, "a002").id, "2");
  assert.equal(findByCode(catalogue, "0012345678905").id, "2", "EAN-13 with leading zero is UPC-A");
  assert.equal(findByCode(catalogue, "999"), undefined);
  assert.deepEqual(search(catalogue, "咖啡").map((one) => one.id), ["3", "2"]);
  assert.deepEqual(search(catalogue, "咖啡 latte").map((one) => one.id), ["2"]);
  assert.deepEqual(search(catalogue, "ＬＡＴＴＥ").map((one) => one.id), ["2"]);
  assert.equal(search(catalogue, "").length, 3);
});

test("ten thousand goods are searched within a key stroke", () => {
  const many = Array.from({ length: 20_000 }, (_, at) => ({ id: String(at), sku: `S${at}`, barcode: String(4710000000000 + at), name: `商品 ${at}`, price: 1 }));
  const catalogue = buildCatalogue(many);
  const began = performance.now();
  search(catalogue, "199");
  assert.ok(performance.now() - began < 100);
});

test("3* before a code is a quantity", () => {
  assert.deepEqual(splitTimes("3*4710"), { times: "3", rest: "4710" });
  assert.deepEqual(splitTimes("1.5×"), { times: "1.5", rest: "" });
  assert.deepEqual(splitTimes("可樂"), { times: null, rest: "可樂" });
});
