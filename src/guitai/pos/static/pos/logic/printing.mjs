// What to do with a print job and what to say about the printer (docs/agent-protocol.md). A page
// that is not sure never prints: it asks the agent, and where the agent cannot know, the person.

/** Tone and words' code of the way to the printer; the printer's own sentence wins when it is up. */
export function printerView(agent) {
  const byState = {
    off: ["idle", "printer.off"],
    searching: ["warn", "printer.searching"],
    asking_permission: ["warn", "printer.permission"],
    denied: ["bad", "printer.denied"],
    down: ["bad", "printer.agent_down"],
    hung: ["bad", "printer.agent_hung"],
    unpaired: ["warn", "printer.unpaired"],
    old: ["bad", "printer.agent_old"],
    connecting: ["warn", "printer.connecting"],
  };
  if (agent.state !== "ready" && agent.relay === "away" && !agent.here && ["down", "denied"].includes(agent.state)) {
    return { tone: "bad", code: "printer.away", message: "" };
  }
  if (agent.state !== "ready") {
    const [tone, code] = byState[agent.state] ?? byState.down;
    return { tone, code, message: "" };
  }
  const { printer } = agent;
  if (!printer) return { tone: "warn", code: "printer.connecting", message: "" };
  if (printer.online && printer.code === "OK") {
    return { tone: "good", code: agent.way === "relay" ? "printer.ready_relay" : "printer.ready", message: "" };
  }
  if (printer.code === "PAPER_NEAR") return { tone: "warn", code: "printer.fault", message: printer.message };
  return { tone: "bad", code: "printer.fault", message: printer.message };
}

/**
 * The next step for a job of the server, seen with what the agent knows of it.
 * `server` "waiting" | "sent" | "done" | "uncertain" | "cancelled" | "expired";
 * `known` the agent's job object or null; `sentTo` the agent_id it was handed to, or "";
 * `agentId` the agent we talk to now.
 * Returns "submit" | "follow" | "ask" | "report" | "nothing".
 */
export function nextStep({ server, known, sentTo, agentId }) {
  if (["done", "cancelled"].includes(server)) return "nothing";
  if (known) {
    if (isQuestion(known)) return "ask";
    return isOpen(known) ? "follow" : "report";
  }
  if (["uncertain", "expired"].includes(server)) return "ask";
  if (server === "waiting" && !sentTo) return "submit";
  // The same agent's journal is durable: what it does not know, it never printed.
  if (sentTo && sentTo === agentId) return "submit";
  return "ask";
}

export const isOpen = (job) => ["queued", "waiting", "sending"].includes(job.state);

/** Not a byte of it has left the agent: it can still be taken back there. */
export const isUnbegun = (job) => ["queued", "waiting", "expired"].includes(job.state);

/** What only a person can decide: is it on paper, or is it still wanted after its time ran out? */
export const isQuestion = (job) => ["uncertain", "expired"].includes(job.state);

const PASSING = ["disk_full", "journal_locked", "journal_unwritable", "journal_broken", "queue_full", "rate_limited", "agent_busy"];

/** Nothing was taken, and it will be once the agent is well: it is handed over again. */
export const isPassing = (error) => PASSING.includes(error.code);

/** The server's word for an agent's job state, or null while nothing is decided. */
export function reportOf(job) {
  if (job.state === "done") return "done";
  return ["uncertain", "expired", "cancelled"].includes(job.state) ? job.state : null;
}

/** Tone and words' code for a job as the clerk sees it. */
export function jobView(job) {
  const table = {
    held: ["warn", "job.held"], fetching: ["idle", "job.fetching"], queued: ["idle", "job.queued"],
    waiting: ["bad", "job.waiting"], sending: ["idle", "job.sending"], done: ["good", "job.done"],
    uncertain: ["bad", "job.uncertain"], expired: ["bad", "job.expired"],
    cancelled: ["idle", "job.cancelled"], failed: ["bad", "job.failed"],
  };
  const [tone, code] = table[job.state] ?? table.held;
  return { tone, code, message: job.message ?? "" };
}
