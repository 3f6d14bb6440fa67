// The way from this page to the paper, hop by hop: what the page knows itself, what the agent
// tells, and the words of the book (guitai_agent/knowledge) for what only the page can see.

/** The way in order, and two things beside it (printing.md §6, S3.14). */
export const WAY = ["page", "agent", "driver", "port", "printer", "paper"];
export const BESIDE = ["server", "clock"];
const BEHIND_AGENT = WAY.slice(2);
export const TONES = { ok: "good", warn: "warn", error: "bad", unknown: "idle" };
const WEIGHT = { error: 0, warn: 1, ok: 2, unknown: 3 };

/** What the search on this computer has come to, as a condition of the book. */
const LOCAL = { denied: "LNA_DENIED", asking_permission: "LNA_PENDING", down: "AGENT_DOWN", hung: "AGENT_HUNG", old: "AGENT_OLD", unpaired: "NOT_PAIRED" };

/** A finding from the book; where the book is not there yet, `words` (a code) speaks for it. */
export function fromBook(book, code, more = {}) {
  const known = book?.remedies?.[code];
  const plain = { code, level: "error", hop: "printer", message: "", steps: [], picture: "", fix: null, ask: null, params: {}, since: "" };
  const finding = { ...plain, ...known, ...more, code };
  return { ...finding, message: filled(finding.message, finding.params) };
}

const filled = (text, params) => text.replace(/\{(\w+)\}/g, (_, name) => String(params[name] ?? ""));

/**
 * All of it: {hops: [{hop, state, code, message}], beside: […], findings: […], worst: finding|null}.
 * `agent` is AgentLink.view(), `line` "ok"|"unstable"|"down", `clock` a code or "". `askedAt` is
 * Prints.askedAt(): where the agent's question about paper belongs.
 */
export function healthView({ agent, line, clock, book, askedAt = "" }) {
  const own = [...reachFindings(agent, book), ...lineFindings(line), ...(clock ? [fromBook(book, clock)] : [])];
  const told = agentFindings(agent, book, askedAt).filter((one) => !own.some((mine) => mine.code === one.code));
  const findings = [...own, ...told].sort(byWeight);
  return {
    hops: WAY.map((hop) => hopOf(hop, agent, findings)),
    beside: BESIDE.map((hop) => besideOf(hop, line, findings, agent)),
    findings, worst: findings[0] ?? null,
  };
}

const place = (hop) => [...WAY, ...BESIDE, ""].indexOf(hop);
const byWeight = (a, b) => WEIGHT[a.level] - WEIGHT[b.level] || place(a.hop) - place(b.hop);

/** Between page and agent only the page can tell. What the relay makes good is no error any more. */
function reachFindings(agent, book) {
  const code = LOCAL[agent.local ?? agent.state];
  const relayed = agent.way === "relay";
  if (!relayed && agent.relay === "away" && code !== "AGENT_HUNG") {
    const local = code && code !== "AGENT_DOWN" ? [fromBook(book, code)] : [];
    return [...local, fromBook(book, isDownHere(agent) ? "AGENT_DOWN" : "AGENT_SILENT")];
  }
  if (!code) return [];
  if (!relayed) return [fromBook(book, code)];
  // Not running here is no fault where the printer hangs on another computer.
  return code === "LNA_DENIED" || code === "LNA_PENDING" ? [fromBook(book, code, { level: "warn" })] : [];
}

/** The program belongs on this very computer and does not answer: it is started here. */
export const isDownHere = ({ here, local }) => Boolean(here) && ["down", "denied"].includes(local);

function lineFindings(line) {
  if (line === "ok") return [];
  const plain = { steps: [], picture: "", fix: null, ask: null, params: {}, since: "", message: "" };
  return [{ ...plain, code: line === "down" ? "LINE_DOWN" : "LINE_UNSTABLE", level: line === "down" ? "error" : "warn", hop: "server", words: `line.${line}_long` }];
}

/** What an agent that answers us cannot suffer from, whatever it thinks of other pages. */
const MOOT = ["LNA_PENDING", "LNA_DENIED", "AGENT_DOWN", "AGENT_SILENT", "NOT_PAIRED"];

/** Whether the agent's health says the same of the printer as its newer printer.status. */
const upToDate = ({ health, printer }) => Boolean(health) && (!printer || !health.printer || health.printer.code === printer.code);

const ASKED_AT = { till: "job.at_other_till", agent: "job.at_agent" };

/** Told, so that somebody looks after it, and no more: it is answered where it belongs. */
function notOurs(one, askedAt) {
  const words = one.code === "JOB_UNCERTAIN" && ASKED_AT[askedAt];
  return words ? { ...one, level: "warn", message: "", words, steps: [], picture: "", fix: null, ask: null } : one;
}

/**
 * The agent's finding about its clock. On this computer the page knows the clock better itself; over
 * the relay it is another computer's: what is sold here goes on, and paper comes out; it only counts
 * wrongly how long slips have waited.
 */
function clockThere(one, { way, health }) {
  if (way !== "relay") return [];
  const words = one.code === "CLOCK_DATE" ? "clock.there_date" : "clock.there";
  const told = { words, drift: health.clock?.drift_ms ?? 0, firstStep: "clock.go_there", message: "" };
  return [{ ...one, ...told, code: "CLOCK_THERE", level: "warn", hop: "" }];
}

const isClock = ({ code }) => code === "CLOCK_DRIFT" || code === "CLOCK_DATE";

function agentFindings(agent, book, askedAt) {
  if (agent.state !== "ready") return [];
  if (upToDate(agent)) {
    const told = agent.health.findings.filter((one) => (one.level !== "ok" || one.ask) && !MOOT.includes(one.code));
    const whole = told.map((one) => ({ ...fromBook(null, one.code), ...one }));
    return whole.flatMap((one) => (isClock(one) ? clockThere(one, agent) : notOurs(one, askedAt)));
  }
  const { printer } = agent;
  if (!printer || printer.code === "OK") return [];
  return [fromBook(book, printer.code, { message: printer.message || fromBook(book, printer.code).message })];
}

function hopOf(hop, agent, findings) {
  const mine = findings.filter((one) => one.hop === hop);
  if (hop === "page") return state(hop, mine[0], ["off", "searching", "connecting"].includes(agent.local) && agent.state !== "ready" ? "unknown" : "ok");
  if (hop === "agent") return state(hop, mine[0], agent.state === "ready" ? "ok" : "unknown");
  if (agent.state !== "ready") return { hop, state: "unknown", code: "", message: "" };
  const told = upToDate(agent) ? agent.health.hops.find((one) => one.hop === hop) : null;
  return told ?? derived(hop, mine[0], findings, agent);
}

/** An agent that tells only of its printer: what lies before the fault is well, behind it unknown. */
function derived(hop, mine, findings, agent) {
  if (mine) return state(hop, mine);
  if (!agent.printer) return { hop, state: "unknown", code: "", message: "" };
  const fault = findings.find((one) => one.level === "error" && BEHIND_AGENT.includes(one.hop));
  return state(hop, undefined, fault && place(fault.hop) < place(hop) ? "unknown" : "ok");
}

function state(hop, finding, otherwise = "ok") {
  if (!finding) return { hop, state: otherwise, code: "", message: "" };
  return { hop, state: finding.level === "error" ? "error" : finding.level, code: finding.code, message: finding.message };
}

function besideOf(hop, line, findings) {
  return state(hop, findings.find((one) => one.hop === hop));
}
