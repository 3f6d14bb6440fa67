// 設備: the way to the printer, pairing, tests, the drawer, and how the page looks.

import { deviceDo, openDrawer, pairAgent } from "../actions/pages.mjs";
import { h } from "../lib/vdom.mjs";
import { halfWidth } from "../logic/money.mjs";
import { printerView } from "../logic/printing.mjs";
import { hasCentre } from "../logic/strip.mjs";
import { LANGUAGES, language, t } from "../words/words.mjs";
import { jobsView } from "./jobs.mjs";
import { button, busyWord, field, notice } from "./parts.mjs";

export function deviceView(app) {
  return h("section.page.device", { key: "device" },
    h("h1", null, t("nav.device")),
    h("div.columns", null,
      h("div", null, printerPanel(app), jobsPanel(app), looksPanel(app)),
      h("div", null, drawerPanel(app), registerPanel(app))));
}

function printerPanel(app) {
  const { agent, device } = app.state;
  const view = printerView(agent);
  const ready = agent.state === "ready";
  return h("section.panel", null,
    h("h2", null, t("device.printer")),
    notice(view.tone, view.message || t(view.code)),
    agent.printer?.device && h("p.soft", null, agent.printer.device.name),
    CURES[agent.state] && h("p.cure", null, t(CURES[agent.state])),
    agent.state === "unpaired" && pairForm(app),
    device.say && notice("good", t(device.say)),
    device.error && agent.state !== "unpaired" && notice("bad", agentError(device.error)),
    h("div.tools", null,
      !ready && button(t("device.reconnect"), () => app.agent.retry(), { kind: agent.state === "unpaired" ? "quiet" : "primary" }),
      ready && button(t("device.test"), () => deviceDo(app, "selftest.run", { what: "test" }), { disabled: Boolean(app.state.busy) }),
      ready && button(t("device.reset"), () => deviceDo(app, "device.reset"), { disabled: Boolean(app.state.busy) }),
      ready && button(busyWord(app, "diag.run", t("device.diagnose")), () => deviceDo(app, "diag.run"), { disabled: Boolean(app.state.busy) })),
    device.findings && h("ul.findings", null, device.findings.map((finding, at) =>
      h("li", { key: at }, notice(finding.level === "ok" ? "good" : finding.level === "warn" ? "warn" : "bad", finding.message, finding.remedy && h("p.cure", null, finding.remedy))))));
}

const CURES = { denied: "printer.denied_cure", down: "printer.down_cure", unpaired: "printer.unpaired_cure", asking_permission: "printer.permission_cure", old: "printer.old_cure" };

function pairForm(app) {
  const { code, error } = app.state.device;
  return h("form.inline", { onsubmit: (event) => { event.preventDefault(); pairAgent(app); } },
    field("pair-code", t("device.pair_code"), {
      value: code, inputmode: "numeric", maxlength: 6, autofocus: true, oninput: (event) => app.within("device", { code: halfWidth(event.target.value).replace(/\D/g, ""), error: null }),
    }, { fault: error ? agentError(error) : "", hint: t("device.pair_hint") }),
    h("button.button.primary", { type: "submit", disabled: code.length !== 6 || Boolean(app.state.busy) }, t("device.pair")));
}

function agentError(error) {
  const words = error.message || t(["closed", "timeout"].includes(error.code) ? "device.no_answer" : "error.unknown", { code: error.code });
  return error.params?.tries_left === undefined ? words : `${words}${t("device.tries_left", { count: error.params.tries_left })}`;
}

function jobsPanel(app) {
  const open = app.prints.open();
  return h("section.panel", null, h("h2", null, t("device.jobs")), open.length ? jobsView(app, open) : h("p.soft", null, t("device.no_jobs")));
}

function drawerPanel(app) {
  const { drawer, drawerFault } = app.state.device;
  const may = app.may("till.open_drawer");
  return h("section.panel", null, h("h2", null, t("drawer.title")),
    may
      ? h("form.inline", { onsubmit: (event) => { event.preventDefault(); openDrawer(app); } },
        field("drawer-reason", t("drawer.reason"), { value: drawer, maxlength: 100, oninput: (event) => app.within("device", { drawer: event.target.value, drawerFault: "" }) }, { fault: drawerFault ? t(drawerFault) : "", hint: t("drawer.hint") }),
        h("button.button", { type: "submit", disabled: Boolean(app.state.busy) }, t("drawer.open")))
      : notice("warn", t("may.not", { what: t("drawer.open") })));
}

function registerPanel(app) {
  const { register, entity, store, numbers, centre } = app.state.till;
  const yes = (value) => t(value ? "device.on" : "device.off");
  const rows = [
    ["device.entity", `${entity.name}（${entity.ban}）`], ["device.store", store.name], ["device.register", `${register.name}（${register.code}）`],
    ["device.auto_issue", yes(register.auto_issue)], ["device.auto_print", yes(register.auto_print)], ["device.print_detail", yes(register.print_detail)],
    ["strip.numbers", numbers?.period_label ? `${numbers.period_label}　${t("device.numbers_left", { count: numbers.remaining })}` : t("strip.numbers_none")],
    ["strip.centre", hasCentre(app.state.till) ? `${centre.name}　${centre.state_text ?? ""}` : t("strip.centre_none")],
  ];
  return h("section.panel", null, h("h2", null, t("device.this_register")),
    h("dl.facts", null, rows.map(([name, value]) => h("div", { key: name }, h("dt", null, t(name)), h("dd", null, value)))));
}

function looksPanel(app) {
  const chosen = app.theme();
  return h("section.panel", null, h("h2", null, t("device.looks")),
    h("div.methods", { role: "group", "aria-label": t("device.theme") }, ["auto", "light", "dark"].map((name) =>
      h("button.method", { key: name, type: "button", "aria-pressed": String(chosen === name), onclick: () => app.setTheme(name) }, t(`device.theme_${name}`)))),
    h("div.methods", { role: "group", "aria-label": t("device.language") }, LANGUAGES.map(([code, name]) =>
      h("button.method", { key: code, type: "button", lang: code, "aria-pressed": String(language() === code), onclick: () => app.setLanguage(code) }, name))));
}

