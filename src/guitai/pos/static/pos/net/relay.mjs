// The second way to the agent: over the server's relay (docs/agent-protocol.md §10), for tablets,
// for browsers that may not reach their own computer, and for a printer at the next counter.

import { Session } from "./session.mjs";

const WAITS = [1, 2, 4, 8, 10];
/** A register without an agent is asked about now and then: the desk may add one. */
const NONE_WAIT = 30;
const AWAY = 4404;
const TICKET = 4401;
const RELEASED = 4403;

/**
 * States: "" (not wanted), "trying", "up", "away" (the agent is not connected to the server, or does
 * not answer), "none" (no agent belongs to this register), "lost" (no answer of server or relay).
 */
export class RelayWay {
  /** `ticket()` asks the server; `arrived(session, welcome)`, `left()`, `released()`, `changed()`. */
  constructor({ ticket, event, arrived, left, released, changed }) {
    Object.assign(this, { ticket, event, arrived, left, released, changed });
    this.state = "";
    this.agents = [];
    this.wanted = false;
    this.run = 0;
  }

  start() {
    if (this.wanted) return;
    this.wanted = true;
    this.tries = 0;
    this.#try();
  }

  /** Leave this way, e.g. because the agent was found on this computer. */
  stop() {
    if (!this.wanted) return;
    this.wanted = false;
    this.run += 1;
    clearTimeout(this.timer);
    const { session } = this;
    this.session = null;
    this.state = "";
    session?.close();
  }

  retry() {
    if (!this.wanted) return;
    this.stop();
    this.start();
  }

  async #try() {
    const run = (this.run += 1);
    if (this.state === "" || this.state === "lost") this.#set("trying");
    const answer = await this.ticket();
    if (run !== this.run) return;
    this.agents = answer.data?.agents ?? answer.error?.params?.agents ?? [];
    if (answer.kind !== "ok") return this.#later(answer.error?.code === "AGENT-NONE" ? "none" : "lost");
    this.agent = answer.data.agent ?? null;
    this.session = new Session(answer.data.url, {
      opened: (session) => this.#enter(session, answer.data.ticket),
      event: (message) => this.event(message),
      closed: (session, code) => this.#closed(session, code),
    });
  }

  async #enter(session, ticket) {
    try {
      const welcome = await session.request("enter", { ticket });
      if (this.session !== session) return;
      this.tries = 0;
      this.#set("up");
      this.arrived(session, welcome);
    } catch (error) {
      if (this.session !== session) return;
      if (error.code === "timeout") this.silent();
      // Refused: whatever the relay said comes again as the close code.
      else if (error.code !== "closed") session.close();
    }
  }

  /** The agent behind the line says nothing: hang up, and knock again by and by. */
  silent() {
    const { session } = this;
    if (!session) return;
    this.session = null;
    this.#later("away");
    this.left();
    session.close();
  }

  #closed(session, code) {
    if (this.session !== session) return;
    this.session = null;
    const was = this.state;
    if (was === "up") this.left();
    if (code === RELEASED) this.released();
    const away = code === AWAY || session.refusal === "agent_away";
    this.#later(away ? "away" : "lost", code === TICKET && this.tries === 0 ? 0 : undefined);
  }

  #later(state, wait) {
    this.tries += 1;
    this.#set(state);
    const seconds = wait ?? (state === "none" ? NONE_WAIT : WAITS[Math.min(this.tries, WAITS.length) - 1]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { if (this.wanted) this.#try(); }, seconds * 1000);
  }

  #set(state) {
    this.state = state;
    this.changed();
  }
}
