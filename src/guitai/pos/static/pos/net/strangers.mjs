// Jobs that the agent tells of and the server has not named as this register's. Several registers may
// use one agent, which knows no registers: whose a job is, only the server can say
// (agent-protocol.md §6.1). Until it has, nobody here is asked about it.

import { isOpen, isQuestion } from "../logic/printing.mjs";
import { settle } from "./elsewhere.mjs";

const toDecide = (job) => isOpen(job) || isQuestion(job);

export class Strangers {
  /** `claimed()` is called when one turns out to be this register's and open still. */
  constructor({ api, agent, changed, claimed }) {
    Object.assign(this, { api, agent, changed, claimed });
    this.known = new Map();
  }

  meet(job) {
    const id = job.job_id;
    if (toDecide(job)) this.known.set(id, { whose: "", ...this.known.get(id), job });
    else this.known.delete(id);
    if (isQuestion(job)) this.sort();
    this.changed();
  }

  forget(id) {
    this.known.delete(id);
  }

  clear() {
    this.known.clear();
  }

  /** How many questions are at this agent of which the server has said so: "theirs", or "": nothing yet. */
  questions(whose) {
    return [...this.known.values()].filter((one) => one.whose === whose && one.job.state === "uncertain").length;
  }

  /** Ask the server whose they are; what it has ended already is ended at the agent too. */
  async sort() {
    if (this.sorting) return;
    this.sorting = true;
    try {
      for (const [id, { whose }] of this.known) if (!whose) await this.#ask(id);
    } finally {
      this.sorting = false;
    }
  }

  async #ask(id) {
    const answer = await this.api.get(`print-jobs/${id}`);
    if (answer.error?.code === "PRINT-NOT-FOUND") return this.#say(id, "theirs");
    if (answer.kind !== "ok") return undefined; // Asked again with the next beat.
    if (["done", "cancelled"].includes(answer.data.state)) return this.#end(id, answer.data.state === "done");
    this.#say(id, "own");
    return this.claimed();
  }

  #say(id, whose) {
    const one = this.known.get(id);
    if (one) this.known.set(id, { ...one, whose });
    this.changed();
  }

  async #end(id, printed) {
    const one = this.known.get(id);
    if (!one) return;
    try {
      this.meet(await settle((...question) => this.agent.request(...question), one.job, printed));
    } catch (error) {
      console.warn("guitai: job", id, error.code); // It moved on, or the agent left: asked again.
    }
  }
}
