// An agent that hangs keeps its connection open: only asking tells (agent-protocol.md §4.1). Time is
// the test's own here, so that the page's real rhythm is what is tested.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { tellServer } from "../../static/pos/actions/doctor.mjs";
import { AgentLink } from "../../static/pos/net/agent.mjs";

const HEALTH = { hops: [{ hop: "agent", state: "ok", code: "OK" }], findings: [], queue: {} };

/** A computer with an agent on one port of it: listening, hung (its sockets open) or not there. */
class Computer {
  constructor() {
    Object.assign(this, { agent: "up", asked: [], held: [], sockets: [], looks: 0 });
    this.waiting = [];
  }

  answer(socket, { id, type }) {
    this.asked.push(type);
    const health = type === "health.get" ? { ...HEALTH, time: `look ${(this.looks += 1)}` } : {};
    return { v: 1, id, type, ok: true, agent_id: "a", version: "1.0", printer: { code: "OK", online: true }, jobs: [], ...health };
  }

  take(socket, text) {
    if (this.agent !== "up") return this.held.push([socket, text]);
    return queueMicrotask(() => socket.onmessage({ data: JSON.stringify(this.answer(socket, JSON.parse(text))) }));
  }

  wake() {
    this.agent = "up";
    for (const [socket, text] of this.held.splice(0)) if (socket.readyState === 1) this.take(socket, text);
    for (const answer of this.waiting.splice(0)) answer();
  }

  die() {
    this.agent = "down";
    for (const socket of this.sockets.splice(0)) socket.onclose?.({ code: 1006 });
  }

  fetch(url, { signal }) {
    const hello = { ok: true, json: async () => ({ name: "guitai-agent", version: "1.0", protocol: [1] }) };
    if (this.agent === "down" || !url.includes(":47120/")) return Promise.reject(new TypeError("refused"));
    if (this.agent === "up") return Promise.resolve(hello);
    return new Promise((resolve, reject) => {
      this.waiting.push(() => resolve(hello));
      signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
  }
}

let computer;

function fakeSocket(url) {
  const socket = { url, readyState: 0, send: (text) => computer.take(socket, text), close: () => { socket.readyState = 2; } };
  computer.sockets.push(socket);
  queueMicrotask(() => { socket.readyState = 1; socket.onopen?.(); });
  return socket;
}
fakeSocket.OPEN = 1;

function link(more = {}) {
  const views = [];
  const told = { changed: (view) => views.push(view), job() {}, arrived() {}, released() {} };
  const one = new AgentLink({
    ports: [47120, 47121], host: "127.0.0.1", token: { get: () => "t" }, atHome: { get: () => "a", set() {} }, label: () => "",
    least: () => "", ticket: async () => ({ kind: "refused", error: { code: "AGENT-NONE" } }), told, ...more,
  });
  return { one, views, states: () => views.map(({ state }) => state).filter((state, at, all) => state !== all[at - 1]) };
}

const settled = async () => { for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve)); };

/** That much time, in small steps: what happened in one may start a timer of the next. */
async function pass(millis) {
  for (let gone = 0; gone < millis; gone += 100) {
    mock.timers.tick(100);
    await settled();
  }
}

beforeEach(() => {
  computer = new Computer();
  globalThis.WebSocket = fakeSocket;
  globalThis.fetch = (...args) => computer.fetch(...args);
  mock.timers.enable({ apis: ["setTimeout"] });
});

afterEach(() => mock.timers.reset());

test("an agent that hangs is noticed within six seconds, and found again when it wakes", async () => {
  const { one, states } = link();
  one.start();
  await pass(1000);
  assert.equal(one.state, "ready");
  computer.agent = "hung";
  await pass(6000);
  assert.equal(one.state, "hung");
  assert.deepEqual([one.way, one.printer, one.health], ["", null, null], "nothing old is shown");
  await pass(30_000);
  assert.equal(one.state, "hung", "and it stays so, however often it is looked for");
  computer.wake();
  await pass(10_000);
  assert.equal(one.state, "ready");
  assert.deepEqual(states().filter((state) => ["ready", "hung", "down"].includes(state)), ["ready", "hung", "ready"]);
  one.stop();
});

test("one that is ended is down and not hung, and never ready without a way", async () => {
  const { one, views } = link();
  one.start();
  await pass(1000);
  computer.die();
  await pass(3000);
  assert.equal(one.state, "down");
  assert.ok(views.every(({ state, way }) => state !== "ready" || way), "no empty news for the server");
  one.stop();
});

test("a page that is opened beside a hung agent says so too", async () => {
  computer.agent = "hung";
  const { one } = link();
  one.start();
  await pass(8000);
  assert.equal(one.state, "hung");
  computer.wake();
  await pass(10_000);
  assert.equal(one.state, "ready");
  one.stop();
});

test("an agent that hangs before it lets the page in is hung as well", async () => {
  const { one } = link();
  const take = computer.take;
  computer.take = (socket, text) => { computer.agent = "hung"; return take.call(computer, socket, text); };
  one.start();
  await pass(9000);
  assert.equal(one.state, "hung");
  one.stop();
});

test("what waits for an answer is given back when the agent is given up", async () => {
  const { one } = link();
  one.start();
  await pass(1000);
  computer.agent = "hung";
  const answered = one.check();
  const lost = assert.rejects(one.request("diag.run", {}, 20_000), { code: "closed" });
  assert.equal(await Promise.race([answered, pass(5000).then(() => "late")]), false);
  await lost;
  one.stop();
});

test("a long piece of work is no silence", async () => {
  const { one } = link();
  one.start();
  await pass(1000);
  computer.agent = "busy"; // Answers come in the order of the questions: this one takes its time.
  const work = one.request("device.scan", {}, 15_000);
  await pass(9000);
  assert.equal(one.state, "ready");
  computer.wake();
  assert.equal((await work).ok, true);
  one.stop();
});

test("over the relay silence is told, and knocked at until it ends", async () => {
  const agents = [{ register_id: "r1", own: true }];
  const ticket = async () => ({ kind: "ok", data: { url: "wss://x/page", ticket: "t", agent: agents[0], agents } });
  const { one } = link({ ports: [], ticket });
  one.start();
  await pass(6000);
  assert.deepEqual([one.state, one.way, one.relay.state], ["ready", "relay", "up"]);
  computer.agent = "hung";
  await pass(6000);
  assert.deepEqual([one.way, one.relay.state], ["", "away"]);
  await pass(40_000);
  assert.deepEqual([one.way, one.relay.state], ["", "away"], "an agent that lets nobody in is away");
  computer.wake();
  await pass(10_000);
  assert.deepEqual([one.state, one.way], ["ready", "relay"]);
  one.stop();
});

// The desk ---------------------------------------------------------------------------------------

function till(phase = "till") {
  const posts = [];
  const app = { toldServer: "", prints: {}, api: { post: (path, body) => posts.push(body) }, state: { phase } };
  const { one } = link({ told: { changed: (agent) => { app.state.agent = agent; tellServer(app); }, job() {}, arrived() {}, released() {} } });
  app.agent = one;
  return { app, one, posts };
}

test("a sign of life is the agent's own: nothing old is told as new", async () => {
  const { app, one, posts } = till();
  one.start();
  await pass(1000);
  const before = posts.length;
  await pass(60_000);
  assert.equal(posts.length, before + 2, "every half minute");
  assert.equal(new Set(posts.slice(before).map(({ time }) => time)).size, 2, "each was looked at anew");
  computer.agent = "hung";
  await pass(90_000);
  assert.equal(posts.length, before + 2);
  computer.wake();
  await pass(12_000);
  assert.ok(posts.length > before + 2);
  assert.ok(posts.every(({ agent_id }) => agent_id === "a"));
  one.stop();
  clearTimeout(app.tellTimer);
});

test("the desk hears of the agent also while nobody is signed in, and again after that", async () => {
  const { app, one, posts } = till("signin");
  one.start();
  await pass(40_000);
  assert.ok(posts.length >= 2);
  one.stop();
  clearTimeout(app.tellTimer);
});
