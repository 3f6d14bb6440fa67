// The frame around every screen: bar above, status strip below, warnings of the line between.

import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { stripCells } from "../logic/strip.mjs";
import { t } from "../words/words.mjs";
import { healthOf, openDoctor } from "../actions/doctor.mjs";
import { openPage } from "../actions/pages.mjs";
import { signOut } from "../actions/session.mjs";
import { key } from "./parts.mjs";

export const PAGES = [["sale", "F1"], ["orders", "F2"], ["parked", "F3"], ["shift", "F4"], ["device", "F10"]];

/** The page with its bar and strip around `body`. */
export function shell(app, body) {
  return [bar(app), lineWarning(app), h("main", { id: "main", key: "main", tabindex: "-1" }, body), strip(app)];
}

function bar(app) {
  const { till, page, phase, stage } = app.state;
  return h("header.bar", { key: "bar" },
    h("div.brand", null, h("span.mark", { "aria-hidden": "true" }, "櫃"), h("div.where", null,
      h("strong", null, till?.store?.name ?? t("brand")),
      till && h("span", null, `${till.register.name}・${till.register.code}`))),
    phase === "till" && h("nav", { "aria-label": t("nav.label") }, PAGES.map(([name, cap]) =>
      h("button.tab", {
        type: "button", key: name, onclick: () => openPage(app, name),
        "aria-current": page === name ? "page" : undefined, "aria-keyshortcuts": cap,
      }, t(`nav.${name}`), badge(app, name), stage === "checkout" ? null : key(cap)))),
    phase === "till" && h("div.who", null,
      h("span", null, till.session.staff.name),
      h("button.button.quiet", { type: "button", onclick: () => signOut(app) }, t("nav.change_clerk"))));
}

function badge(app, name) {
  const open = name === "device" ? app.prints.open().length : name === "sale" ? app.state.aside.length : 0;
  return open ? h("span.badge", { title: t("nav.open", { count: open }) }, String(open)) : null;
}

/** B.16.1: an orange sentence after five seconds, a red one when the line is cut. */
function lineWarning(app) {
  const { line } = app.state;
  if (line === "ok") return null;
  return h("div.line-warning", { key: "line-warning", class: line, role: "alert" }, t(`line.${line}_long`));
}

function strip(app) {
  const { till, agent, line, clock } = app.state;
  const cells = stripCells({ till, agent, line, clock: clock.code, health: healthOf(app) });
  return h("footer.strip", { key: "strip", "aria-label": t("strip.label") }, cells.map((cell) => {
    const words = cell.message || t(cell.code, cell.params);
    return h("button.cell", {
      key: cell.id, type: "button", class: cell.tone, title: cell.full ?? words, disabled: app.state.phase !== "till",
      onclick: () => openDoctor(app, cell),
    }, icon(cell.tone), h("span.cell-name", null, t(`strip.${cell.id}`)), h("span.cell-words", null, words));
  }));
}
