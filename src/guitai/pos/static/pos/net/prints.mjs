// Print jobs on their way from the server through this page to the agent. The same job always
// keeps its id, so that the agent prints it once however often it is handed over.

import { isOpen, isPassing, isQuestion, isUnbegun, nextStep, reportOf } from "../logic/printing.mjs";
import { order, settle, settleElsewhere } from "./elsewhere.mjs";
import { small } from "./store.mjs";
import { Strangers } from "./strangers.mjs";

const REMEMBERED = 200;
const ENDED = ["done", "cancelled"];
/** The agent may have heard what it was told, and nobody heard its reply. */
const UNHEARD = ["closed", "timeout"];
/** Still being looked for; of an agent that is away otherwise nobody knows when it comes. */
const SEEKING = ["off", "searching", "connecting"];
/** Another agent holds it and has not begun, for all we know: it may yet print it by itself. */
const LOOSE = { waiting: "job.loose", sent: "job.loose" };

/**
 * Follows this register's jobs {id, kind, copy, state, message, orderId, label}; `at` is the agent
 * that last told of it, `note` the words' code of what a person must know before answering, `ended`
 * what she answered where no agent heard it, `withdrawn` that its invoice was voided or its order
 * cancelled since, at the desk or at another till. `changed()` after every change; `isOwed(id)` tells
 * whether a reprint in its place is written down.
 */
export class Prints {
  constructor({ api, agent, changed, isOwed = () => false }) {
    Object.assign(this, { api, agent, changed, isOwed });
    this.jobs = new Map();
    this.unreported = new Map();
    this.telling = new Map();
    this.busy = new Set();
    this.answering = new Set();
    this.answered = new Set();
    this.strangers = new Strangers({ api, agent, changed, claimed: () => this.fetchWaiting() });
  }

  list() {
    return [...this.jobs.values()];
  }

  /** Jobs that stand in a clerk's way: a question, a fault, or waiting for the printer. */
  open() {
    return this.list().filter((job) => !ENDED.includes(job.state));
  }

  /** Paper that came out although nobody wanted it any more, until a person has it in her hand. */
  recalls() {
    return this.list().filter(({ note }) => note === "job.came_out");
  }

  recalled(jobId) {
    this.#set(jobId, { note: "" });
  }

  /** What a person must answer: paper that only eyes can judge, or ("expired") that waited too long. */
  questions(state = "uncertain") {
    return this.open().filter((job) => job.state === state);
  }

  /**
   * Where the agent's question about paper is answered: "here", "till" (another register), "agent"
   * (its own page: a test slip, another shop's job); "" while the server has not said.
   */
  askedAt() {
    if (this.questions().length) return "here";
    if (this.strangers.questions("") || this.strangers.questions("own")) return "";
    return this.strangers.questions("theirs") ? "till" : "agent";
  }

  /** Jobs that the server told of: after a sale, a reprint, or from the waiting list. */
  add(jobs, about = {}) {
    for (const job of jobs) {
      this.strangers.forget(job.id);
      if (this.jobs.has(job.id)) {
        this.#learn(job, about);
        continue;
      }
      this.jobs.set(job.id, { copy: "original", ...job, ...about, server: job.state ?? "waiting", state: "held", message: "" });
    }
    this.#forgetOld();
    this.changed();
    return this.pump();
  }

  /** A job may be listed again with more that is known of it. */
  #learn(job, about) {
    const told = { ...job, ...about };
    const { kind, orderId, label, withdrawn } = told;
    const news = Object.entries({ kind, orderId, label, withdrawn }).filter(([, value]) => value);
    this.jobs.set(job.id, { ...this.jobs.get(job.id), ...Object.fromEntries(news) });
  }

  #forgetOld() {
    const finished = this.list().filter((job) => ENDED.includes(job.state) && job.note !== "job.came_out");
    for (const { id } of finished.slice(0, Math.max(0, this.jobs.size - 40))) {
      this.jobs.delete(id);
      this.telling.delete(id);
    }
  }

  /** What the server still holds for this register: after a start and after every reconnect. */
  async fetchWaiting() {
    const jobs = await this.#listed();
    if (jobs) await this.add(jobs);
    return Boolean(jobs);
  }

  /** The server's list, or null without an answer. */
  async #listed() {
    const answer = await this.api.get("print-jobs?state=waiting");
    if (answer.kind !== "ok") return null;
    const jobs = answer.data.jobs ?? answer.data.print_jobs ?? [];
    return jobs.map((job) => ({ ...job, id: job.id ?? job.job_id, orderId: job.order_id }));
  }

  /**
   * What became of this register's paper elsewhere: what has ended there (answered at another device,
   * or the sale was cancelled) is no question any more and is taken back where it has not begun; and
   * which slips were withdrawn.
   */
  async #hearServer() {
    const handed = this.open().filter((job) => job.server !== "waiting");
    const listed = handed.length ? await this.#listed() : null;
    if (!listed) return;
    const known = new Map(listed.map((job) => [job.id, job]));
    for (const { id } of handed) {
      const job = this.jobs.get(id);
      if (known.has(id)) this.#learn(known.get(id), {});
      else if ((isQuestion(job) || isUnbegun(job)) && !this.answering.has(id)) await this.#newsOfServer(job);
    }
  }

  /** Move every job on as far as it can go now. Safe to call at any time, any number of times. */
  async pump() {
    if (this.agent.state !== "ready") this.strangers.clear();
    await this.#reportAgain();
    for (const { id } of this.open()) await this.#advance(id);
    await this.strangers.sort();
  }

  /** What the heartbeat does: news that the server missed, and jobs that still wait for the agent. */
  async tend() {
    await this.#reportAgain();
    await this.#hearServer();
    for (const { id, state } of this.open()) if (state !== "failed") await this.#advance(id);
    await this.strangers.sort();
  }

  /** The one way by which a job learns how it is: also a question, whose answer may have gone unheard. */
  async #advance(id) {
    const job = this.jobs.get(id);
    if (!job || ENDED.includes(job.state) || this.busy.has(id) || this.answering.has(id)) return;
    if (this.agent.state !== "ready") {
      if (isOpen(job) || job.state === "fetching") this.#set(job.id, { state: "held" });
      if (job.state === "held" && !SEEKING.includes(this.agent.state)) this.#askByServer(job);
      return;
    }
    this.busy.add(job.id);
    try {
      await this.#step(job);
    } catch (error) {
      if (!isQuestion(job)) this.#refused(id, error); // A question stays one, and is asked about again.
    } finally {
      this.busy.delete(job.id);
    }
  }

  async #step(job) {
    const known = await this.#ask(job.id);
    if (this.answering.has(job.id)) return; // The person's word came in between; it tells the end itself.
    if (job.withdrawn && known && isUnbegun(known)) return this.onJob(await this.#order("print.cancel", job.id));
    if (isQuestion(job)) return known ? this.onJob(known) : undefined; // Only a person knows better.
    // The server keeps whom it was handed to, for a device that has forgotten.
    const sentTo = sentTable()[job.id] ?? (job.server === "sent" ? job.detail ?? "" : "");
    const step = nextStep({ server: job.server, known, sentTo, agentId: this.agent.agentId });
    if (step === "submit") await this.#submit(job);
    else if (step === "ask" && !known) this.#question(job.id, job.server === "expired" ? "expired" : "uncertain", LOOSE[job.server]);
    else if (known) this.onJob(known);
    else this.#set(job.id, { state: job.server });
  }

  /** Something that this page asks about without an agent that knows the job. */
  #question(jobId, state, note = "") {
    this.#set(jobId, { state, at: "", message: "", note });
  }

  /** What the server knows for a question is one, also without the agent. Whether it is. */
  #askByServer(job) {
    if (!isQuestion({ state: job.server })) return false;
    this.#question(job.id, job.server);
    return true;
  }

  #refused(id, error) {
    const job = this.jobs.get(id);
    // The agent went away in the middle: the next reconnect asks it what became of the job.
    if (UNHEARD.includes(error.code)) return this.#set(job.id, { state: "held", message: "", note: "" });
    if (isPassing(error)) {
      if (this.#askByServer(job)) return undefined;
      // A new journal will not know what the broken one has taken: that is asked then.
      const goesOn = error.code !== "journal_broken" || job.server === "waiting";
      return this.#set(job.id, { state: "held", message: error.message || error.code, note: goesOn ? "job.by_itself" : "" });
    }
    // It has the job, handed over from another address of this till: nobody here knows how it ended.
    if (error.code === "conflict") return this.#question(job.id, "uncertain", "job.loose");
    if (error.code !== "expired") return this.#fail(job.id, error);
    this.#question(job.id, "expired");
    return this.#report(job.id, "expired", "EXPIRED");
  }

  async #ask(jobId) {
    try {
      return (await this.agent.request("print.get", { job_id: jobId })).job;
    } catch (error) {
      if (error.code === "unknown_job") return null;
      throw error;
    }
  }

  async #submit(job) {
    this.#set(job.id, { state: "fetching", message: "", note: "" });
    const answer = await this.api.get(`print-jobs/${job.id}`);
    if (answer.kind === "unknown") return this.#set(job.id, { state: "held" });
    if (answer.kind === "refused") return this.#fail(job.id, answer.error);
    const { doc, sha256, copy, state, withdrawn } = answer.data; // How long it may wait, the agent counts by its own clock.
    if (ENDED.includes(state)) return this.#set(job.id, { state, ended: state, reported: state, note: withdrawn ? "job.withdrawn" : "" });
    if (withdrawn) return this.#withdraw(job.id);
    if (this.agent.state !== "ready") return this.#set(job.id, { state: "held" }); // It went away meanwhile.
    // Written down before it is handed over: whoever asks later knows that it may be on paper.
    remember(job.id, this.agent.agentId);
    this.#set(job.id, { server: "sent" });
    const told = await this.#report(job.id, "sent", this.agent.agentId);
    if (told === "refused") {
      this.#untaken(job.id);
      return await this.#newsOfServer(job) || this.#set(job.id, { state: "held" });
    }
    // Without its word another register might print it too, for one that never left.
    if (told === "unknown") return this.#set(job.id, { state: "held" });
    try {
      return this.#taken("fetching", (await this.agent.request("print.submit", { job_id: job.id, doc, sha256, copy })).job);
    } catch (error) {
      if (isPassing(error)) this.#untaken(job.id);
      throw error;
    }
  }

  /** The agent has queued it. News of the job may have overtaken this reply, and is newer. */
  #taken(before, agentJob) {
    const overtaken = agentJob.state === "queued" && this.jobs.get(agentJob.job_id).state !== before;
    return overtaken ? undefined : this.onJob(agentJob);
  }

  /** No agent has it, and nobody wants it any more. */
  #withdraw(jobId) {
    this.#set(jobId, { state: "cancelled", ended: "cancelled", reported: "cancelled", note: "job.withdrawn" });
    return this.#report(jobId, "cancelled", "WITHDRAWN");
  }

  /** The agent said that it took nothing: nobody has it. */
  #untaken(jobId) {
    forget(jobId);
    this.#set(jobId, { server: "waiting" });
  }

  /** News of the agent about a job, whoever asked; resolves when the server was told, if it has to be. */
  onJob(agentJob) {
    const id = agentJob.job_id;
    const job = this.jobs.get(id);
    if (!job) return agentJob.kind === "selftest" ? undefined : this.strangers.meet(agentJob);
    if (job.ended) {
      if (job.ended === "cancelled" && agentJob.state === "done") this.#set(id, { state: "done", note: "job.came_out" });
      return isOpen(agentJob) || isQuestion(agentJob) ? this.#endThere(agentJob, job.ended) : undefined;
    }
    // Somebody said 「未印出」 at the agent's own page: here the paper is still owed. This device's own
    // word may be older than the page: then its reprint was written down with it.
    if (agentJob.reason === "NOT_PRINTED" && !this.answered.has(id) && !this.isOwed(id)) {
      return this.#set(id, { state: "uncertain", at: "", message: "", settled: true, note: "job.unprinted_there" });
    }
    const word = reportOf(agentJob);
    this.#set(id, {
      state: agentJob.state, message: agentJob.state === "expired" ? "" : agentJob.message ?? "", at: this.agent.agentId,
      note: this.#withdrawnNote(job, agentJob), server: word ?? "sent",
    });
    if (word && this.jobs.get(id).reported !== word) {
      this.#set(id, { reported: word });
      return this.#report(id, word, agentJob.reason ?? "");
    }
    return undefined;
  }

  #withdrawnNote({ withdrawn }, { state, reason }) {
    if (!withdrawn || reason === "CONFIRMED") return ""; // She has it before her.
    return { done: "job.came_out", cancelled: "job.withdrawn" }[state] ?? "";
  }

  /** The agent still holds a job that was answered without it. */
  async #endThere(agentJob, ended) {
    try {
      await settle((...question) => this.agent.request(...question), agentJob, ended === "done");
    } catch (error) {
      console.warn("guitai: job", agentJob.job_id, error.code); // Told again when it tells of it again.
    }
  }

  #report(jobId, state, detail) {
    const told = this.#tell(jobId, state, detail);
    this.telling.set(jobId, told);
    return told;
  }

  async #tell(jobId, state, detail) {
    const answer = await this.api.post(`print-jobs/${jobId}/state`, { state, detail });
    if (answer.kind === "unknown") this.unreported.set(jobId, { state, detail });
    else this.unreported.delete(jobId);
    if (answer.kind !== "unknown" && ENDED.includes(state)) forget(jobId);
    return answer.kind;
  }

  async #reportAgain() {
    for (const [jobId, { state, detail }] of [...this.unreported]) {
      await this.#report(jobId, state, detail);
    }
  }

  /** The agent in use has paper that waited too long: it prints the very same job when it is wanted. */
  canRenew({ state, at }) {
    return state === "expired" && Boolean(at) && at === this.agent.agentId;
  }

  /**
   * The person's answer; it ends the question wherever the job lies. "printed" (it is there), "again"
   * (print it) or "drop" (not wanted any more). Resolves with "new" when a new slip is now wanted,
   * "printed" when another agent has printed it after all, "elsewhere" when it was answered at
   * another device, "asked" when that device's word makes it another question, "sent" when the
   * agent in use may print it and was not heard, else "ended". Rejects while another agent is
   * printing it, and with an answer that nobody heard: `#advance` learns what became of it.
   */
  async resolve(jobId, answer) {
    this.answered.add(jobId);
    this.answering.add(jobId);
    try {
      return await this.#resolve(this.jobs.get(jobId), answer);
    } catch (error) {
      if (this.jobs.get(jobId).state === "held") return "sent";
      throw error;
    } finally {
      this.answering.delete(jobId);
      if (!ENDED.includes(this.jobs.get(jobId).state)) this.answered.delete(jobId);
    }
  }

  async #resolve(job, answer) {
    const printed = answer === "printed";
    const news = printed ? "" : await this.#newsOfServer(job);
    if (news) return news;
    const here = await this.#resolveHere(job, answer);
    if (here) {
      await this.#taken(job.state, here);
      await this.telling.get(job.id); // A reprint is made once the server knows what became of this one.
      return answer === "again" && here.reason === "NOT_PRINTED" ? "new" : "ended";
    }
    const there = job.settled ? null : await this.#resolveElsewhere(job, printed);
    if (there?.state === "sending" && !printed) throw { code: "job", words: "job.printing_there" };
    const onPaper = there?.state === "done";
    const ended = printed || onPaper ? "done" : "cancelled";
    const why = printed ? "CONFIRMED" : job.state === "expired" ? "EXPIRED" : "NOT_PRINTED";
    this.#set(job.id, { state: ended, ended, reported: ended, note: "", message: "" });
    await this.#report(job.id, ended, onPaper ? there.reason ?? "" : why);
    if (onPaper && !printed) return "printed";
    return answer === "again" ? "new" : "ended";
  }

  /** What another device of this register has said of it holds here too; "" for nothing new. */
  async #newsOfServer(job) {
    const { data } = await this.api.get(`print-jobs/${job.id}`);
    if (ENDED.includes(data?.state)) {
      const note = data.withdrawn ? "job.withdrawn" : "";
      this.#set(job.id, { state: data.state, ended: data.state, reported: data.state, note, message: "" });
      forget(job.id);
      if (job.at && job.at === this.agent.agentId) await this.#endThere({ job_id: job.id, state: job.state }, data.state);
      return "elsewhere";
    }
    // Handed over once more, or begun: no paper of which one may say that it never began.
    const begun = job.state === "expired" && ["sent", "uncertain"].includes(data?.state);
    if (!begun || this.canRenew(job) || this.unreported.has(job.id)) return "";
    this.#set(job.id, { server: data.state });
    this.#question(job.id, "uncertain", LOOSE[data.state]);
    return "asked";
  }

  /** The agent in use, where it knows the job; null where it does not (any more), or its word is not the last. */
  async #resolveHere(job, answer) {
    if (!job.at || job.at !== this.agent.agentId) return null;
    try {
      if (job.state === "expired") return await (answer === "drop" ? this.#order("print.cancel", job.id) : this.#renew(job));
      const here = await this.#order("print.resolve", job.id, { printed: answer === "printed" ? "yes" : "no" });
      // 「未印出」 was said there, and this person sees the paper.
      return answer === "printed" && here.reason === "NOT_PRINTED" ? null : here;
    } catch (error) {
      if (error.code === "unknown_job") return null;
      throw error;
    }
  }

  #order(type, jobId, fields = {}) {
    return order((...told) => this.agent.request(...told), type, { job_id: jobId, ...fields });
  }

  /** It never began, so it is the same job and still the original. The server hears of it before. */
  async #renew(job) {
    const { kind, error } = await this.api.post(`print-jobs/${job.id}/state`, { state: "sent", detail: this.agent.agentId });
    if (kind !== "ok") throw error ?? { code: "line" };
    this.unreported.delete(job.id);
    // From here on it may come out by itself, whoever hears of that.
    remember(job.id, this.agent.agentId);
    this.#set(job.id, { reported: "", server: "sent" });
    try {
      return await this.#order("print.renew", job.id);
    } catch (failure) {
      if (UNHEARD.includes(failure.code)) this.#set(job.id, { state: "held", message: "", note: "job.unheard" });
      throw failure;
    }
  }

  #resolveElsewhere(job, printed) {
    return settleElsewhere({
      ticket: (body) => this.api.post("relay-ticket", body),
      present: this.agent.agentId, jobId: job.id, printed,
    });
  }

  /** Hand over again what could not be taken. */
  async retry(jobId) {
    if (this.busy.has(jobId)) return;
    this.#set(jobId, { state: "held", message: "" }); // Where no agent is there, it waits for one.
    await this.#advance(jobId);
  }

  /** Whether it can be taken back: not what was handed over, and whose agent cannot be asked. */
  canCancel({ state, at, server }) {
    if (state === "held") return Boolean(at) || server === "waiting";
    return ["waiting", "queued", "failed"].includes(state);
  }

  /** Take a job back that has not begun. */
  async cancel(jobId) {
    const job = this.jobs.get(jobId);
    if (job.at) {
      this.onJob(await this.#order("print.cancel", jobId));
      return;
    }
    this.#set(jobId, { state: "cancelled" });
    await this.#report(jobId, "cancelled", "CLERK");
  }

  #fail(jobId, error) {
    this.#set(jobId, { state: "failed", message: error.message || error.code });
  }

  #set(jobId, change) {
    const job = this.jobs.get(jobId);
    if (job) this.jobs.set(jobId, { ...job, ...change });
    this.changed();
  }
}

const sentTable = () => small.get("sent_jobs", {});

function remember(jobId, agentId) {
  const entries = Object.entries(sentTable()).slice(-REMEMBERED);
  small.set("sent_jobs", Object.fromEntries([...entries, [jobId, agentId]]));
}

function forget(jobId) {
  const table = sentTable();
  delete table[jobId];
  small.set("sent_jobs", table);
}
