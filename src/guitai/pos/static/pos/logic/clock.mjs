// The device's clock against the server's (issue: an invoice carries a date, and the date is law).
// The server's time is kept against the page's monotonic clock, so that a change of the device's
// clock shows at once, without asking anybody.

export const WARN_MS = 60_000;
export const BLOCK_MS = 120_000;
/** The header `Date` tells whole seconds: its moment is half a second later, give or take as much. */
export const HEADER_MS = 500;
const KEPT = 20;
const KEPT_MS = 15 * 60_000;
/** A jump of the wall clock against the monotonic one: set by hand, or the computer slept. */
const JUMP_MS = 2_000;

const DAY = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Taipei", year: "numeric", month: "2-digit", day: "2-digit" });
const taipei = (millis) => DAY.format(new Date(millis));

/** Learns the server's time from its answers. `wall()` and `mono()` are Date.now and performance.now. */
export class ClockWatch {
  constructor({ wall = () => Date.now(), mono = () => performance.now() } = {}) {
    Object.assign(this, { wall, mono, samples: [], gap: wall() - mono() });
  }

  /** One answer: asked and answered at these monotonic moments, `server` ms told, ± `blur` ms. */
  learn(asked, answered, server, blur = 0) {
    if (!Number.isFinite(server)) return;
    const sample = { at: answered, lead: server - (asked + answered) / 2, error: (answered - asked) / 2 + blur };
    // What contradicts the newest answer is from before the computer slept.
    const agreeing = this.samples.filter((one) =>
      answered - one.at < KEPT_MS && Math.abs(one.lead - sample.lead) <= one.error + sample.error + 1000);
    this.samples = [...agreeing, sample].slice(-KEPT);
  }

  /** To be called often. True when the clocks jumped: what was learned is forgotten, ask anew. */
  tick() {
    const gap = this.wall() - this.mono();
    const jumped = Math.abs(gap - this.gap) > JUMP_MS;
    this.gap = gap;
    if (jumped) this.samples = [];
    return jumped;
  }

  /** The server's time now in ms, or null before its first answer: by the quickest answer of late. */
  server() {
    if (!this.samples.length) return null;
    const best = this.samples.reduce((a, b) => (b.error < a.error ? b : a));
    return this.mono() + best.lead;
  }

  /** How far the device is ahead of the server, in ms; null while unknown. */
  drift() {
    const server = this.server();
    return server === null ? null : Math.round(this.wall() - server);
  }
}

/**
 * The finding's code about a drift: "CLOCK_DATE" where invoices would carry another day than the
 * server's and the server will refuse them, "CLOCK_DRIFT" for a clock that is only wrong, or "".
 */
export function clockCode(drift, deviceNow) {
  if (drift === null || Math.abs(drift) <= WARN_MS) return "";
  if (Math.abs(drift) > BLOCK_MS && taipei(deviceNow) !== taipei(deviceNow - drift)) return "CLOCK_DATE";
  return "CLOCK_DRIFT";
}

/** {ahead, amount, unit: "seconds" | "minutes" | "hours" | "days"} for words. */
export function driftWords(drift) {
  const seconds = Math.round(Math.abs(drift) / 1000);
  const steps = [["days", 86_400], ["hours", 3_600], ["minutes", 60], ["seconds", 1]];
  const [unit, size] = steps.find(([name, length]) => name === "seconds" || seconds >= 2 * length);
  return { ahead: drift > 0, amount: Math.round(seconds / size), unit };
}
