// Orders of this register: list with search at the left, one order at the right.

import { clockStop, isBlocked } from "./clock.mjs";
import { busyWord } from "./parts.mjs";
import { cancelOrder, findOrders, issueOrder, newerOrders, olderOrders, openOrder, reprintOrder, saveOrderNumber, startCancel } from "../actions/orders.mjs";
import { scannedNumber } from "../actions/scanning.mjs";
import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { shown } from "../logic/money.mjs";
import { t } from "../words/words.mjs";
import { grouped } from "./done.mjs";
import { jobsView } from "./jobs.mjs";
import { button, errorWords, field, money, notice, shortTime } from "./parts.mjs";

export function ordersView(app) {
  const { orders } = app.state;
  return h("section.two", { key: "orders" },
    h("div.list-side", null, h("h1", null, t("nav.orders")), searchForm(app),
      orders.error && !orders.detail && notice("bad", errorWords(orders.error)),
      h("div.list-scroll", { tabindex: "0", role: "region", "aria-label": t("orders.list") }, listBody(app)), pager(app)),
    h("div.detail-side", { key: "detail" }, orders.detail ? orderDetail(app) : h("p.lead.empty", null, t(orders.opening ? "orders.opening" : "orders.choose"))));
}

function searchForm(app) {
  const { orders } = app.state;
  return h("form.order-search", { role: "search", onsubmit: (event) => { event.preventDefault(); findOrders(app); } },
    h("div.search", null, icon("search"), h("label.visually-hidden", { for: "order-search" }, t("orders.search")),
      h("input", { id: "order-search", value: orders.search, placeholder: t("orders.placeholder"), autocomplete: "off", spellcheck: "false", maxlength: 400, oninput: (event) => app.within("orders", { search: event.target.value }) })),
    h("label.day", null, h("span", null, t("orders.day")), h("input", { type: "date", value: orders.day, onchange: (event) => findOrders(app, { day: event.target.value }) })),
    h("button.button", { type: "submit" }, t("orders.find")));
}

function listBody(app) {
  const { orders } = app.state;
  if (orders.state === "loading" && !orders.list.length) return h("p.empty", null, t("orders.loading"));
  if (!orders.list.length) return h("p.empty", null, t("orders.none"));
  return h("ul.rows", null, orders.list.map((order) =>
    h("li", { key: order.id }, h("button.row", {
      type: "button", onclick: () => openOrder(app, order.id), "aria-pressed": String((orders.opening ?? orders.detail?.id) === order.id), class: order.state === "cancelled" ? "is-cancelled" : "",
    },
    h("span.row-main", null, h("strong.number", null, order.number), h("span.soft", null, shortTime(timeOf(order)))),
    h("span.row-mid", null, numberOf(order) ? h("span.number", null, grouped(numberOf(order))) : h("span.soft", null, t("orders.no_invoice")), h("span.soft", null, stateWords(order))),
    money(order.total)))));
}

const timeOf = (order) => order.issued_at ?? order.completed_at;
const numberOf = (order) => order.invoice?.number ?? order.invoice_number ?? "";

function stateWords(order) {
  if (order.state === "cancelled") return t("orders.state_cancelled");
  if (order.can_issue) return t("orders.can_issue");
  if (order.invoice_manual ?? order.invoice?.manual) return t("choice.self");
  return order.invoice_kind && order.invoice_kind !== "none_yet" ? t(`choice.${order.invoice_kind}`) : "";
}

function pager(app) {
  const { orders } = app.state;
  const page = orders.trail.length;
  if (!orders.next && page === 1) return null;
  return h("div.pager", null,
    button(t("orders.newer"), () => newerOrders(app), { kind: "quiet", disabled: page === 1 }),
    h("span", null, t("orders.page", { page })),
    button(t("orders.older"), () => olderOrders(app), { kind: "quiet", disabled: !orders.next }));
}

function orderDetail(app) {
  const { detail, error, done } = app.state.orders;
  const number = numberOf(detail);
  return h("article.order", { key: detail.id },
    h("header", null, h("h2.number", null, detail.number), h("span.soft", null, `${shortTime(timeOf(detail))}　${detail.staff_name ?? detail.staff ?? ""}`)),
    detail.state === "cancelled" && notice("warn", t("orders.is_cancelled", { reason: detail.cancel_reason ?? "" })),
    error && notice("bad", errorWords(error)),
    done?.id === detail.id && notice("good", refundWords(done.refund)),
    h("div.order-scroll", { tabindex: "0", role: "region", "aria-label": t("cart.lines") },
      h("table.order-lines", null, h("tbody", null, (detail.lines ?? []).map((line, at) =>
        h("tr", { key: at }, h("th", { scope: "row" }, line.name), h("td.number", null, `${line.quantity} × ${line.unit_price}`), h("td", null, money(line.amount - (line.discount ?? 0))))))),
      h("dl.facts", null, facts(detail, number))),
    jobsView(app, app.prints.list().filter((job) => job.orderId === detail.id)),
    app.state.orders.cancel ? cancelForm(app) : app.state.orders.manual ? manualForm(app) : tools(app, detail, number));
}

/** What goes back to the customer, by the way it was paid. */
function refundWords(refund) {
  const parts = Object.entries(refund).filter(([, amount]) => amount > 0).map(([method, amount]) => `${t(`tender.${method}`)} $ ${shown(amount)}`);
  return parts.length ? t("orders.cancelled_refund", { parts: parts.join("、") }) : t("orders.cancelled");
}

function facts(detail, number) {
  const rows = [];
  if (detail.order_discount) rows.push([t("edit.order_discount"), money(-detail.order_discount)]);
  rows.push([t("due.total"), money(detail.total)]);
  for (const tender of detail.tenders ?? []) rows.push([t(`tender.${tender.method}`), h("span", null, money(tender.amount), tender.reference && ` ${tender.reference}`)]);
  rows.push([t("done.invoice"), number ? h("span.number", null, grouped(number)) : t("orders.no_invoice")]);
  const state = detail.invoice?.state_text ?? (detail.invoice?.state && t(`invoice_state.${detail.invoice.state}`));
  if (state) rows.push([t("orders.invoice_state"), [state, detail.invoice.upload_text].filter(Boolean).join("・")]);
  return rows.map(([name, value]) => h("div", { key: name }, h("dt", null, name), h("dd", null, value)));
}

function tools(app, detail, number) {
  const { busy } = app.state;
  const live = detail.state !== "cancelled";
  const manual = detail.invoice_manual ?? detail.invoice?.manual;
  const off = Boolean(busy);
  const issuable = live && !number && (detail.can_issue ?? detail.invoice_kind !== "self");
  return h("div.tools", { key: "tools" },
    issuable && clockStop(app),
    issuable && button(busy === "issue" ? t("done.issuing") : t("done.issue"), () => issueOrder(app), { kind: "primary", disabled: off || isBlocked(app) }),
    number && !manual && (detail.invoice?.printable ?? true) && button(t("orders.reprint_proof"), () => reprintOrder(app, "proof"), { disabled: off }),
    button(t("orders.reprint_detail"), () => reprintOrder(app, "detail"), { disabled: off }),
    live && !number && button(t("orders.manual"), () => { app.within("orders", { manual: { number: "" }, cancel: null, error: null }); app.focus("manual-number"); }, { disabled: off }),
    live && button(t("orders.cancel"), () => (app.may("till.cancel") ? startCancel(app) : app.within("orders", { error: { code: "may", message: t("may.not", { what: t("orders.cancel") }) } })), { kind: "danger", disabled: off }));
}

/** What will happen is said before the button that does it (B.7.5). */
function cancelForm(app) {
  const { cancel, detail } = app.state.orders;
  const number = numberOf(detail);
  return h("form.cancel", { key: "cancel", onsubmit: (event) => { event.preventDefault(); cancelOrder(app); } },
    notice("warn", t(number ? "orders.cancel_warning" : "orders.cancel_plain", { number: grouped(number) })),
    field("cancel-reason", t("orders.reason"), { value: cancel.reason, maxlength: 20, list: "cancel-reasons", oninput: (event) => app.within("orders", { cancel: { reason: event.target.value } }) }, { fault: cancel.fault ? t(cancel.fault) : "", hint: t("orders.reason_hint") }),
    h("div.quick", null, ["wrong_item", "wrong_invoice", "regret"].map((name) => button(t(`orders.reason_${name}`), () => app.within("orders", { cancel: { reason: t(`orders.reason_${name}`) } }), { kind: "quiet", keyId: name }))),
    h("div.tools", null,
      h("button.button.danger", { type: "submit", disabled: Boolean(app.state.busy) }, busyWord(app, "cancel", t("orders.cancel_now"))),
      button(t("orders.keep"), () => app.within("orders", { cancel: null }), { kind: "quiet", cap: "Esc" })));
}

function manualForm(app) {
  const { manual } = app.state.orders;
  return h("form.cancel", { key: "manual", onsubmit: (event) => { event.preventDefault(); saveOrderNumber(app); } },
    field("manual-number", t("choice.self_field"), {
      value: manual.number, maxlength: 120, oninput: (event) => app.within("orders", { manual: { number: scannedNumber(event.target.value).toUpperCase().trim() } }),
    }, { fault: manual.error ? errorWords(manual.error) : manual.fault ? t(manual.fault) : "", hint: t("done.self_hint") }),
    h("div.tools", null, h("button.button.primary", { type: "submit", disabled: Boolean(app.state.busy) }, t("done.self_save")), button(t("orders.keep"), () => app.within("orders", { manual: null }), { kind: "quiet", cap: "Esc" })));
}
