// A person's answer brought to the agent that holds the job, also where that is not the one in use:
// the other agents of this store are visited over the relay, one short connection each
// (agent-protocol.md §6.1). So no computer prints later what was settled here.

import { Session } from "./session.mjs";

const PATIENCE_MS = 4000;

/** Tell an agent. What does not allow it any more has moved on: what it has become is the answer. */
export async function order(ask, type, fields) {
  try {
    return (await ask(type, fields)).job;
  } catch (error) {
    if (error.code !== "wrong_state") throw error;
    return (await ask("print.get", { job_id: fields.job_id })).job;
  }
}

/**
 * Brings a job to the end that a person gave it: what waits or has expired is taken back, what is
 * uncertain gets the answer. `ask(type, fields)` asks the agent; resolves with the agent's job object.
 */
export async function settle(ask, job, printed) {
  const { job_id } = job;
  if (["queued", "waiting", "expired"].includes(job.state)) return order(ask, "print.cancel", { job_id });
  if (job.state === "uncertain") return order(ask, "print.resolve", { job_id, printed: printed ? "yes" : "no" });
  return job;
}

/**
 * `ticket(body)` asks the server for a relay-ticket; `present` is the agent in use, which does not
 * know the job. Resolves with the job object of the agent that knew it, else null.
 */
export async function settleElsewhere({ ticket, present, jobId, printed }) {
  const first = await ticket({});
  const near = first.data?.agents ?? first.error?.params?.agents ?? [];
  const found = await Promise.all(near.map(async ({ register_id }) => {
    const { kind, data } = await ticket({ agent_of: register_id });
    return kind === "ok" ? visit(data, (ask, agentId) => (agentId === present ? null : settleThere(ask, jobId, printed))) : null;
  }));
  return found.find(Boolean) ?? null;
}

async function settleThere(ask, jobId, printed) {
  return settle(ask, (await ask("print.get", { job_id: jobId })).job, printed);
}

/** Enter with that ticket, do the work, leave. An agent that is away or ignorant gives null. */
function visit({ url, ticket }, work) {
  return new Promise((resolve) => {
    let timer = null;
    const session = new Session(url, {
      opened: async () => {
        try {
          const { agent_id } = await session.request("enter", { ticket });
          leave(await work((...question) => session.request(...question), agent_id));
        } catch {
          leave(null); // Unknown there, away, refused: the person was told what that may mean.
        }
      },
      event: () => {},
      closed: () => leave(null),
    });
    const leave = (found) => {
      clearTimeout(timer);
      resolve(found);
      session.close();
    };
    timer = setTimeout(() => leave(null), PATIENCE_MS);
  });
}
