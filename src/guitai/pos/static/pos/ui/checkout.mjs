// 收款: which invoice, which money. The cart stays beside it and can still change.

import {
  addTender, backToCart, confirmSale, fillRest, leaveChoice, offered, onlySelf, pickKind, pickMethod,
  removeTender, setChoice, setTender, sumDue, typeTender,
} from "../actions/checkout.mjs";
import { scannedNumber } from "../actions/scanning.mjs";
import { h } from "../lib/vdom.mjs";
import { FIELD_OF, choiceFault, cleaned, companyCarrierFault, isUnfinished } from "../logic/invoice.mjs";
import { discountShares, netOf, piecesOf } from "../logic/cart.mjs";
import { parseAmount, quantityText, shown } from "../logic/money.mjs";
import { METHODS, changeOf, missing, quickAmounts, resolved } from "../logic/tender.mjs";
import { t } from "../words/words.mjs";
import { clockStop, isBlocked } from "./clock.mjs";
import { button, errorWords, field, key, money, notice, numberPad } from "./parts.mjs";

export function checkoutView(app) {
  return h("section.checkout", { key: "checkout", "aria-label": t("sale.pay") },
    h("h1.visually-hidden", null, t("sale.pay")),
    invoicePart(app), moneyPart(app), morePart(app));
}

function invoicePart(app) {
  const { choice } = app.state;
  const self = onlySelf(app);
  return h("section.panel", null,
    h("h2", { id: "choice-title" }, t("choice.title")),
    self && notice("warn", t("choice.only_self")),
    h("div.kinds", { role: "radiogroup", "aria-labelledby": "choice-title" }, offered(app).map(({ kind, key: cap }) =>
      h("button.kind", {
        key: kind, type: "button", role: "radio", "aria-checked": String(choice.kind === kind), "aria-keyshortcuts": cap,
        onclick: () => pickKind(app, kind),
      }, h("span", null, t(`choice.${kind}`)), key(cap)))),
    h("div.choice-detail", { class: choice.kind === "company" ? "is-company" : "" }, choiceField(app), printSwitch(app)));
}

function choiceWords(app) {
  const { choice, fault } = app.state;
  if (fault?.field === "companyCarrier") return "";
  if (fault?.field) return t(fault.code);
  if (fault?.error && !ofCompanyCarrier(app, fault.error) && /^(invoice|ban|carrier|npoban|number)/.test(fault.error.field ?? "")) return errorWords(fault.error);
  // While it is being typed it is not wrong yet; once it cannot become right any more, say so.
  const now = choiceFault(choice);
  return now && now.field !== "companyCarrier" && !isUnfinished(choice) ? t(now.code) : "";
}

const ofCompanyCarrier = (app, error) => app.state.choice.kind === "company" && (error.field ?? "").endsWith("carrier");

/** The company's own carrier, where it has one: 手機條碼報核 (mof.md §2.1). */
function companyCarrier(app) {
  const { choice, fault } = app.state;
  const wrong = fault?.field === "companyCarrier" && companyCarrierFault(choice);
  const refused = fault?.error && ofCompanyCarrier(app, fault.error);
  return [
    field("company-carrier", t("choice.company_carrier"), {
      value: choice.companyCarrier ?? "", maxlength: 120, autocapitalize: "characters",
      oninput: (event) => setChoice(app, { companyCarrier: cleaned("carrier", event.target.value) }),
    }, { fault: wrong ? t(wrong.code) : refused ? errorWords(fault.error) : "" }),
    choice.companyCarrier && h("label.switch", null, h("input", {
      type: "checkbox", checked: choice.proof, onchange: (event) => setChoice(app, { proof: event.target.checked }),
    }), h("span", null, t("choice.print_proof"))),
  ];
}

function choiceField(app) {
  const { choice, fault } = app.state;
  const name = FIELD_OF[choice.kind];
  if (!name) return h("p.choice-hint", null, t(choice.kind === "none_yet" ? "choice.none_yet_hint" : "choice.paper_hint"));
  const take = (event) => {
    const text = choice.kind === "self" ? scannedNumber(event.target.value) : event.target.value;
    setChoice(app, { [name]: cleaned(choice.kind === "member" ? "member" : name, text) });
  };
  const numeric = choice.kind === "company" || choice.kind === "donation";
  return [
    field("choice-field", t(`choice.${choice.kind}_field`), {
      key: choice.kind, value: choice[name], inputmode: numeric ? "numeric" : "text", maxlength: choice.kind === "member" ? 400 : 120,
      autocapitalize: "characters", oninput: take,
      onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); leaveChoice(app); } },
    }, { fault: choiceWords(app), hint: t(`choice.${choice.kind}_hint`) }),
    choice.kind === "company" && field("buyer-name", t("choice.buyer_name"), {
      value: choice.buyerName, maxlength: 60, oninput: (event) => setChoice(app, { buyerName: event.target.value }),
    }),
    choice.kind === "company" && companyCarrier(app),
  ];
}

function printSwitch(app) {
  const { choice } = app.state;
  if (!["mobile_barcode", "citizen_certificate", "member", "donation"].includes(choice.kind)) return null;
  return h("label.switch", null, h("input", {
    type: "checkbox", checked: choice.detail, onchange: (event) => setChoice(app, { detail: event.target.checked }),
  }), h("span", null, t("choice.print_detail")));
}

function moneyPart(app) {
  const { tenders } = app.state;
  return h("section.panel.money-panel", null,
    h("h2", null, t("tender.title")),
    h("div.tender-side", null,
      tenders.map((tender, at) => tenderRow(app, tender, at)),
      tenderFaultView(app),
      h("div.tender-foot", null, button(t("tender.add"), () => addTender(app), { kind: "quiet", cap: "F10", disabled: tenders.length >= 6 }), !app.state.more && button(t("sale.more"), () => app.set({ more: true }), { kind: "quiet" }))),
    padFor(app));
}

function tenderRow(app, tender, index) {
  const { tenders, fault } = app.state;
  const several = tenders.length > 1;
  const total = sumDue(app);
  const due = resolved(tenders, total)[index].amount;
  const wrong = fault?.index === index;
  return h("div.tender", { key: `tender${index}`, class: `${wrong ? "is-wrong" : ""} ${several ? "is-several" : ""}` },
    h("div.methods", { role: "group", "aria-label": t("tender.method") }, METHODS.map((method) =>
      h("button.method", { key: method, type: "button", "aria-pressed": String(tender.method === method), onclick: () => pickMethod(app, index, method) }, t(`tender.${method}`)))),
    amountField(app, tender, index, due, several),
    tender.method === "cash" ? several && receivedField(app, tender, index, due) : referenceField(app, tender, index),
    several && h("div.tender-tools", null,
      button(t("tender.fill"), () => fillRest(app, index), { kind: "quiet" }),
      button(t("tender.remove"), () => removeTender(app, index), { kind: "quiet" })),
    tender.method === "cash" && !several && quickRow(app, index, due));
}

function amountField(app, tender, index, due, several) {
  const receives = tender.method === "cash" && !several;
  const value = receives ? tender.received : tender.amount;
  return field(`tender-${index}`, t(receives ? "tender.received" : "tender.amount"), {
    value: value === null ? "" : String(value), inputmode: "numeric", maxlength: 11, placeholder: receives ? t("tender.exact", { amount: shown(due) }) : shown(due),
    autofocus: index === 0, onfocus: () => { if (app.state.tender !== index) app.set({ tender: index }); },
    oninput: (event) => { typeTender(app, index, event.target.value); },
  });
}

function referenceField(app, tender, index) {
  return field(`reference-${index}`, t(`tender.reference_${tender.method}`), {
    value: tender.reference, maxlength: 40, oninput: (event) => setTender(app, index, { reference: event.target.value }),
  });
}

/** Beside other tenders the cash part has its own amount; here stands what was handed over for it. */
function receivedField(app, tender, index, due) {
  return field(`received-${index}`, t("tender.received"), {
    value: tender.received === null ? "" : String(tender.received), inputmode: "numeric", maxlength: 11, placeholder: t("tender.exact", { amount: shown(due) }),
    oninput: (event) => {
      const received = parseAmount(event.target.value);
      if (received !== null || event.target.value.trim() === "") setTender(app, index, { received });
      else app.draw();
    },
  });
}

function quickRow(app, index, due) {
  return h("div.quick", { role: "group", "aria-label": t("tender.quick") }, quickAmounts(due).map((amount, at) =>
    h("button.quick-amount", { key: amount, type: "button", "aria-pressed": String(app.state.tenders[index].received === amount), onclick: () => { setTender(app, index, { received: amount }); app.focus("confirm"); } },
      at === 0 ? t("tender.exactly") : "", money(amount))));
}

function tenderFaultView(app) {
  const { fault } = app.state;
  if (!fault || fault.field || fault.error) return null;
  return h("p.fault", { role: "alert", id: "tender-fault" }, t(fault.code, { by: shown(fault.by ?? 0) }));
}

function padFor(app) {
  const index = app.state.tender;
  const tender = app.state.tenders[index];
  if (!tender) return null;
  const several = app.state.tenders.length > 1;
  const name = tender.method === "cash" && !several ? "received" : "amount";
  const text = tender[name] === null ? "" : String(tender[name]);
  return numberPad(
    (digit) => typeTender(app, index, (text + digit).replace(/^0+(?=\d)/, "")),
    () => typeTender(app, index, text.slice(0, -1)));
}

function morePart(app) {
  const { more, note, recognisedOn } = app.state;
  if (!more) return null;
  return h("section.panel.more-panel", null,
    field("recognised", t("sale.recognised_on"), { type: "date", value: recognisedOn || app.today(), max: app.today(), oninput: (event) => app.set({ recognisedOn: event.target.value }) }, { hint: t("sale.recognised_hint") }),
    field("note", t("sale.note"), { value: note, maxlength: 200, oninput: (event) => app.set({ note: event.target.value }) }));
}

/** The right half while paying: what it is, what is given, and the one button. */
export function dueView(app) {
  const { cart, tenders, choice, till } = app.state;
  const total = sumDue(app);
  const change = changeOf(tenders, total);
  const rest = missing(tenders, total);
  return h("section.cart.due", { key: "due", "aria-label": t("due.label") },
    h("div.cart-head", null, h("h2", null, t("cart.count", { lines: cart.lines.length, pieces: quantityText(piecesOf(cart)) })), button(t("sale.back"), () => backToCart(app), { kind: "quiet", cap: "Esc" })),
    h("ol.lines.small", { tabindex: "0", "aria-label": t("cart.lines") }, cart.lines.map((line) => h("li", { key: line.id },
      h("span.name", null, line.name), h("span.soft", null, `×${quantityText(line.quantity)}`), money(netOf(line)))), discountLines(cart)),
    clockStop(app) ?? refusalView(app),
    h("div.totals", null,
      h("div.total-row", null, h("span.total-name", null, t("due.total")), money(total, "output.total.money")),
      h("div.change-row", { class: rest > 0 ? "is-short" : "" },
        h("span", null, t(rest > 0 ? "due.missing" : "due.change")), money(rest > 0 ? rest : change, "output.money")),
      h("button.button.primary.pay", { type: "button", id: "confirm", disabled: isBlocked(app), onclick: () => confirmSale(app), "aria-keyshortcuts": "F9" },
        h("span", null, t("due.confirm")),
        h("span.picked", null, t(nextWord(till, choice), { kind: t(`choice.${choice.kind}`) })),
        key("F9"))));
}

function nextWord(till, choice) {
  if (["self", "none_yet"].includes(choice.kind)) return `due.then_${choice.kind}`;
  return till.register.auto_issue ? "due.then_issue" : "due.then_later";
}

export function discountLines(cart) {
  return Object.entries(discountShares(cart)).map(([kind, share], _, all) =>
    h("li", { key: `discount${kind}` }, h("span.name", null, t(all.length > 1 ? `cart.order_discount_${kind}` : "edit.order_discount")), h("span", null), money(-share)));
}

/** While the question is out nothing may change: the cart without its handles. */
export function frozenView(app) {
  const { cart } = app.state;
  return h("section.cart.due", { key: "frozen", "aria-label": t("cart.label") },
    h("div.cart-head", null, h("h2", null, t("cart.count", { lines: cart.lines.length, pieces: quantityText(piecesOf(cart)) }))),
    h("ol.lines.small", { tabindex: "0", "aria-label": t("cart.lines") }, cart.lines.map((line) => h("li", { key: line.id },
      h("span.name", null, line.name), h("span.soft", null, `×${quantityText(line.quantity)}`), money(netOf(line)))), discountLines(cart)),
    h("div.totals", null, h("div.total-row", null, h("span.total-name", null, t("due.total")), money(app.state.entry?.total ?? sumDue(app), "output.total.money"))));
}

/** The server's "no", where the next press is: what, why, and what to do. The cart is kept. */
function refusalView(app) {
  const { fault } = app.state;
  if (!fault?.error) return null;
  return h("div.refusal", { role: "alert", key: "refusal" },
    notice("bad", errorWords(fault.error)),
    h("p.cure", null, t(cureOf(fault))),
    fault.reused && button(t("sale.show_order"), () => app.showOrder(app.state.cart.id), { kind: "quiet" }));
}

function cureOf({ error, reused }) {
  if (reused) return "sale.reused_cure";
  if (/^NUM-/.test(error.code)) return "sale.number_cure";
  return "sale.kept";
}
