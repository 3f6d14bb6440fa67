// 設備: the doctor first; then printer, scanner, drawer, this register, and how the page looks.

import { chooseAddress, chooseAgent, chooseDevice, chooseScanner, deviceDo, joinServer, searchNetwork } from "../actions/devices.mjs";
import { healthOf } from "../actions/doctor.mjs";
import { openDrawer } from "../actions/pages.mjs";
import { h } from "../lib/vdom.mjs";
import { isQuestion } from "../logic/printing.mjs";
import { hasCentre } from "../logic/strip.mjs";
import { LANGUAGES, language, t } from "../words/words.mjs";
import { agentError, doctorView } from "./doctor.mjs";
import { jobsView } from "./jobs.mjs";
import { button, busyWord, field, notice } from "./parts.mjs";

export function deviceView(app) {
  return h("section.page.device", { key: "device" },
    h("h1", null, t("nav.device")),
    doctorView(app),
    h("div.columns", null,
      h("div", null, jobsPanel(app), printerPanel(app), agentsPanel(app), serverPanel(app)),
      h("div", null, drawerPanel(app), scannerPanel(app), registerPanel(app), looksPanel(app))));
}

function printerPanel(app) {
  const { device, devices, agent } = app.state;
  const ready = agent.state === "ready";
  const off = Boolean(app.state.busy);
  return h("section.panel", { key: "printer" },
    h("h2", null, t("device.printer")),
    device.say && notice("good", t(device.say)),
    device.error && agent.local !== "unpaired" && notice("bad", agentError(device.error)),
    !ready && h("p.soft", null, t("device.not_now")),
    ready && h("div.tools", null,
      button(busyWord(app, "selftest.run", t("device.test")), () => deviceDo(app, "selftest.run", { what: "test" }, "device.did_test"), { disabled: off }),
      button(t("device.ruler"), () => deviceDo(app, "selftest.run", { what: "ruler" }, "device.did_ruler"), { disabled: off }),
      button(t("device.reset"), () => deviceDo(app, "device.reset", {}, "device.did_reset"), { disabled: off })),
    ready && deviceList(app, devices, off));
}

function deviceList(app, devices, off) {
  return h("div.chooser", null,
    h("h3", null, t("device.choose")),
    devices.error && notice("bad", agentError(devices.error)),
    devices.chosen && !devices.chosen.present && notice("warn", t("device.chosen_absent")),
    devices.state === "ready" && !devices.list.length && h("p.soft", null, t("device.none")),
    h("ul.devices", { "aria-label": t("device.choose") }, devices.list.map((device) => deviceRow(app, device, devices.profiles, off))),
    devices.searched && !devices.found.length && h("p.soft", { role: "status" }, t("device.none_found")),
    h("div.tools", null, button(busyWord(app, "device.scan", t("device.search")), () => searchNetwork(app), { disabled: off })),
    h("form.inline", { onsubmit: (event) => { event.preventDefault(); chooseAddress(app); } },
      field("device-address", t("device.address"), { value: devices.address, maxlength: 60, oninput: (event) => app.within("devices", { address: event.target.value }) }, { hint: t("device.address_hint") }),
      h("button.button", { type: "submit", disabled: off || !devices.address.trim() }, t("device.connect"))));
}

function deviceRow(app, device, profiles, off) {
  return h("li.device-row", { key: device.id, class: device.selected ? "is-chosen" : "" },
    h("div", null, h("strong", null, device.name), h("span.soft", null, [kindOf(device), device.port, device.selected && device.dots && t("device.dots", { count: device.dots }), device.answered === false && t("device.no_reply")].filter(Boolean).join("・"))),
    device.selected
      ? h("div.settings", null, picker(t("device.profile"), device.profile, profiles, off, (profile) => chooseDevice(app, device.id, { profile })),
        device.drawers > 1 && picker(t("device.drawer"), String(device.drawer), ["1", "2"], off, (drawer) => chooseDevice(app, device.id, { profile: device.profile, drawer: Number(drawer) })))
      : button(t("device.use"), () => chooseDevice(app, device.id), { disabled: off, label: t("device.use_this", { name: device.name }) }));
}

const kindOf = ({ kind }) => (["usb", "usblp", "serial", "tcp", "virtual"].includes(kind) ? t(`device.kind_${kind}`) : kind);

function picker(label, value, values, off, choose) {
  return h("label.profile", null, h("span", null, label),
    h("select", { value, disabled: off, onchange: (event) => choose(event.target.value) }, values.map((name) => h("option", { key: name, value: name }, name))));
}

const BAUDS = ["9600", "19200", "38400", "57600", "115200"];

/** Scanners on a serial port are read by the agent; those that type need nothing. */
function scannerPanel(app) {
  const { list, scanner, baud } = app.state.devices;
  if (app.state.agent.state !== "ready" || !scanner) return null;
  const ports = list.filter((device) => ["serial", "usb"].includes(device.kind) && !device.selected);
  const off = Boolean(app.state.busy);
  return h("section.panel", { key: "scanner" }, h("h2", null, t("scanner.title")), h("p.soft", null, t("scanner.text")),
    scanner.device_id && notice({ up: "good", down: "bad" }[scanner.state] ?? "warn", t(SCANNER[scanner.state] ?? SCANNER.off, { count: scanner.read ?? 0 })),
    ports.length ? picker(t("scanner.baud"), String(baud), BAUDS, off, (value) => app.within("devices", { baud: Number(value) })) : h("p.soft", null, t("scanner.none")),
    h("ul.devices", { "aria-label": t("scanner.title") }, ports.map((device) => h("li.device-row", { key: device.id, class: device.id === scanner.device_id ? "is-chosen" : "" },
      h("div", null, h("strong", null, device.name), h("span.soft", null, [kindOf(device), device.port].filter(Boolean).join("・"))),
      device.id === scanner.device_id
        ? button(t("scanner.stop"), () => chooseScanner(app, ""), { disabled: off })
        : button(t("scanner.use"), () => chooseScanner(app, device.id), { disabled: off, label: t("scanner.use_this", { name: device.name }) })))));
}

const SCANNER = { off: "scanner.off", absent: "scanner.absent", up: "scanner.up", down: "scanner.down" };

/** Over the relay any agent of this store can be used: a tablet prints at the counter beside it. */
function agentsPanel(app) {
  const { agents, relayAgent } = app.state.agent;
  if (!agents?.length || (agents.length === 1 && relayAgent)) return null;
  return h("section.panel", { key: "agents" }, h("h2", null, t("agents.title")), h("p.soft", null, t("agents.text")),
    h("ul.devices", { "aria-label": t("agents.title") }, agents.map((agent) => h("li.device-row", { key: agent.register_id, class: agent.register_id === relayAgent?.register_id ? "is-chosen" : "" },
      h("div", null, h("strong", null, agent.register_name), h("span.soft", null, agent.name)),
      agent.register_id === relayAgent?.register_id ? h("span.soft", null, t("agents.used")) : button(t("agents.use"), () => chooseAgent(app, agent.own ? "" : agent.register_id), { label: t("agents.use_this", { name: agent.register_name }) })))));
}

/** The agent's own connection to the server, by which tablets reach it too. */
function serverPanel(app) {
  const { server } = app.state.devices;
  if (!server || app.state.agent.way !== "loopback") return null;
  const tone = { connected: "good", connecting: "idle", none: "idle" }[server.state] ?? "warn";
  return h("section.panel", { key: "server" }, h("h2", null, t("server.title")), h("p.soft", null, t("server.text")),
    notice(tone, server.state === "connected" ? t("server.connected", { register: server.register ?? "" }) : server.message || t("server.none")),
    ["none", "refused"].includes(server.state) && h("div.tools", null,
      button(busyWord(app, "agent.join", t("server.join")), () => joinServer(app), { disabled: Boolean(app.state.busy) })));
}

function jobsPanel(app) {
  // Where the doctor asks about paper already, it is not asked a second time beside him.
  const asked = healthOf(app).findings.map(({ code }) => code);
  const open = app.prints.open().filter((job) => !isQuestion(job) || !asked.includes(`JOB_${job.state.toUpperCase()}`));
  return h("section.panel", { key: "jobs-panel" }, h("h2", null, t("device.jobs")), open.length ? jobsView(app, open) : h("p.soft", null, t("device.no_jobs")));
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
    ["device.agent_version", app.state.agent.version || t("printer.off")],
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
