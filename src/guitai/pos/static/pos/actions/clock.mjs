// The clock guard: an invoice's date is the law's, so a device that lives on another day issues nothing.

import { clockCode } from "../logic/clock.mjs";

/** The agent forgets what it was told after half an hour (agent-protocol.md §11). */
const TELL_MS = 10 * 60_000;
/** What the screen says of the drift changes in steps, or it would be drawn all the time. */
const STEP_MS = 10_000;

/** Look at the clocks; draws only where the words change. */
export function noteClock(app) {
  const drift = app.clock.drift();
  const code = clockCode(drift, Date.now());
  const shown = drift === null ? null : Math.round(drift / STEP_MS) * STEP_MS;
  const { clock } = app.state;
  if (clock.code !== code || (code && clock.drift !== shown)) app.set({ clock: { code, drift: shown } });
}

/** Whether this device's date forbids issuing now (the server refuses it as well). */
export function clockBlocks(app) {
  noteClock(app);
  return app.state.clock.code === "CLOCK_DATE";
}

/** The agent learns the server's time: after connecting and every ten minutes. */
export function tellClock(app) {
  clearTimeout(app.clockTimer);
  app.clockTimer = setTimeout(() => tellClock(app), TELL_MS);
  const server = app.clock.server();
  if (server === null || app.agent.state !== "ready") return;
  // An older agent does not know the message; its clock is then nobody's concern.
  app.agent.request("clock.tell", { time: new Date(server).toISOString() }).catch(() => undefined);
}
