import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockWatch, clockCode, driftWords } from "../../static/pos/logic/clock.mjs";
import { healthView } from "../../static/pos/logic/health.mjs";
import { brief, stripCells } from "../../static/pos/logic/strip.mjs";
import { printerView } from "../../static/pos/logic/printing.mjs";
import { isOlder } from "../../static/pos/logic/version.mjs";
import { AgentLink } from "../../static/pos/net/agent.mjs";
import { loopbackPermission, servedHere } from "../../static/pos/net/loopback.mjs";

const book = {
  remedies: {
    LNA_DENIED: { code: "LNA_DENIED", level: "error", hop: "page", message: "瀏覽器封鎖了本機連線", steps: ["一", "二"], picture: "lna-denied", fix: null, ask: null },
    LNA_PENDING: { code: "LNA_PENDING", level: "warn", hop: "page", message: "正在詢問", steps: ["按允許"], picture: "lna-ask", fix: null, ask: null },
    AGENT_DOWN: { code: "AGENT_DOWN", level: "error", hop: "agent", message: "沒有執行", steps: ["啟動"], picture: "", fix: null, ask: null },
    AGENT_SILENT: { code: "AGENT_SILENT", level: "error", hop: "agent", message: "沒有回報", steps: [], picture: "", fix: null, ask: null },
    AGENT_HUNG: { code: "AGENT_HUNG", level: "error", hop: "agent", message: "沒有回應", steps: [], picture: "", fix: null, ask: null },
    NOT_PAIRED: { code: "NOT_PAIRED", level: "warn", hop: "agent", message: "尚未配對", steps: [], picture: "", fix: null, ask: null },
    PAPER_END: { code: "PAPER_END", level: "error", hop: "paper", message: "紙張用完，請換紙。", steps: ["換紙"], picture: "roll", fix: null, ask: null },
    PORT_GONE: { code: "PORT_GONE", level: "error", hop: "port", message: "連線中斷 {port}", steps: [], picture: "", fix: null, ask: null },
    CLOCK_DATE: { code: "CLOCK_DATE", level: "error", hop: "clock", message: "日期不同", steps: [], picture: "", fix: null, ask: null },
  },
  pictures: [],
};
const OK = { online: true, code: "OK", message: "" };
const hops = (change = {}) => ["agent", "driver", "port", "printer", "paper"].map((hop) => ({ hop, state: "ok", code: "OK", message: "", ...change[hop] }));
const ready = (more = {}) => ({ state: "ready", local: "ready", way: "loopback", relay: "", printer: OK, health: null, ...more });
const seen = (agent, { line = "ok", clock = "" } = {}) => healthView({ agent, line, clock, book });
const states = (view) => Object.fromEntries([...view.hops, ...view.beside].map(({ hop, state }) => [hop, state]));

test("all well: every hop says so", () => {
  const view = seen(ready({ health: { hops: hops(), findings: [{ code: "OK", level: "ok", hop: "printer", message: "" }], printer: OK } }));
  assert.deepEqual(Object.values(states(view)), Array(8).fill("ok"));
  assert.deepEqual([view.findings, view.worst], [[], null]);
});

test("what only the page can see: permission, agent, pairing; what lies behind is unknown", () => {
  const at = (local, more = {}) => seen({ state: local, local, way: "", relay: "", printer: null, health: null, ...more });
  const denied = at("denied");
  assert.deepEqual([denied.worst.code, denied.worst.steps.length, states(denied).page, states(denied).agent, states(denied).paper], ["LNA_DENIED", 2, "error", "unknown", "unknown"]);
  assert.equal(states(at("asking_permission")).page, "warn");
  assert.deepEqual([at("down").worst.code, states(at("down")).page, states(at("down")).agent], ["AGENT_DOWN", "ok", "error"]);
  assert.equal(at("old").worst.code, "AGENT_OLD");
  assert.equal(at("unpaired").worst.code, "NOT_PAIRED");
  assert.deepEqual([at("searching").worst, states(at("searching")).page], [null, "unknown"]);
});

test("over the relay a forbidden loopback is a hint, and a program on another computer no fault", () => {
  const over = (local) => seen(ready({ local, way: "relay", health: { hops: hops(), findings: [], printer: OK } }));
  assert.deepEqual([over("denied").worst.code, over("denied").worst.level, states(over("denied")).page, states(over("denied")).agent], ["LNA_DENIED", "warn", "warn", "ok"]);
  assert.equal(over("down").worst, null);
  const away = seen({ state: "down", local: "down", way: "", relay: "away", printer: null, health: null });
  assert.deepEqual(away.findings.map(({ code }) => code), ["AGENT_SILENT"]);
  const both = seen({ state: "denied", local: "denied", way: "", relay: "away", printer: null, health: null });
  assert.deepEqual(both.findings.map(({ code }) => code), ["LNA_DENIED", "AGENT_SILENT"]);
});

test("where the agent lives here, a silent one is started here; a tablet looks for the shop's computer", () => {
  const away = { state: "down", local: "down", way: "", relay: "away", printer: null, health: null };
  const codes = (change) => seen({ ...away, ...change }).findings.map(({ code }) => code);
  assert.deepEqual(codes({ here: true }), ["AGENT_DOWN"]);
  assert.deepEqual(codes({ here: false }), ["AGENT_SILENT"]);
  assert.deepEqual(codes({ here: true, state: "denied", local: "denied" }), ["LNA_DENIED", "AGENT_DOWN"]);
  assert.deepEqual(codes({ here: true, state: "unpaired", local: "unpaired" }), ["AGENT_SILENT", "NOT_PAIRED"], "it does run here");
  assert.equal(printerView({ ...away, here: true }).code, "printer.agent_down");
  assert.equal(printerView({ ...away, here: false }).code, "printer.away");
});

test("a hung agent is neither down nor away, whatever the relay says", () => {
  const hung = (more = {}) => seen({ state: "hung", local: "hung", way: "", relay: "", printer: null, health: null, here: true, ...more });
  for (const relay of ["", "away", "lost"]) assert.deepEqual(hung({ relay }).findings.map(({ code }) => code), ["AGENT_HUNG"]);
  assert.deepEqual([states(hung()).page, states(hung()).agent, states(hung()).paper], ["ok", "error", "unknown"]);
  assert.deepEqual(printerView({ state: "hung", relay: "away" }), { tone: "bad", code: "printer.agent_hung", message: "" });
  assert.deepEqual(seen(ready({ way: "relay", local: "hung" })).findings, [], "another computer prints");
});

test("the agent's clock is another computer's over the relay, and the page's own matter beside it", () => {
  const hour = 3_600_000;
  const found = (way, code, drift_ms, here = "") => {
    const told = { code, level: "error", hop: "clock", message: "已停止開立發票", steps: ["甲"], picture: "", params: {} };
    return seen(ready({ way, health: { hops: hops(), findings: [told], printer: OK, clock: { drift_ms } } }), { clock: here }).findings;
  };
  assert.deepEqual(found("loopback", "CLOCK_DATE", 48 * hour), [], "the page would know");
  const [far] = found("relay", "CLOCK_DATE", 48 * hour);
  assert.deepEqual([far.level, far.hop, far.words, far.drift, far.message], ["warn", "", "clock.there_date", 48 * hour, ""]);
  const [near] = found("relay", "CLOCK_DRIFT", -hour);
  assert.deepEqual([near.level, near.hop, near.words, near.drift], ["warn", "", "clock.there", -hour]);
  assert.deepEqual(found("relay", "CLOCK_DATE", 48 * hour, "CLOCK_DATE").map(({ code }) => code), ["CLOCK_DATE", "CLOCK_THERE"]);
});

test("the agent lives where it was met, until one of another id serves this page", () => {
  const kept = { id: "" };
  const atHome = { get: () => kept.id, set: (id) => { kept.id = id; } };
  const link = new AgentLink({ ports: [], atHome, least: () => "", told: { changed() {}, job() {}, arrived() {} } });
  link.settle("relay", "far");
  assert.equal(link.view().here, false, "a tablet");
  link.settle("loopback", "near");
  link.settle("relay", "near");
  assert.equal(link.view().here, true, "over the relay for once");
  link.settle("relay", "far");
  assert.equal(link.view().here, false, "the shop has another computer now");
});

test("another register's question is told in a few words and not asked", () => {
  const unsure = { code: "JOB_UNCERTAIN", level: "error", hop: "paper", message: "請檢查紙本", steps: ["看"], picture: "check-paper", fix: null, ask: null };
  const agent = ready({ health: { hops: hops(), findings: [unsure], printer: OK } });
  const [told] = healthView({ agent, line: "ok", clock: "", book, askedAt: "till" }).findings;
  assert.deepEqual([told.level, told.words, told.message, told.steps], ["warn", "job.at_other_till", "", []]);
  assert.equal(healthView({ agent, line: "ok", clock: "", book, askedAt: "agent" }).worst.words, "job.at_agent");
  assert.equal(healthView({ agent, line: "ok", clock: "", book, askedAt: "here" }).worst.message, "請檢查紙本");
  assert.equal(seen(agent).worst.message, "請檢查紙本");
});

test("the agent's findings carry their own words, the worst first; what it thinks of pages is moot", () => {
  const paper = { code: "PAPER_END", level: "error", hop: "paper", message: "請換紙", steps: ["甲"], picture: "x", fix: null, ask: null };
  const near = { code: "NEW_CODE", level: "warn", hop: "printer", message: "新的", steps: [], picture: "", fix: { name: "reset", label: "重置" }, ask: null };
  const moot = { code: "NOT_PAIRED", level: "warn", hop: "agent", message: "?" };
  const printer = { online: false, code: "PAPER_END", message: "" };
  const view = seen(ready({ printer, health: { hops: hops({ paper: { state: "error", code: "PAPER_END" } }), findings: [near, moot, paper], printer } }));
  assert.deepEqual(view.findings.map(({ code }) => code), ["PAPER_END", "NEW_CODE"]);
  assert.deepEqual([view.worst.message, view.findings[1].fix.name, states(view).paper], ["請換紙", "reset", "error"]);
});

test("an older agent tells only of its printer, and a newer printer.status is believed at once", () => {
  const printer = { online: false, code: "PORT_GONE", message: "連線中斷" };
  const old = seen(ready({ printer }));
  assert.deepEqual([old.worst.code, old.worst.message], ["PORT_GONE", "連線中斷"]);
  assert.deepEqual([states(old).driver, states(old).port, states(old).printer, states(old).paper], ["ok", "error", "unknown", "unknown"]);
  const stale = seen(ready({ printer: { online: false, code: "PAPER_END", message: "" }, health: { hops: hops(), findings: [], printer: OK } }));
  assert.deepEqual([stale.worst.code, stale.worst.message, states(stale).paper], ["PAPER_END", "紙張用完，請換紙。", "error"]);
  assert.equal(seen(ready({ printer: { online: false, code: "PORT_GONE", message: "" } })).worst.message, "連線中斷 ", "no braces are shown");
});

test("server and clock stand beside the way", () => {
  const view = seen(ready(), { line: "down", clock: "CLOCK_DATE" });
  assert.deepEqual([states(view).server, states(view).clock], ["error", "error"]);
  assert.deepEqual(view.findings.map(({ code }) => code), ["LINE_DOWN", "CLOCK_DATE"]);
});

test("the strip says the one worst thing, and over which way", () => {
  const till = { numbers: { remaining: 1200 }, centre: { key: "mirle", name: "盟立", state: "ok" } };
  const cells = (agent, more = {}) => stripCells({ till, agent, line: "ok", health: seen(agent, more), clock: more.clock ?? "" });
  const job = { code: "JOB_UNCERTAIN", level: "error", hop: "paper", message: "可能沒有印完整", steps: [] };
  const printer = cells(ready({ health: { hops: hops(), findings: [job], printer: OK } }))[1];
  assert.deepEqual([printer.tone, printer.message], ["bad", "可能沒有印完整"]);
  assert.equal(cells(ready())[1].code, "printer.ready");
  assert.deepEqual([cells(ready({ local: "denied", way: "relay" }))[1].tone, cells(ready({ local: "denied", way: "relay" }))[1].code], ["good", "printer.ready_relay"]);
  assert.deepEqual([cells(ready(), { clock: "CLOCK_DATE" })[3].code, cells(ready(), { clock: "CLOCK_DRIFT" })[3].tone], ["strip.clock_date", "warn"]);
});

test("of a long sentence the strip says what is wrong, never the half that sounds well", () => {
  assert.equal(brief("紙張用完，請換紙。"), "紙張用完，請換紙。");
  assert.equal(brief("找到發票機，但驅動程式未安裝（也就是「已註冊的裝置為 0，1 個問題待修正」）。"), "找到發票機，但驅動程式未安裝。");
  assert.equal(brief("有 1 張單據不確定是否印完，請檢查紙本後選擇「已印好」或「補印」。"), "有 1 張單據不確定是否印完");
  assert.equal(brief("發票機回報正常但紙上無字：多半是紙捲放反。"), "發票機回報正常但紙上無字");
  assert.equal(brief("與發票機的連線中斷，正在自動重新連線…"), "與發票機的連線中斷");
});

test("versions are compared by numbers", () => {
  assert.ok(isOlder("0.9.9", "0.10.0"));
  assert.ok(isOlder("", "0.1.0"));
  assert.ok(!isOlder("0.10.0", "0.9.9"));
  assert.ok(!isOlder("1.0", "1.0.0"));
  assert.ok(!isOlder("0.0.1", ""));
});

// The clock ------------------------------------------------------------------------------------

const DAY = Date.parse("2026-11-21T04:00:00Z");
function clocks(start = DAY) {
  const now = { wall: start, mono: 1000 };
  const watch = new ClockWatch({ wall: () => now.wall, mono: () => now.mono });
  const pass = (millis) => { now.wall += millis; now.mono += millis; };
  return { now, watch, pass };
}

test("the quickest answer tells the drift", () => {
  const { watch, pass } = clocks();
  assert.equal(watch.drift(), null);
  watch.learn(0, 1000, DAY - 90_000 - 500 + 300); // slow: may be 500 ms wrong
  pass(100);
  watch.learn(1080, 1100, DAY + 100 - 90_000 - 10);
  assert.equal(watch.drift(), 90_000);
  watch.learn(1100, 1100, Number.NaN);
  assert.equal(watch.drift(), 90_000);
});

test("a clock that is set shows at once; after a sleep old samples are forgotten", () => {
  const { now, watch, pass } = clocks();
  watch.learn(990, 1000, DAY - 5);
  assert.equal(watch.tick(), false);
  now.wall += 86_400_000;
  assert.equal(Math.round(watch.drift() / 1000), 86_400);
  assert.equal(watch.tick(), true);
  assert.equal(watch.drift(), null, "asked anew: it may have been a sleep");
  pass(50);
  watch.learn(1040, 1050, DAY + 45);
  assert.equal(watch.drift(), 86_400_000);
});

test("what contradicts the newest answer is forgotten", () => {
  const { watch, pass } = clocks();
  watch.learn(999, 1000, DAY);
  pass(1000);
  watch.learn(1900, 2000, DAY + 1000 + 3_600_000);
  assert.ok(Math.abs(watch.drift() + 3_600_000) < 200);
});

test("over two minutes and another day in Taipei: nothing is issued", () => {
  const midnight = Date.parse("2026-11-21T16:00:00Z");
  assert.equal(clockCode(null, DAY), "");
  assert.equal(clockCode(60_000, DAY), "");
  assert.equal(clockCode(60_001, DAY), "CLOCK_DRIFT");
  assert.equal(clockCode(-3_600_000, DAY), "CLOCK_DRIFT", "an hour behind, the same day");
  assert.equal(clockCode(86_400_000, DAY + 86_400_000), "CLOCK_DATE");
  assert.equal(clockCode(120_000, midnight + 60_000), "CLOCK_DRIFT", "not more than two minutes");
  assert.equal(clockCode(121_000, midnight + 60_000), "CLOCK_DATE");
  assert.equal(clockCode(-121_000, midnight - 60_000), "CLOCK_DATE");
});

test("how wrong, in words of a size that can be read", () => {
  assert.deepEqual(driftWords(95_000), { ahead: true, amount: 95, unit: "seconds" });
  assert.deepEqual(driftWords(-600_000), { ahead: false, amount: 10, unit: "minutes" });
  assert.deepEqual(driftWords(86_400_000), { ahead: true, amount: 24, unit: "hours" });
  assert.deepEqual(driftWords(3 * 86_400_000), { ahead: true, amount: 3, unit: "days" });
});

test("the permission by its new or its old name; who serves himself asks nobody", async () => {
  const knows = (name, state) => ({ query: async (asked) => { if (asked.name !== name) throw new TypeError(); return { state }; } });
  assert.equal((await loopbackPermission(knows("loopback-network", "denied"))).state, "denied");
  assert.equal((await loopbackPermission(knows("local-network-access", "granted"))).state, "granted");
  assert.equal(await loopbackPermission(knows("camera", "granted")), null);
  assert.equal(await loopbackPermission(undefined), null);
  assert.deepEqual(["127.0.0.1", "localhost", "[::1]", "shop.example", "127.evil.example", "192.168.1.2"].map(servedHere), [true, true, true, false, false, false]);
});
