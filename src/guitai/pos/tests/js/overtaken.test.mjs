// News of a job that overtakes the reply which says that it was queued (net/prints.mjs).
import assert from "node:assert/strict";
import { test } from "node:test";

const kept = new Map();
globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)), removeItem: (key) => kept.delete(key) };
const { Prints } = await import("../../static/pos/net/prints.mjs");

const JOB = "0192-slip";

/** A page whose agent tells `news` before it replies, about a slip that is not known or `expired` there. */
function till(news, expired) {
  const about = (state) => ({ job_id: JOB, kind: "document", reason: "", message: "", state });
  const agent = {
    agentId: "A", state: "ready",
    request: async (type) => {
      if (type === "print.get" && expired) return { job: about("expired") };
      if (type === "print.get") throw { code: "unknown_job" };
      prints.onJob(about(news));
      return { job: about("queued") };
    },
  };
  const api = { get: async () => ({ kind: "ok", data: { jobs: [{ id: JOB, kind: "proof", state: expired ? "sent" : "waiting" }], state: "sent", doc: [] } }), post: async () => ({ kind: "ok", data: {} }) };
  const prints = new Prints({ api, agent, changed: () => {} });
  return prints;
}

for (const news of ["waiting", "sending", "done"]) {
  test(`a slip that was handed over and is ${news} already stays so`, async () => {
    const prints = till(news, false);
    await prints.add([{ id: JOB, kind: "proof" }]);
    assert.equal(prints.jobs.get(JOB).state, news);
  });

  test(`a slip that was renewed and is ${news} already stays so`, async () => {
    const prints = till(news, true);
    await prints.add([{ id: JOB, kind: "proof", state: "sent" }]);
    assert.equal(prints.jobs.get(JOB).state, "expired");
    await prints.resolve(JOB, "again");
    assert.equal(prints.jobs.get(JOB).state, news);
  });
}
