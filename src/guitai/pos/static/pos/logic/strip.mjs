// The four things the status strip always tells: numbers left, printer, centre, line.

import { shown } from "./money.mjs";
import { printerView } from "./printing.mjs";
import { TONES, WAY } from "./health.mjs";

export const FEW_NUMBERS = 50;

function numbersCell(till) {
  if (!till) return { tone: "idle", code: "strip.not_known" };
  const { numbers } = till;
  if (!numbers || numbers.remaining === null || numbers.remaining === undefined) {
    return { tone: "bad", code: "strip.numbers_none" };
  }
  const params = { count: shown(numbers.remaining), period: numbers.period_label ?? "" };
  if (numbers.remaining === 0 && numbers.paused) return { tone: "bad", code: "strip.numbers_paused", params };
  if (numbers.remaining === 0) return { tone: "bad", code: "strip.numbers_out", params };
  if (numbers.remaining < FEW_NUMBERS) return { tone: "warn", code: "strip.numbers_few", params };
  return { tone: "good", code: "strip.numbers_ok", params };
}

/** Whether this register has a centre at all: without one no legal number can be had (B.5.3). */
export const hasCentre = (till) => Boolean(till?.centre?.key) && till.centre.key !== "none";

function centreCell(till) {
  if (!till) return { tone: "idle", code: "strip.not_known" };
  const { centre } = till;
  if (!hasCentre(till)) return { tone: "warn", code: "strip.centre_none" };
  const params = {
    name: centre.name, text: centre.state_text ?? "", waiting: shown(centre.waiting ?? 0),
    rejected: shown(centre.rejected ?? 0), doubt: shown(centre.in_doubt ?? 0),
  };
  if (centre.rejected) return { tone: "bad", code: "strip.centre_rejected", params };
  if (centre.in_doubt) return { tone: "warn", code: "strip.centre_doubt", params };
  if (["ok", "busy"].includes(centre.state)) {
    return { tone: "good", code: centre.waiting ? "strip.centre_waiting" : "strip.centre_ok", params };
  }
  return { tone: "warn", code: "strip.centre_text", params };
}

function lineCell(line, clock) {
  const cells = {
    ok: { tone: "good", code: "strip.line_ok" },
    unstable: { tone: "warn", code: "strip.line_unstable" },
    down: { tone: "bad", code: "strip.line_down" },
  };
  if (line === "ok" && clock === "CLOCK_DATE") return { tone: "bad", code: "strip.clock_date" };
  if (line === "ok" && clock === "CLOCK_DRIFT") return { tone: "warn", code: "strip.clock_drift" };
  return cells[line];
}

const ROOM = 18;

/** What fits into the strip: as many clauses as there is room for; the doctor tells the rest. */
export function brief(message) {
  const clauses = message.replace(/（[^）]*）/g, "").match(/[^，：；。]+[，：；。]*/g) ?? [message];
  let text = clauses.shift();
  while (clauses.length && text.length + clauses[0].length <= ROOM) text += clauses.shift();
  return clauses.length ? text.replace(/[，：；。]+$/, "") : text;
}

/** The printer, or the one worst thing on the way to it. */
function printerCell(agent, health) {
  const plain = printerView(agent);
  if (agent.state !== "ready") return plain;
  // What lies in front of an agent that we do talk to is not in a clerk's way.
  const worst = health?.findings.find((one) => WAY.indexOf(one.hop) > 0 && one.level !== "ok");
  if (worst) return { tone: TONES[worst.level], code: worst.words ?? "printer.fault", message: brief(worst.message), full: worst.message };
  return plain;
}

/** Four cells {id, tone: good|warn|bad|idle, code, params, message}, always in this order. */
export function stripCells({ till, agent, line, health = null, clock = "" }) {
  return [
    { id: "numbers", ...numbersCell(till) },
    { id: "printer", ...printerCell(agent, health) },
    { id: "centre", ...centreCell(till) },
    { id: "line", ...lineCell(line, clock) },
  ];
}
