// What follows a sale: issue by hand, reprint, hand-written numbers, questions about paper.

import { isInvoiceNumber } from "../logic/invoice.mjs";
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
export function reprint(app, orderId, what, label = "") {
  return busily(app, "reprint", async () => {
    const answer = await app.api.post(`orders/${orderId}/reprint`, { what });
    const fault = failed(answer);
    if (fault) app.reportFault(fault);
    else app.prints.add(answer.data.print_jobs ?? (answer.data.print_job ? [answer.data.print_job] : []), { orderId, label });
    return answer;
  });
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

/** 「已印好」 or 「補印」: only the person can see the paper. */
export async function answerPrinted(app, jobId, printed) {
  const end = await busily(app, "resolve", () => atJob(app, jobId, async () => {
    // Without the server there is no second paper: the question stays until it can be answered.
    if (!printed && !(await app.prints.fetchWaiting())) throw { code: "line" };
    return app.prints.resolve(jobId, printed);
  }));
  const job = app.prints.jobs.get(jobId);
  if (end === "printed") app.say("good", "job.printed_there");
  if (end !== "cancelled") return undefined;
  if (!job.orderId) return app.set({ jobFault: { id: jobId, error: { code: "job", words: "job.reprint_there" } } });
  return reprint(app, job.orderId, job.kind === "detail" ? "detail" : "proof", job.label);
}

export const cancelJob = (app, jobId) => atJob(app, jobId, () => app.prints.cancel(jobId));

/** What went wrong stands at the job it is about. */
async function atJob(app, id, work) {
  app.set({ jobFault: null });
  try {
    return await work();
  } catch (error) {
    return app.set({ jobFault: { id, error } });
  }
}
