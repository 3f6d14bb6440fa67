import assert from "node:assert/strict";
import { test } from "node:test";
import { uuid7 } from "../../static/pos/lib/uuid7.mjs";
import { LineWatch } from "../../static/pos/logic/line.mjs";
import { afterTry, isSettled, mayPutAside, newEntry, waitAfter } from "../../static/pos/logic/outbox.mjs";
import { nextStep, printerView, reportOf } from "../../static/pos/logic/printing.mjs";
import { stripCells } from "../../static/pos/logic/strip.mjs";
import { backOff } from "../../static/pos/net/agent.mjs";

const entry = () => newEntry("id", "{}", 100, "t");
const refused = (status, code) => ({ kind: "refused", status, error: { code, message: "" } });
const lost = { kind: "unknown", why: "timeout" };

test("a sale is asked until it is answered, with the same bytes", () => {
  let sale = afterTry(entry(), lost);
  assert.equal(sale.state, "asking");
  sale = afterTry(sale, { kind: "unknown", why: "server" });
  assert.ok(mayPutAside(sale));
  assert.equal(sale.body, "{}");
  assert.equal(afterTry(sale, { kind: "ok", data: { order: 1 } }).state, "done");
});

test("a certain no settles; being nobody settles only before any try got lost", () => {
  assert.equal(afterTry(entry(), refused(409, "NUM-NONE")).state, "refused");
  assert.equal(afterTry(entry(), refused(409, "ORD-REUSED")).state, "reused");
  assert.equal(afterTry(entry(), refused(401, "GT-SIGN-IN")).state, "refused");
  const held = afterTry(afterTry(entry(), lost), refused(401, "GT-SIGN-IN"));
  assert.equal(held.state, "hold");
  assert.ok(!isSettled(held));
  assert.equal(afterTry(held, { kind: "ok", data: {} }).state, "done");
  assert.equal(afterTry(afterTry(entry(), lost), refused(422, "ORD-PRICE")).state, "refused");
});

test("what may be a passing trouble is asked again", () => {
  for (const status of [408, 429, 500, 502, 503, 504]) assert.equal(afterTry(entry(), refused(status, "X")).state, "asking");
  assert.deepEqual([1, 2, 3, 4, 99].map(waitAfter), [1, 2, 3, 3, 3]);
  assert.deepEqual([1, 2, 3, 4, 5, 99].map(backOff), [1, 2, 4, 8, 10, 10]);
});

test("the line: five seconds, cut, and well again (B.16.1)", () => {
  const line = new LineWatch();
  assert.equal(line.state(0), "ok");
  line.begin(1, 0);
  assert.equal(line.state(4999), "ok");
  assert.equal(line.state(5000), "unstable");
  line.end(1, 6000, true);
  assert.equal(line.state(6001), "unstable");
  line.begin(2, 7000);
  line.end(2, 7100, true);
  assert.equal(line.state(7200), "ok");
  line.begin(3, 8000);
  line.end(3, 8001, false);
  assert.equal(line.state(8002), "down");
  line.begin(4, 9000);
  line.end(4, 9001, true);
  assert.equal(line.state(9002), "ok");
  line.online = false;
  assert.equal(line.state(9003), "down");
});

test("never print what may be on paper", () => {
  const at = (server, known, sentTo, agentId = "A") => nextStep({ server, known, sentTo, agentId });
  assert.equal(at("waiting", null, ""), "submit");
  assert.equal(at("waiting", null, "A"), "submit", "the same agent's journal is durable");
  assert.equal(at("sent", null, "A"), "submit");
  assert.equal(at("sent", null, "B"), "ask", "another agent may have printed it");
  assert.equal(at("sent", null, ""), "ask");
  assert.equal(at("uncertain", null, "A"), "ask");
  assert.equal(at("sent", { state: "uncertain" }, "A"), "ask");
  assert.equal(at("sent", { state: "waiting" }, "A"), "follow");
  assert.equal(at("sent", { state: "done" }, "A"), "report");
  assert.equal(at("done", null, ""), "nothing");
  assert.equal(at("cancelled", { state: "waiting" }, "A"), "nothing");
  assert.deepEqual(["queued", "waiting", "sending", "done", "uncertain", "expired", "cancelled"].map((state) => reportOf({ state })),
    [null, null, null, "done", "uncertain", "expired", "cancelled"]);
  assert.equal(at("expired", null, "A"), "ask", "nobody prints it before a person has said so");
  assert.equal(at("sent", { state: "expired" }, "A"), "ask");
  assert.equal(at("expired", { state: "sending" }, "A"), "follow", "somebody still wanted it");
});

test("the strip always tells four things", () => {
  const agent = { state: "ready", printer: { online: true, code: "OK", message: "" } };
  const till = { numbers: { remaining: 1200 }, centre: { key: "mirle", name: "盟立", state: "ok" } };
  const tones = (change) => stripCells({ till, agent, line: "ok", ...change }).map((cell) => cell.tone);
  assert.deepEqual(tones({}), ["good", "good", "good", "good"]);
  assert.deepEqual(tones({ till: null, agent: { state: "down" }, line: "down" }), ["idle", "bad", "idle", "bad"]);
  assert.deepEqual(tones({ till: { numbers: { remaining: 0 }, centre: { key: "mirle", state: "ok", rejected: 1 } }, line: "unstable" }), ["bad", "good", "bad", "warn"]);
  const numbers = (remaining, paused) => stripCells({ till: { ...till, numbers: { remaining, paused } }, agent, line: "ok" })[0].code;
  assert.deepEqual([numbers(0, 0), numbers(0, 40), numbers(60, 40)], ["strip.numbers_out", "strip.numbers_paused", "strip.numbers_ok"]);
  assert.deepEqual(tones({ till: { numbers: { remaining: 3 }, centre: { key: "none" } } }), ["warn", "good", "warn", "good"]);
  assert.equal(printerView({ state: "ready", printer: { online: true, code: "PAPER_NEAR", message: "紙捲將盡" } }).tone, "warn");
  assert.equal(printerView({ state: "ready", printer: { online: false, code: "PAPER_END", message: "紙張用完" } }).message, "紙張用完");
});

test("ids are UUIDv7, ascending", () => {
  const ids = Array.from({ length: 5000 }, () => uuid7());
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
});
