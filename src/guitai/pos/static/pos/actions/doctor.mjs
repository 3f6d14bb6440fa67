// The doctor on the till: what is known of the way to the paper, and the buttons beside it.

import { healthView } from "../logic/health.mjs";
import { fetchBook } from "../net/book.mjs";
import { busily } from "./after.mjs";
import { noteClock } from "./clock.mjs";
import { openPage } from "./pages.mjs";
import { refresh } from "./session.mjs";

/** A probe may take five seconds (agent-protocol.md §7), a test slip a little more. */
const PROBE_MS = 20_000;
const BOOK_WAIT_MS = 30_000;
/** The desk calls an agent lost when two of these did not come (devices.rules.LOST_AFTER). */
const LIFE_MS = 30_000;

export function healthOf(app) {
  const { agent, line, clock, book } = app.state;
  return healthView({ agent, line, clock: clock.code, book, askedAt: app.prints.askedAt() });
}

/** From the strip to the page where it is told in full; a trouble leads right to the doctor. */
export function openDoctor(app, { id, tone }) {
  openPage(app, "device");
  if (["printer", "line"].includes(id) && tone !== "good") app.focus("doctor");
}

/** Load the book once; without it the page has only its own short words. */
export async function loadBook(app) {
  const book = await fetchBook(app.pageBase);
  if (book) app.set({ book });
  else setTimeout(() => loadBook(app), BOOK_WAIT_MS);
}

/** 「重新檢查」: every hop anew, also the page's own. */
export function recheck(app) {
  return busily(app, "diag.run", async () => {
    await Promise.all([refresh(app), probe(app)]);
    noteClock(app);
    app.within("doctor", { checked: Date.now() });
  });
}

async function probe(app) {
  if (app.agent.state !== "ready") return app.agent.retry();
  return ask(app, "diag.run");
}

/** One of the doctor's messages; its answer is the new health. That nobody answers is a finding itself. */
async function ask(app, type, fields = {}) {
  app.within("doctor", { error: null });
  if (!(await app.agent.check())) return false;
  try {
    app.agent.takeHealth(await app.agent.request(type, fields, PROBE_MS));
    return true;
  } catch (error) {
    if (app.agent.state === "ready") app.within("doctor", { error });
    return false;
  }
}

/** The button for what software can do itself. */
export const fixIt = (app, name) => busily(app, `fix.${name}`, () => ask(app, "diag.fix", { name }));

/** A person's answer to what no sensor sees. */
export const answerDoctor = (app, id, yes) => busily(app, "diag.answer", () => ask(app, "diag.answer", { id, answer: yes ? "yes" : "no" }));

// What the desk may know --------------------------------------------------------------------------

/** The agent's health for the desk: every news at once, and now and then as a sign of life. */
export function tellServer(app) {
  const { agent } = app.state;
  if (agent.state !== "ready" || !["till", "signin"].includes(app.state.phase)) return;
  const news = newsOf(agent);
  const signs = JSON.stringify([news.agent_id, news.code, news.message, states(news.hops), states(news.findings), news.queue]);
  if (signs === app.toldServer) return;
  app.toldServer = signs;
  nextSign(app);
  app.api.post("agent", news);
}

/** The sign is the agent's and not the page's: it is asked anew, and what it told before is not repeated. */
function nextSign(app) {
  clearTimeout(app.tellTimer);
  app.tellTimer = setTimeout(async () => {
    app.toldServer = "";
    nextSign(app);
    if (await app.agent.askHealth()) tellServer(app);
  }, LIFE_MS);
}

const states = (list) => list?.map(({ hop, state, code, level }) => [hop, state, code, level]);

function newsOf({ agentId, version, printer, health }) {
  // The health's own printer: the page's may be a moment older or newer than these hops.
  const seen = health?.printer ?? printer;
  const plain = { agent_id: agentId, version, code: seen?.code ?? "", message: seen?.message ?? "" };
  if (!health) return plain;
  const { hops, findings, queue, device, clock, time } = health;
  return { ...plain, hops, findings, queue, device, clock, time, printer: seen };
}
