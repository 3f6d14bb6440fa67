// Print jobs as the clerk sees them: what, how far, and the one question that only eyes can answer.

import { answerPaper, cancelJob, retryJob } from "../actions/after.mjs";
import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { jobView, printerView } from "../logic/printing.mjs";
import { t } from "../words/words.mjs";
import { button, errorWords } from "./parts.mjs";

/** A list of jobs, or nothing. */
export function jobsView(app, jobs) {
  if (!jobs.length) return null;
  return h("ul.jobs", { key: "jobs", "aria-label": t("job.list"), "aria-live": "polite" }, jobs.map((job) => jobRow(app, job)));
}

/** The answers to a question, as [words, answer, kind of button]. */
const ANSWERS = {
  uncertain: [["job.printed", "printed"], ["job.print_again", "again", "danger"]],
  expired: [["job.print_now", "again"], ["job.drop", "drop", "danger"]],
  /** Of a voided invoice or a cancelled order: there is nothing to print again. */
  withdrawn: [["job.taken_back", "printed"], ["job.not_there", "drop"]],
};

const answersTo = (job) => (job.withdrawn && job.state === "uncertain" ? ANSWERS.withdrawn : ANSWERS[job.state]);

function jobRow(app, job) {
  const { tone, code, message } = jobView(job);
  const printer = printerView(app.state.agent);
  const why = message || (job.state === "held" && printer.tone !== "good" ? printer.message || t(printer.code) : "");
  const recall = job.note === "job.came_out";
  const asked = answersTo(job);
  return h("li.job", { key: job.id, class: recall ? "bad" : tone }, icon(recall ? "bad" : tone),
    h("span.job-what", null, t(`job.kind_${job.kind}`), job.copy === "reprint" && h("span.tax-tag", null, t("job.reprint")), job.label && h("span.soft", null, ` ${job.label}`)),
    h("span.job-state", null, t(code), why && `：${why}`),
    job.note && h("p.soft", null, t(job.note)),
    asked === ANSWERS.withdrawn && h("p.soft", null, t("job.withdrawn_doubt")),
    asked && h("span.job-ask", null, asked.map(([words, answer, kind]) =>
      button(t(words), () => answerPaper(app, job.id, answer), { kind, disabled: Boolean(app.state.busy) }))),
    recall && button(t("job.taken_back"), () => app.prints.recalled(job.id)),
    faultAt(app, job) && h("p.fault", { role: "alert" }, errorWords(app.state.jobFault.error)),
    job.state === "failed" && button(t("job.retry"), () => retryJob(app, job.id)),
    app.prints.canCancel(job) && button(t("job.cancel"), () => cancelJob(app, job.id), { kind: "quiet" }));
}

/** That the agent did not answer is told only as long as it does not. */
function faultAt(app, job) {
  const { jobFault, agent } = app.state;
  return jobFault?.id === job.id && !(jobFault.error.code === "closed" && agent.state === "ready");
}
