// The newest jobs, those first that only a person can settle.
import { ask, heard } from "./link.js";
import { button, byId, element, fill, moment } from "./dom.js";

const STATES = {
  queued: ["排隊中", "wait"], waiting: ["等待中", "warn"], sending: ["列印中", "wait"],
  done: ["已印好", "good"], uncertain: ["不確定", "bad"], expired: ["還沒印", "bad"],
  cancelled: ["已取消", "wait"],
};
const KINDS = { document: "單據", selftest: "測試", pairing: "配對碼" };
const MOST = 30;
const jobs = new Map();

export function remember(job) { jobs.set(job.job_id, job); show(); }

/** What the reply says of a job just made; news of it may have overtaken the reply, and is newer. */
export function begun(job) { if (!jobs.has(job.job_id)) remember(job); }

export async function refreshJobs() {
  const listed = await ask("print.list", { limit: MOST });
  jobs.clear();
  for (const job of listed.jobs) jobs.set(job.job_id, job);
  show();
}

function show() {
  const open = (job) => Number(["uncertain", "expired"].includes(job.state));
  const sorted = [...jobs.values()]
    .sort((a, b) => open(b) - open(a) || b.submitted_at.localeCompare(a.submitted_at)).slice(0, MOST);
  byId("no-jobs").hidden = sorted.length > 0;
  byId("job-table").hidden = sorted.length === 0;
  fill("jobs", sorted.map(row));
}

function row(job) {
  const [word, tone] = STATES[job.state];
  const made = element("tr", null, { "data-row": `job ${job.job_id}` });
  const state = element("td");
  state.append(element("span", word, { class: "state", "data-tone": tone }));
  const last = element("td");
  const actions = element("div", null, { class: "actions" });
  actions.append(...deeds(job));
  last.append(actions);
  const kind = (KINDS[job.kind] ?? job.kind) + (job.copy === "reprint" ? "（補印）" : "");
  made.append(element("td", moment(job.submitted_at), { class: "time" }), element("td", kind), state,
    element("td", job.message || "—", { class: "why" }), last);
  return made;
}

function deeds(job) {
  const number = job.job_id.slice(-6);
  if (job.state === "uncertain") {
    const settle = (printed) => async () => remember((await ask("print.resolve", { job_id: job.job_id, printed })).job);
    return [button("已印好", settle("yes"), { name: `已印好 ${number}` }),
      button("未印出", settle("no"), { name: `未印出 ${number}` })];
  }
  if (["queued", "waiting", "expired"].includes(job.state)) {
    const word = job.state === "expired" ? "不用了" : "取消"; // printing it is the register's to say
    const cancel = async () => remember((await ask("print.cancel", { job_id: job.job_id })).job);
    return [button(word, cancel, { name: `${word} ${number}` })];
  }
  return [];
}

heard("job.state", ({ job }) => remember(job));
