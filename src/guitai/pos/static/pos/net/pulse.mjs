// Whether the agent still answers. A program that is stopped or stuck keeps its connection open, so
// that only a question tells (docs/agent-protocol.md §4.1).

const EVERY_MS = 2000;
const PATIENCE_MS = 4000;
/** Errors that are no word of the agent: it said nothing, or the relay speaks for it. */
const NO_WORD = ["timeout", "closed", "agent_busy"];

/** Asks one session in a steady rhythm; `silent()` is called once when it does not answer. */
export class Pulse {
  constructor(silent) {
    this.silent = silent;
    this.every = EVERY_MS;
    this.patience = PATIENCE_MS;
    this.session = null;
  }

  start(session) {
    this.stop();
    this.session = session;
    this.#later();
  }

  stop() {
    clearTimeout(this.timer);
    this.session = null;
    this.asking = null;
  }

  /** One question now: whether the agent answered it. */
  ask() {
    if (!this.session) return Promise.resolve(false);
    this.asking ??= this.#ask(this.session);
    return this.asking;
  }

  #later() {
    this.timer = setTimeout(() => this.ask(), this.every);
  }

  async #ask(session) {
    clearTimeout(this.timer);
    // It answers in order: what it was asked before may take its time.
    const patience = Math.max(this.patience, session.patience());
    const error = await session.request("printer.get", {}, patience).then(() => null, (refusal) => refusal);
    const answered = !error || !NO_WORD.includes(error.code);
    if (this.session !== session) return answered;
    this.asking = null;
    if (answered) this.#later();
    else if (error.code !== "closed") { // One that is closed says so itself.
      this.stop();
      this.silent();
    }
    return answered;
  }
}
