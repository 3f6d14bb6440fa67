// 小結 and 關帳: what the register says, what the drawer holds, and what the difference is.

import { closeDay, counted, expectedCash, loadShift, makeSummary } from "../actions/pages.mjs";
import { h } from "../lib/vdom.mjs";
import { parseAmount, shown } from "../logic/money.mjs";
import { NOTES_AND_COINS, cashResult } from "../logic/shift.mjs";
import { t } from "../words/words.mjs";
import { jobsView } from "./jobs.mjs";
import { button, busyWord, errorWords, field, money, notice, shortTime } from "./parts.mjs";

export function shiftView(app) {
  const { shift } = app.state;
  const may = app.may("till.closing");
  return h("section.two", { key: "shift" },
    h("div.list-side", null, h("h1", null, t("nav.shift")),
      !may && notice("warn", t("may.not", { what: t("nav.shift") })),
      shift.error && notice("bad", errorWords(shift.error), shift.ask && button(t("shift.close_again"), () => (shift.ask === "close" ? closeDay(app, true) : makeSummary(app, true, true)), { kind: "danger" })),
      shift.done && notice("good", t(shift.done.words)),
      shift.state === "failed" && button(t("unreachable.retry"), () => loadShift(app)),
      shift.figures ? figuresView(shift.figures) : shift.state === "loading" && h("p.empty", null, t("orders.loading")),
      jobsView(app, app.prints.open().filter((job) => job.kind === "shift"))),
    h("div.detail-side.count", { key: "count" }, shift.figures && countForm(app)));
}

const MONEY_ROWS = [
  ["sales", "shift.sales", "orders", "shift.orders"], ["cancelled_amount", "shift.cancelled", "cancelled_orders", "shift.orders"],
  ["invoice_amount", "shift.invoices", "invoices"], ["voided_amount", "shift.voided", "voided_invoices"],
];

function figuresView(figures) {
  const since = figures.begin_at ?? figures.since;
  return h("div.figures", { tabindex: "0", role: "region", "aria-label": t("shift.figures") },
    since && h("p.soft", null, t("shift.since", { time: shortTime(since) })),
    h("table", null, h("tbody", null,
      MONEY_ROWS.filter(([name]) => name in figures).map(([name, word, count, unit = "shift.pieces"]) =>
        h("tr", { key: name }, h("th", { scope: "row" }, t(word)), h("td.number", null, count && count in figures ? t(unit, { count: figures[count] }) : ""), h("td", null, money(figures[name])))),
      (figures.tenders ?? []).map((tender) =>
        h("tr", { key: `t${tender.method}` }, h("th", { scope: "row" }, t(`tender.${tender.method}`)), h("td.number", null, tender.count === undefined ? "" : t("shift.orders", { count: tender.count })), h("td", null, money(tender.amount)))))),
    h("h2", null, t("shift.cash")),
    h("table", null, h("tbody", null,
      "cash_float" in figures && h("tr", { key: "float" }, h("th", { scope: "row" }, t("shift.float")), h("td", null), h("td", null, money(figures.cash_float))),
      h("tr.strong", { key: "expected" }, h("th", { scope: "row" }, t("shift.expected")), h("td", null), h("td", null, money(figures.expected_cash ?? 0))))),
    numbersRow(figures));
}

function numbersRow(figures) {
  if (!figures.first_number) return null;
  return h("p.soft.number", null, t("shift.numbers", { first: figures.first_number, last: figures.last_number }));
}

function countForm(app) {
  const { shift } = app.state;
  const form = { expected: expectedCash(shift), counted: counted(shift), takenOut: parseAmount(shift.taken || "0") };
  const fault = (name) => (shift.fault?.field === name ? t(shift.fault.code) : "");
  const set = (change) => app.within("shift", { ...change, fault: null, error: null, done: null });
  return h("form", { onsubmit: (event) => { event.preventDefault(); makeSummary(app, false); } },
    h("h2", null, t("shift.count_title")),
    h("div.pieces", null, NOTES_AND_COINS.map((value) =>
      h("label.piece", { key: value }, h("span.number", null, shown(value)), h("span", { "aria-hidden": "true" }, "×"),
        h("input", { type: "text", inputmode: "numeric", maxlength: 4, value: shift.pieces[value] ? String(shift.pieces[value]) : "", "aria-label": t("shift.piece", { value }), oninput: (event) => set({ counted: "", pieces: { ...shift.pieces, [value]: parseAmount(event.target.value) ?? 0 } }) })))),
    h("div.count-fields", null,
      field("shift-counted", t("shift.counted"), { inputmode: "numeric", maxlength: 11, value: shift.counted, placeholder: form.counted === null ? t("shift.counted_example") : shown(form.counted), oninput: (event) => set({ counted: event.target.value }) }, { fault: fault("counted") }),
      field("shift-taken", t("shift.taken"), { inputmode: "numeric", maxlength: 11, value: shift.taken, oninput: (event) => set({ taken: event.target.value }) }, { fault: fault("taken") })),
    form.counted !== null && resultView(form),
    field("shift-reason", t("shift.reason"), { value: shift.reason, maxlength: 200, oninput: (event) => set({ reason: event.target.value }) }, { fault: fault("reason") }),
    h("div.tools", null,
      h("button.button.primary", { type: "submit", disabled: Boolean(app.state.busy) }, busyWord(app, "summary", t("shift.sum"))),
      button(t("shift.sum_and_close"), () => makeSummary(app, true), { disabled: Boolean(app.state.busy) }),
      button(busyWord(app, "close", t("shift.close")), () => closeDay(app), { kind: "quiet", disabled: Boolean(app.state.busy) })));
}

function resultView(form) {
  const { difference, left } = cashResult({ ...form, takenOut: form.takenOut ?? 0 });
  return h("dl.count-result", { class: difference === 0 ? "good" : "bad" },
    h("div", null, h("dt", null, t(difference === 0 ? "shift.equal" : difference > 0 ? "shift.over" : "shift.under")), h("dd", null, money(Math.abs(difference)))),
    h("div", null, h("dt", null, t("shift.left")), h("dd", null, money(left))));
}
