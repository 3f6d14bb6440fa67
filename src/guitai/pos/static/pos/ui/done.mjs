// After the money: change, number, what prints, and the next customer.

import { mustIssue } from "../actions/checkout.mjs";
import { issueNow, printDetail, saveNumber } from "../actions/after.mjs";
import { startNext } from "../actions/selling.mjs";
import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { netOf } from "../logic/cart.mjs";
import { quantityText } from "../logic/money.mjs";
import { t } from "../words/words.mjs";
import { discountLines } from "./checkout.mjs";
import { scannedNumber } from "../actions/scanning.mjs";
import { clockStop, isBlocked } from "./clock.mjs";
import { jobsView } from "./jobs.mjs";
import { button, errorWords, field, key, money, notice } from "./parts.mjs";

export function doneView(app) {
  const { result } = app.state;
  const { order, invoice } = result.answer;
  return h("section.done", { key: "done", "aria-label": t("done.title") },
    h("div.done-head", null, h("span.tick", null, icon("good")), h("h1", null, t("done.title")), h("span.soft", null, t("done.order", { number: order.number }))),
    h("dl.done-figures", null,
      h("div.change", null, h("dt", null, t("due.change")), h("dd", null, money(order.change ?? result.change ?? 0))),
      h("div", null, h("dt", null, t("due.total")), h("dd", null, money(order.total))),
      invoice && h("div.invoice", null, h("dt", null, t("done.invoice")), h("dd.number", null, grouped(invoice.number)), h("dd.soft", null, t(`choice.${result.kind}`), "・", invoice.period_label ?? ""))),
    mustIssue(result) ? issuePart(app, result) : null,
    order.notice && !mustIssue(result) && notice("idle", order.notice),
    result.kind === "self" && selfPart(app, result),
    result.fault && notice("bad", result.fault.words ? t(result.fault.words) : errorWords(result.fault)),
    jobsView(app, app.prints.list().filter((job) => job.orderId === order.id)));
}

/** "AB12345678" → "AB-12345678", as it is read out to a customer. */
export const grouped = (number) => number.replace(/^([A-Z]{2})(\d{8})$/, "$1-$2");

function issuePart(app, result) {
  return h("div.issue", { key: "issue" }, clockStop(app) ?? notice("warn", t("done.not_issued")),
    h("button.button.primary.pay", { type: "button", id: "issue", disabled: Boolean(app.state.busy) || isBlocked(app), autofocus: true, onclick: () => issueNow(app, result.answer.order.id) },
      h("span", null, app.state.busy === "issue" ? t("done.issuing") : t("done.issue")), key("Enter")));
}

function selfPart(app, result) {
  if (result.savedNumber ?? result.number) {
    return h("p.lead", { key: "self" }, t("done.self_number", { number: grouped(result.savedNumber ?? result.number) }));
  }
  return h("form.inline", { key: "self", onsubmit: (event) => { event.preventDefault(); saveNumber(app, result.answer.order.id, result.typed ?? ""); } },
    field("self-number", t("choice.self_field"), {
      value: result.typed ?? "", maxlength: 120, oninput: (event) => app.within("result", { typed: scannedNumber(event.target.value).toUpperCase().trim(), fault: null }),
    }, { hint: t("done.self_hint") }),
    h("button.button", { type: "submit", disabled: Boolean(app.state.busy) }, t("done.self_save")));
}

/** The right half: the next thing to do. */
export function afterView(app) {
  const { result } = app.state;
  const wait = mustIssue(result);
  const { order, invoice } = result.answer;
  return h("section.cart.due.after", { key: "after", "aria-label": t("done.next_label") },
    h("div.cart-head", null, h("h2", null, t("done.sold"))),
    h("ol.lines.small", { tabindex: "0", "aria-label": t("cart.lines") }, result.cart.lines.map((line) => h("li", { key: line.id }, h("span.name", null, line.name), h("span.soft", null, `×${quantityText(line.quantity)}`), money(netOf(line)))), discountLines(result.cart)),
    h("div.totals", null,
      h("div.after-tools", null,
        invoice && button(t("done.detail"), () => printDetail(app, order.id), { kind: "quiet", disabled: Boolean(app.state.busy) }),
        button(t("done.open_order"), () => app.showOrder(order.id), { kind: "quiet" })),
      wait && h("p.hint", null, t("done.next_without")),
      h("button.button.pay", { type: "button", id: "next", class: wait ? "" : "primary", autofocus: !wait, onclick: () => startNext(app), "aria-keyshortcuts": "F9" },
        h("span", null, t("done.next")), h("span.picked", null, t("done.next_hint")), key(wait ? "F9" : "Enter"))));
}
