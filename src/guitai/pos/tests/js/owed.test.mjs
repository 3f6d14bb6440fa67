// Reprints that a person asked for and the server has not taken yet (actions/after.mjs).
import assert from "node:assert/strict";
import { test } from "node:test";

const kept = new Map();
globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)), removeItem: (key) => kept.delete(key) };
const { payOwed } = await import("../../static/pos/actions/after.mjs");
const { small } = await import("../../static/pos/net/store.mjs");

const WISH = { orderId: "o1", label: "AB-1", what: "proof", known: ["old"] };

/** A till that is `busy` with something, and a server whose line carries what `post` gives. */
function till({ busy = "", old = "cancelled", detail = "NOT_PRINTED", post = { kind: "ok", data: { print_jobs: [{ id: "new" }] } } } = {}) {
  small.set("owed_reprints", { old: WISH });
  return {
    state: { busy, jobFault: null }, posted: [], printed: [],
    set(change) { Object.assign(this.state, change); },
    reportFault(fault) { this.fault = fault; },
    api: {
      get: async () => ({ kind: "ok", data: { order: { print_jobs: [{ id: "old", state: old, detail }] } } }),
      post: async (path) => { app.posted.push(path); return post; },
    },
    prints: { add: (jobs) => app.printed.push(...jobs.map(({ id }) => id)) },
  };
}

let app;

test("a till that is busy with something else has no cut line: the slip is asked for all the same", async () => {
  app = till({ busy: "issue" });
  await payOwed(app);
  assert.deepEqual([app.posted, app.printed], [["orders/o1/reprint"], ["new"]]);
  assert.equal(app.state.jobFault, null);
  assert.deepEqual(small.get("owed_reprints"), {});
  assert.equal(app.state.busy, "issue");
});

test("a cut line is told, and the wish stays until it is carried", async () => {
  app = till({ post: { kind: "unknown", why: "timeout" } });
  await payOwed(app);
  assert.equal(app.state.jobFault.error.words, "job.reprint_owed");
  assert.deepEqual(small.get("owed_reprints"), { old: WISH });
  app.api.post = async () => ({ kind: "ok", data: { print_jobs: [] } });
  await payOwed(app);
  assert.deepEqual([app.state.jobFault, small.get("owed_reprints")], [null, {}]);
});

for (const old of ["waiting", "sent", "uncertain", "expired"]) {
  test(`as long as the old slip is ${old} for the server, the new one is owed and not asked for`, async () => {
    app = till({ old });
    await payOwed(app);
    assert.deepEqual([app.posted, small.get("owed_reprints"), app.state.jobFault], [[], { old: WISH }, null]);
  });
}

test("what was taken back after the wish is not printed again", async () => {
  app = till({ detail: "TAKEN_BACK" });
  await payOwed(app);
  assert.deepEqual([app.posted, small.get("owed_reprints")], [[], {}]);
});

test("what this page itself gave up is printed again, whatever another page has told of it", async () => {
  app = till({ detail: "TAKEN_BACK" });
  small.set("owed_reprints", { old: { ...WISH, heard: true } });
  await payOwed(app);
  assert.deepEqual([app.posted, small.get("owed_reprints")], [["orders/o1/reprint"], {}]);
});

test("what came out after all is not printed again", async () => {
  app = till({ old: "done" });
  await payOwed(app);
  assert.deepEqual([app.posted, small.get("owed_reprints")], [[], {}]);
});

test("while the answer itself is under way, nothing is asked for before it was heard", async () => {
  app = till({ busy: "resolve" });
  await payOwed(app);
  assert.deepEqual([app.posted, small.get("owed_reprints")], [[], { old: WISH }]);
});
