// What follows a sale: issue by hand, reprint, hand-written numbers, questions about paper.

import { isInvoiceNumber } from "../logic/invoice.mjs";
import { small } from "../net/store.mjs";
import { clockBlocks } from "./clock.mjs";

/** One call at a time; the word for what is going on stands in state.busy. */
export async function busily(app, word, work) {
  if (app.state.busy) return undefined;
  app.set({ busy: word });
  try {
    return await work();
  } finally {
    app.set({ busy: "" });
  }
}

const failed = (answer) => (answer.kind === "ok" ? null : answer.error ?? { code: "line" });

/** 「開立發票」 where auto-issue is off. Issuing twice gives the same invoice (idempotent). */
export function issueNow(app, orderId) {
  if (clockBlocks(app)) return undefined;
  return busily(app, "issue", async () => {
    const answer = await app.api.post(`orders/${orderId}/issue`);
    const fault = failed(answer);
    const { result } = app.state;
    if (result?.answer.order.id !== orderId) return answer;
    if (fault) app.within("result", { fault });
    else {
      app.within("result", { fault: null, answer: { ...result.answer, ...answer.data } });
      app.prints.add(answer.data.print_jobs ?? [], { orderId, label: answer.data.invoice?.number });
      app.focus("next");
    }
    return answer;
  });
}

export function printDetail(app, orderId) {
  return reprint(app, orderId, "detail");
}

/** A reprint is a new job, marked 補印 by the server. */
export const reprint = (app, orderId, what, label = "") => busily(app, "reprint", () => newSlip(app, orderId, what, label));

async function newSlip(app, orderId, what, label) {
  const answer = await app.api.post(`orders/${orderId}/reprint`, { what });
  const fault = failed(answer);
  if (fault) app.reportFault(fault);
  else app.prints.add(answer.data.print_jobs ?? [], { orderId, label });
  return answer;
}

/** 自行開立: the number typed later marks the order at once (S3.17). */
export function saveNumber(app, orderId, number) {
  if (!isInvoiceNumber(number)) {
    return app.within("result", { fault: { code: "field", message: "", words: "invoice.number_shape" } });
  }
  return busily(app, "number", async () => {
    const answer = await app.api.post(`orders/${orderId}/manual-number`, { number });
    const fault = failed(answer);
    app.within("result", fault ? { fault } : { fault: null, savedNumber: number });
    return answer;
  });
}

/**
 * Only the person can see the paper, or know whether it is still wanted: "printed" (已印好), "again"
 * (補印, 印出來) or "drop" (不用了).
 */
export async function answerPaper(app, jobId, answer) {
  const { state: read } = app.prints.jobs.get(jobId);
  const end = await busily(app, "resolve", () => atJob(app, jobId, async () => {
    // Without the server there is no second paper: the question stays until it can be answered. Also
    // where the agent can print this very slip: it may be gone before it is told.
    if (answer === "again") await owe(app, jobId);
    // News came in on the way: she has answered what she has read, and that is no longer asked.
    if (app.prints.jobs.get(jobId).state !== read) return "asked";
    return app.prints.resolve(jobId, answer);
  }));
  const job = app.prints.jobs.get(jobId);
  if (end === "printed") app.say("good", "job.printed_there");
  if (end === "elsewhere") app.say("good", "job.answered_there");
  if (end !== "new") return owed.drop(jobId);
  if (!job.orderId) return app.set({ jobFault: { id: jobId, error: { code: "job", words: "job.reprint_there" } } });
  owed.confirm(jobId);
  return payOwed(app);
}

// Reprints that a person asked for, until the server has taken them: the line may drop between the
// answer and the reprint, and the customer would go without paper.
export const owed = {
  all: () => small.get("owed_reprints", {}),
  add: (jobId, wish) => small.set("owed_reprints", { ...owed.all(), [jobId]: wish }),
  /** The answer was heard and ended the old slip, whoever may have told the server of that first. */
  confirm(jobId) {
    const wish = owed.all()[jobId];
    if (wish) owed.add(jobId, { ...wish, heard: true });
  },
  drop(jobId) {
    const { [jobId]: gone, ...rest } = owed.all();
    if (gone) small.set("owed_reprints", rest);
  },
};

/** Why a slip has ended in whose place another one is wanted (agent-protocol.md §6.1). */
const GIVEN_UP = ["NOT_PRINTED", "EXPIRED"];

/** Writes the wish down, with the slips there are: a reply may get lost after its slip was made. */
async function owe(app, jobId) {
  if (!(await app.prints.fetchWaiting())) throw { code: "line" };
  const { orderId, kind, label = "" } = app.prints.jobs.get(jobId);
  if (!orderId) return;
  const known = await slipsOf(app, orderId);
  if (!known) throw { code: "line" };
  owed.add(jobId, { orderId, label, what: kind === "detail" ? "detail" : "proof", known: known.map(({ id }) => id) });
}

/** An order's slips as the server knows them; null where it did not answer. */
async function slipsOf(app, orderId) {
  const answer = await app.api.get(`orders/${orderId}`);
  return answer.kind === "unknown" ? null : answer.data?.order.print_jobs ?? [];
}

/**
 * Asks for the reprints that are still owed; again with every heartbeat until the server has taken
 * them, whatever else the till is busy with. Only while a person's answer is under way it waits: the
 * wish is written before the answer has been heard.
 */
export async function payOwed(app) {
  if (app.paying || app.state.busy === "resolve") return;
  app.paying = true;
  try {
    for (const [jobId, wish] of Object.entries(owed.all())) {
      const word = await pay(app, jobId, wish);
      if (word === "early") continue;
      if (word === "cut") return app.set({ jobFault: { id: jobId, error: { code: "job", words: "job.reprint_owed" } } });
      owed.drop(jobId);
      if (app.state.jobFault?.id === jobId) app.set({ jobFault: null });
    }
  } finally {
    app.paying = false;
  }
}

/**
 * "paid" when the server has taken the wish, refused it for good, or the old slip came out after all;
 * "cut" when it did not answer; "early" as long as the old slip has not ended: it may yet be printed
 * (the very one that was asked for), or be asked about again, and the wish waits for what becomes of it.
 */
async function pay(app, jobId, { orderId, what, label, known, heard }) {
  const slips = await slipsOf(app, orderId);
  if (!slips) return "cut";
  if (slips.some(({ id }) => !known.includes(id))) return await app.prints.fetchWaiting() ? "paid" : "cut";
  const old = slips.find(({ id }) => id === jobId);
  if (old && old.state !== "cancelled") return old.state === "done" ? "paid" : "early";
  if (old && !heard && !GIVEN_UP.includes(old.detail)) return "paid"; // Taken back: a person's no came after the wish.
  const answer = await newSlip(app, orderId, what, label);
  return answer.kind === "unknown" ? "cut" : "paid";
}

export const retryJob = (app, jobId) => atJob(app, jobId, () => app.prints.retry(jobId));

export const dropJob = (app, jobId) => unwished(app, jobId, () => app.prints.resolve(jobId, "drop"));

export const cancelJob = (app, jobId) => unwished(app, jobId, () => app.prints.cancel(jobId));

/** Whoever does not want the slip wants none in its place either. */
function unwished(app, jobId, work) {
  owed.drop(jobId);
  return atJob(app, jobId, work);
}

/** What went wrong stands at the job it is about. */
async function atJob(app, id, work) {
  app.set({ jobFault: null });
  try {
    return await work();
  } catch (error) {
    return app.set({ jobFault: { id, error } });
  }
}
