// The doctor: the way from this page to the paper as a chain, what is wrong with it, and what to do.

import { answerDoctor, fixIt, healthOf, recheck } from "../actions/doctor.mjs";
import { pairAgent } from "../actions/pages.mjs";
import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { driftWords } from "../logic/clock.mjs";
import { TONES } from "../logic/health.mjs";
import { halfWidth } from "../logic/money.mjs";
import { t } from "../words/words.mjs";
import { jobsView } from "./jobs.mjs";
import { button, busyWord, field, notice, shortTime } from "./parts.mjs";

export function doctorView(app) {
  const health = healthOf(app);
  const failed = app.state.agent.state === "ready" ? app.state.doctor.error : null;
  return h("section.panel.doctor", { key: "doctor", id: "doctor", tabindex: "-1", "aria-label": t("doctor.title") },
    h("div.doctor-head", null, h("h2", null, t("doctor.title")), checkedAt(app),
      button(busyWord(app, "diag.run", t("doctor.recheck")), () => recheck(app), { disabled: Boolean(app.state.busy), keyId: "recheck" })),
    h("div.chain-row", { key: "chain" },
      h("ol.chain", { "aria-label": t("doctor.way") }, health.hops.map(hopView)),
      h("ul.chain.beside", { "aria-label": t("doctor.beside") }, health.beside.map(hopView))),
    wayWords(app),
    failed && notice("bad", agentError(failed)),
    health.findings.length ? h("ul.findings", { key: "findings", "aria-live": "polite" }, health.findings.map((one) => findingView(app, one))) : !failed && allWell(health));
}

function checkedAt(app) {
  const { checked } = app.state.doctor;
  return checked ? h("span.soft", null, t("doctor.checked", { time: shortTime(new Date(checked)).slice(11) })) : null;
}

function hopView({ hop, state, message }) {
  const tone = TONES[state];
  return h("li.hop", { key: hop, class: tone, title: message || undefined },
    h("span.hop-mark", null, icon(tone)), h("span.hop-name", null, t(`hop.${hop}`)), h("span.hop-state", null, t(`hop_state.${state}`)));
}

/** Which way is used, where it is not the ordinary one. */
function wayWords(app) {
  const { agent } = app.state;
  if (agent.way === "relay") return h("p.soft.way", { key: "way" }, t(agent.relayAgent && !agent.relayAgent.own ? "way.relay_other" : "way.relay", { name: agent.relayAgent?.register_name ?? "" }));
  if (agent.way === "" && agent.relay === "trying") return h("p.soft.way", { key: "way" }, t("way.trying"));
  return null;
}

function allWell({ hops }) {
  if (hops.some(({ state }) => state === "unknown")) return h("div", { key: "well" }, notice("idle", t("doctor.looking")));
  return h("div", { key: "well" }, notice("good", t("doctor.well")));
}

function findingView(app, finding) {
  const picture = app.pictures.address(finding.picture, app.state.book);
  return h("li.finding", { key: `${finding.code}.${finding.ask?.id ?? ""}`, class: TONES[finding.level] },
    h("div.finding-words", null,
      h("h3", null, icon(TONES[finding.level]), h("span", null, wordsOf(app, finding))),
      extraOf(app, finding), stepsOf(finding),
      finding.ask && h("div.ask", null, h("p", null, finding.ask.question), h("div.tools", null,
        button(finding.ask.yes, () => answerDoctor(app, finding.ask.id, true), { disabled: Boolean(app.state.busy) }),
        button(finding.ask.no, () => answerDoctor(app, finding.ask.id, false), { disabled: Boolean(app.state.busy) }))),
      h("div.tools", null, fixOf(app, finding), cureOf(app, finding))),
    picture && h("img.finding-picture", { src: picture, alt: t("doctor.picture", { what: finding.message }) }));
}

/** The book's sentence; the page's own short one until the book is there. */
function wordsOf(app, { code, message, words }) {
  return message || t(words ?? PLAIN[code] ?? "printer.fault");
}

const PLAIN = {
  LNA_PENDING: "printer.permission", LNA_DENIED: "printer.denied", AGENT_DOWN: "printer.agent_down", AGENT_HUNG: "printer.agent_hung", AGENT_OLD: "printer.agent_old",
  AGENT_SILENT: "printer.away", NOT_PAIRED: "printer.unpaired", CLOCK_DRIFT: "clock.drift", CLOCK_DATE: "clock.date",
};

function stepsOf({ steps, firstStep }) {
  const all = [...(firstStep ? [t(firstStep)] : []), ...(steps ?? [])];
  return all.length ? h("ol.steps", null, all.map((step, at) => h("li", { key: at }, step))) : null;
}

/** What the page knows beyond the book: how wrong the clock is, which version is too old. */
function extraOf(app, { code, hop, drift }) {
  if (code === "CLOCK_THERE") return h("p", null, clockThere(app, drift));
  if (hop === "clock" && app.state.clock.code === code) return h("p.soft", null, driftSentence(app.state.clock.drift));
  if (code === "AGENT_OLD") return h("p.soft", null, t("doctor.versions", { mine: app.state.agent.version || "?", least: app.state.till?.agent?.min_version ?? "" }));
  return null;
}

/** Which computer it is, what follows, and that this device may go on. */
function clockThere(app, drift) {
  const where = app.state.agent.relayAgent?.register_name ?? "";
  const told = t(drift > 0 ? "clock.there_fast" : "clock.there_slow", { where, amount: amountWords(driftWords(drift)) });
  return app.state.clock.code ? told : `${told}${t("clock.here_right")}`;
}

export function driftSentence(drift) {
  const words = driftWords(drift);
  return t(words.ahead ? "clock.ahead" : "clock.behind", { amount: amountWords(words) });
}

const amountWords = ({ amount, unit }) => t(`clock.${unit}`, { count: amount });

function fixOf(app, { fix }) {
  if (!fix || app.agent.state !== "ready") return null;
  return button(busyWord(app, `fix.${fix.name}`, fix.label), () => fixIt(app, fix.name), { kind: "primary", disabled: Boolean(app.state.busy), keyId: "fix" });
}

/** The button for what this page or its person can do about it. */
function cureOf(app, { code }) {
  if (code === "JOB_UNCERTAIN") return questionsOf(app, "uncertain");
  if (code === "JOB_EXPIRED") return questionsOf(app, "expired");
  if (code === "NOT_PAIRED" && app.state.agent.local === "unpaired") return pairForm(app);
  if (["LNA_DENIED", "LNA_PENDING", "AGENT_DOWN", "AGENT_HUNG", "AGENT_SILENT"].includes(code)) {
    return button(t(code === "LNA_PENDING" && app.state.agent.asked ? "device.ask_again" : "device.reconnect"), () => app.agent.retry(), { kind: "primary", keyId: "retry" });
  }
  const download = app.state.till?.agent?.download;
  if (code === "AGENT_OLD" && /^(\/|https:\/\/)/.test(download ?? "")) {
    return h("a.button.primary", { href: download, target: "_blank", rel: "noopener", key: "download" }, t("doctor.download"));
  }
  return null;
}

/** This register's questions; of the others' only that there are some. */
function questionsOf(app, state) {
  const mine = app.prints.questions(state);
  if (!mine.length) return null;
  return h("div", { key: "questions" }, jobsView(app, mine), state === "uncertain" && app.prints.strangers.questions("theirs") > 0 && h("p.soft", null, t("job.at_other_till")));
}

function pairForm(app) {
  const { code, error } = app.state.device;
  return h("form.inline", { key: "pair", onsubmit: (event) => { event.preventDefault(); pairAgent(app); } },
    field("pair-code", t("device.pair_code"), {
      value: code, inputmode: "numeric", maxlength: 6, autofocus: true, oninput: (event) => app.within("device", { code: halfWidth(event.target.value).replace(/\D/g, ""), error: null }),
    }, { fault: error ? agentError(error) : "", hint: t("device.pair_hint") }),
    h("button.button.primary", { type: "submit", disabled: code.length !== 6 || Boolean(app.state.busy) }, t("device.pair")));
}

export function agentError(error) {
  const words = error.message || t(["closed", "timeout"].includes(error.code) ? "device.no_answer" : "error.unknown", { code: error.code });
  return error.params?.tries_left === undefined ? words : `${words}${t("device.tries_left", { count: error.params.tries_left })}`;
}
