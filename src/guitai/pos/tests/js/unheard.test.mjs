// A person's answer whose reply was lost, because the agent hung or the line broke, and how the
// page learns what became of it (net/prints.mjs, docs/agent-protocol.md §4.1, §6.1).
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const kept = new Map();
globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)), removeItem: (key) => kept.delete(key) };
const { Prints } = await import("../../static/pos/net/prints.mjs");
const { answerPaper } = await import("../../static/pos/actions/after.mjs");

const JOB = "0192-slip";

/** One agent's journal; the reply to the message that `deaf` names is lost, `refusal` answers all. */
class Agent {
  constructor(agentId) {
    Object.assign(this, { agentId, state: "ready", deaf: "", refusal: "", heard: [], journal: new Map() });
  }

  async request(type, { job_id, printed }) {
    if (this.state !== "ready") throw { code: "closed" };
    this.heard.push(type);
    if (this.refusal) throw { code: this.refusal, message: "列印日誌" };
    if (type === "print.submit") return this.submit();
    if (!this.journal.has(job_id)) throw { code: "unknown_job" };
    const job = this.#do(type, this.journal.get(job_id), printed);
    if (this.deaf === type) {
      Object.assign(this, { state: "hung", agentId: "" });
      throw { code: "closed" };
    }
    this.journal.set(job_id, job);
    return { job };
  }

  #do(type, job, printed) {
    const from = { "print.renew": ["expired"], "print.cancel": ["queued", "expired"], "print.resolve": ["uncertain"] }[type];
    if (!from) return job;
    if (!from.includes(job.state)) throw { code: "wrong_state" };
    if (type === "print.renew") return { ...job, state: "queued", reason: "" };
    if (type === "print.cancel") return { ...job, state: "cancelled", reason: "TAKEN_BACK" };
    return { ...job, ...(printed === "yes" ? { state: "done", reason: "CONFIRMED" } : { state: "cancelled", reason: "NOT_PRINTED" }) };
  }
}

let agent, server, prints;

beforeEach(() => kept.clear());

/** A page that follows JOB, which lies at agent A in that state. */
async function till(state) {
  agent = new Agent("A");
  agent.journal.set(JOB, { job_id: JOB, state, reason: "", kind: "document" });
  server = { state: "sent", detail: "A", reports: [] };
  const api = {
    get: async (path) => (path.startsWith("print-jobs?")
      ? { kind: "ok", data: { jobs: ["done", "cancelled"].includes(server.state) ? [] : [{ id: JOB, kind: "proof", ...server }] } }
      : { kind: "ok", data: { state: server.state } }),
    post: async (path, body) => {
      if (path === "relay-ticket") return { kind: "refused", error: { code: "AGENT-NONE" } };
      server.reports.push(body.state);
      Object.assign(server, body);
      return { kind: "ok", data: {} };
    },
  };
  prints = new Prints({ api, agent, changed: () => {} });
  await prints.fetchWaiting();
  assert.equal(row().state, state);
  if (state !== "queued") assert.equal(server.state, state);
}

const row = () => prints.jobs.get(JOB);
const now = (state, reason = "") => agent.journal.set(JOB, { ...agent.journal.get(JOB), state, reason });

/** The agent, or another one, answers again, and the page does what it does then. */
async function arrives(agentId = "A") {
  Object.assign(agent, { state: "ready", agentId, deaf: "" });
  if (agentId !== "A") agent.journal = new Map();
  await prints.fetchWaiting();
  await prints.pump();
}

// 「印出來」 ---------------------------------------------------------------------------------------

test("a lost 「印出來」 is no question any more: the slip lies with the agent, and the row says so", async () => {
  await till("expired");
  agent.deaf = "print.renew";
  assert.equal(await prints.resolve(JOB, "again"), "sent");
  assert.deepEqual([row().state, row().note, server.state], ["held", "job.unheard", "sent"]);
  assert.deepEqual(prints.questions("expired"), []);
});

for (const [was, reason, row_] of [["done", "", "done"], ["queued", "", "queued"], ["expired", "EXPIRED", "expired"], ["uncertain", "FENCE_TIMEOUT", "uncertain"]]) {
  test(`when the agent is back the row follows it: ${was}`, async () => {
    await till("expired");
    agent.deaf = "print.renew";
    await prints.resolve(JOB, "again");
    now(was, reason);
    await arrives();
    assert.deepEqual([row().state, row().note], [row_, ""]);
    assert.equal(server.state, was === "queued" ? "sent" : was);
  });
}

test("at another agent she is told before she presses again that the first may print it yet", async () => {
  await till("expired");
  agent.deaf = "print.renew";
  await prints.resolve(JOB, "again");
  await arrives("B");
  assert.deepEqual([row().state, row().note], ["uncertain", "job.loose"]);
  assert.equal(await prints.resolve(JOB, "again"), "new");
  assert.deepEqual([server.state, server.detail], ["cancelled", "NOT_PRINTED"], "so that the next paper is marked 補印");
});

for (const answer of ["again", "drop"]) {
  test(`what another device has renewed is not called unbegun by this one: ${answer}`, async () => {
    await till("expired");
    await arrives("B");
    assert.deepEqual([row().state, row().note], ["expired", ""]);
    server.state = "sent"; // The other device's word; its agent is out of reach of this one.
    assert.equal(await prints.resolve(JOB, answer), "asked");
    assert.deepEqual([row().state, row().note, server.state], ["uncertain", "job.loose", "sent"]);
  });
}

test("a clerk who answers while nobody listens is asked about paper as it is", async () => {
  await till("expired");
  server.state = "uncertain";
  Object.assign(agent, { state: "hung", agentId: "" });
  assert.equal(await prints.resolve(JOB, "again"), "asked");
  assert.deepEqual([row().state, row().note], ["uncertain", ""]);
});

// The other answers ------------------------------------------------------------------------------

test("a lost 「補印」 that arrived leaves a question that can be answered either way", async () => {
  await till("uncertain");
  agent.deaf = "print.resolve";
  await assert.rejects(prints.resolve(JOB, "again"), { code: "closed" });
  assert.deepEqual([row().state, server.state], ["uncertain", "uncertain"]);
  now("cancelled", "NOT_PRINTED");
  await arrives();
  assert.deepEqual([row().state, row().note], ["uncertain", "job.unprinted_there"]);
  assert.equal(await prints.resolve(JOB, "printed"), "ended");
  assert.deepEqual([row().state, server.state, server.detail], ["done", "done", "CONFIRMED"]);
});

for (const [state, answer, message, ended] of [["uncertain", "printed", "print.resolve", "done"], ["expired", "drop", "print.cancel", "cancelled"]]) {
  test(`a lost answer that arrived ends the question when the agent is back: ${answer}`, async () => {
    await till(state);
    agent.deaf = message;
    await assert.rejects(prints.resolve(JOB, answer), { code: "closed" });
    now(ended);
    await arrives();
    assert.deepEqual([row().state, server.state], [ended, ended]);
  });

  test(`one that did not arrive is asked again: ${answer}`, async () => {
    await till(state);
    agent.deaf = message;
    await assert.rejects(prints.resolve(JOB, answer), { code: "closed" });
    await arrives();
    assert.equal(row().state, state);
  });
}

test("what was answered at the agent's own page meanwhile is learnt with the next beat", async () => {
  await till("uncertain");
  now("done", "CONFIRMED");
  await prints.tend();
  assert.deepEqual([row().state, server.state], ["done", "done"]);
});

test("a question stays one while its agent is away or cannot say", async () => {
  await till("uncertain");
  agent.deaf = "print.get";
  await prints.tend();
  assert.equal(row().state, "uncertain");
  await prints.pump();
  assert.equal(row().state, "uncertain");
});

for (const [state, ended, there] of [["expired", "cancelled", "cancelled"], ["uncertain", "done", "done"], ["uncertain", "cancelled", "cancelled"]]) {
  test(`what the server has ended is no question with the next beat, also at the agent: ${state}, ${ended}`, async () => {
    await till(state);
    server.state = ended; // The sale was cancelled, or another device has answered.
    await prints.tend();
    assert.deepEqual([row().state, server.state, agent.journal.get(JOB).state], [ended, ended, there]);
  });
}

test("who answers before that beat ends it at the agent as well", async () => {
  await till("expired");
  server.state = "cancelled";
  assert.equal(await prints.resolve(JOB, "again"), "elsewhere");
  assert.deepEqual([row().state, agent.journal.get(JOB).state], ["cancelled", "cancelled"]);
});

// An answer that comes too late --------------------------------------------------------------------

test("an answer that is out of date leads to what is true, not to a refusal", async () => {
  await till("uncertain");
  now("done", "CONFIRMED");
  assert.equal(await prints.resolve(JOB, "again"), "ended", "it is there: no second paper");
  assert.deepEqual([row().state, server.state], ["done", "done"]);
  await till("expired");
  now("sending");
  assert.equal(await prints.resolve(JOB, "drop"), "ended");
  assert.equal(row().state, "sending");
});

test("she has seen the paper: her word counts also where somebody said the contrary at the agent", async () => {
  await till("uncertain");
  now("cancelled", "NOT_PRINTED");
  assert.equal(await prints.resolve(JOB, "printed"), "ended");
  assert.deepEqual([row().state, server.state, server.detail], ["done", "done", "CONFIRMED"]);
});

test("a slip that has begun meanwhile is not taken back, and the row says how far it is", async () => {
  await till("queued");
  now("done");
  await prints.cancel(JOB);
  assert.deepEqual([row().state, server.state], ["done", "done"]);
});

test("while an answer is under way nobody asks behind its back", async () => {
  await till("uncertain");
  now("cancelled", "NOT_PRINTED");
  await prints.pump();
  const asked = prints.tend();
  const answered = prints.resolve(JOB, "printed");
  await Promise.all([asked, answered]);
  assert.deepEqual([row().state, server.state, server.detail], ["done", "done", "CONFIRMED"]);
});

// What the server knows, where the agent cannot say ------------------------------------------------

/** The page was loaded anew and the agent, so far as it is there, answers with `refusal`. */
async function reloaded(refusal, state = "ready") {
  Object.assign(agent, { refusal, state });
  prints = new Prints({ api: prints.api, agent, changed: () => {} });
  await prints.fetchWaiting();
  return row();
}

for (const state of ["uncertain", "expired"]) {
  for (const [refusal, agentState] of [["journal_broken", "ready"], ["journal_locked", "ready"], ["", "down"], ["", "hung"]]) {
    test(`a question stays one over a reload: ${state}, ${refusal || agentState}`, async () => {
      await till(state);
      const { state: shown, note } = await reloaded(refusal, agentState);
      assert.deepEqual([shown, note], [state, ""]);
      Object.assign(agent, { refusal: "", state: "ready" });
      now("done", "CONFIRMED");
      await prints.pump();
      assert.deepEqual([row().state, server.state], ["done", "done"]);
    });
  }
}

test("while the agent is still looked for, its word is waited for", async () => {
  await till("uncertain");
  const held = await reloaded("", "searching");
  assert.deepEqual([held.state, prints.canCancel(held)], ["held", false]);
});

test("a slip that a broken journal took does not come out by itself and cannot be taken back", async () => {
  await till("queued");
  const job = await reloaded("journal_broken");
  assert.deepEqual([job.state, job.note, job.message], ["held", "", "列印日誌"]);
  assert.equal(prints.canCancel(job), false);
  await arrives("B");
  agent.refusal = "";
  await prints.pump();
  assert.deepEqual([row().state, row().note], ["uncertain", "job.loose"]);
});

test("an agent that refuses for now has taken nothing: another one prints it unasked", async () => {
  await till("queued");
  Object.assign(server, { state: "waiting", detail: "" });
  kept.clear();
  agent.journal.clear();
  const { get } = prints.api;
  prints.api.get = async (path) => (path.startsWith("print-jobs?") ? get(path) : { kind: "ok", data: { ...server, doc: [], sha256: "", copy: "original" } });
  agent.submit = () => { throw { code: "disk_full", message: "磁碟滿了" }; };
  const job = await reloaded("");
  assert.deepEqual([job.state, job.note, prints.canCancel(job)], ["held", "job.by_itself", true]);
  agent.submit = () => ({ job: { job_id: JOB, state: "done", reason: "" } });
  await arrives("B");
  assert.deepEqual([row().state, server.state], ["done", "done"]);
});

test("a slip that was never taken comes out by itself, or is taken back", async () => {
  await till("queued");
  Object.assign(server, { state: "waiting", detail: "" });
  kept.clear();
  const job = await reloaded("journal_broken");
  assert.deepEqual([job.note, prints.canCancel(job)], ["job.by_itself", true]);
});

// The wish for paper -------------------------------------------------------------------------------

/** A clerk's till with that job's order; `posted` is what the server was asked for. */
function clerk() {
  const posted = [];
  row().orderId = "o1";
  const { get, post } = prints.api;
  prints.api.get = async (path) => (path.startsWith("orders/") ? { kind: "ok", data: { order: { print_jobs: [{ id: JOB, state: server.state, detail: server.detail }] } } } : get(path));
  prints.api.post = async (path, body) => {
    posted.push(path);
    return path.endsWith("/reprint") ? { kind: "ok", data: { print_jobs: [] } } : post(path, body);
  };
  return { posted, prints, api: prints.api, state: { busy: "" }, set(change) { Object.assign(this.state, change); }, say() {} };
}

test("an agent that hangs before it heard 「印出來」 owes nothing: the new slip is asked for", async () => {
  await till("expired");
  const app = clerk();
  agent.deaf = "print.get";
  await answerPaper(app, JOB, "again");
  assert.deepEqual([server.state, server.detail], ["cancelled", "EXPIRED"]);
  assert.ok(app.posted.includes("orders/o1/reprint"));
  assert.equal(agent.heard.includes("print.renew"), false);
});

for (const [was, reason] of [["uncertain", "FENCE_TIMEOUT"], ["done", ""]]) {
  test(`she answers what she has read: what is ${was} by now is shown and not printed again`, async () => {
    await till("expired");
    const app = clerk();
    now(was, reason);
    await answerPaper(app, JOB, "again");
    assert.deepEqual([row().state, server.state], [was, was]);
    assert.equal(app.posted.includes("orders/o1/reprint"), false);
    assert.equal(kept.get("guitai.till.owed_reprints"), "{}");
  });
}
