// The right half: what is sold, what it comes to, and the next thing to do.

import { clearCart, cancelEdit, currentLine, removeLine, startEdit, stepQuantity, submitEdit } from "../actions/selling.mjs";
import { openCheckout } from "../actions/checkout.mjs";
import { parkCart } from "../actions/pages.mjs";
import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { basesOf, discountShares, grossOf, isEmpty, netOf, piecesOf, subtotalOf, totalOf } from "../logic/cart.mjs";
import { choiceFault, maskedCarrier } from "../logic/invoice.mjs";
import { quantityText, shown } from "../logic/money.mjs";
import { t } from "../words/words.mjs";
import { button, field, key, money } from "./parts.mjs";
import { taxTag } from "./sale.mjs";

export function cartView(app) {
  const { cart } = app.state;
  const empty = isEmpty(cart);
  return h("section.cart", { key: "cart", "aria-label": t("cart.label") },
    h("div.cart-head", null,
      h("h2", null, t("cart.title"), !empty && h("span.soft", null, t("cart.count", { lines: cart.lines.length, pieces: quantityText(piecesOf(cart)) }))),
      button(t("cart.park"), () => parkCart(app), { kind: "quiet", cap: "F8", disabled: empty }),
      button(t("cart.clear"), () => clearCart(app), { kind: "quiet", disabled: empty })),
    empty ? emptyCart() : h("ol.lines", { key: "lines", tabindex: "0", "aria-label": t("cart.lines") }, cart.lines.map((line) => lineView(app, line))),
    totals(app, empty));
}

function emptyCart() {
  return h("div.empty", { key: "empty" }, icon("scan"), h("p", null, t("cart.empty")));
}

function lineView(app, line) {
  const chosen = currentLine(app)?.id === line.id;
  const gross = grossOf(line);
  return h("li.line", { key: line.id, class: chosen ? "is-chosen" : "" },
    h("div.line-main", null,
      h("button.line-name", { type: "button", "aria-pressed": String(chosen), onclick: () => app.set({ selected: line.id, edit: null }) },
        h("span.name", null, line.name),
        h("span.unit", null, money(line.unitPrice), line.priceOverride && h("span.changed", null, t("cart.price_changed")), taxTag(line.taxType))),
      h("div.steps", null,
        h("button.step", { type: "button", onclick: () => stepQuantity(app, line.id, -1), "aria-label": t("cart.less", { name: line.name }) }, "−"),
        h("button.quantity", { type: "button", onclick: () => startEdit(app, "quantity", line.id), "aria-label": t("cart.quantity_of", { name: line.name, count: quantityText(line.quantity) }) }, quantityText(line.quantity)),
        h("button.step", { type: "button", onclick: () => stepQuantity(app, line.id, 1), "aria-label": t("cart.more", { name: line.name }) }, "+")),
      h("div.amount", null, money(netOf(line)), line.discount > 0 && h("s.money", null, shown(gross)))),
    chosen && lineTools(app, line));
}

function lineTools(app, line) {
  const { edit } = app.state;
  if (edit?.lineId === line.id) return editForm(app, edit);
  return h("div.line-tools", null,
    button(t("edit.discount"), () => startEdit(app, "discount", line.id), { kind: "quiet", cap: "F6" }),
    button(t("edit.price"), () => startEdit(app, "price", line.id), { kind: "quiet", cap: "F7" }),
    button(t("cart.remove"), () => removeLine(app, line.id), { kind: "quiet", cap: "Del" }),
    h("span.tools-hint", { "aria-hidden": "true" }, key("+"), key("−"), t("edit.quantity")));
}

/** A field where the line is: no dialog in the way. */
function editForm(app, edit) {
  return h("form.edit", { key: "edit", onsubmit: (event) => { event.preventDefault(); submitEdit(app); } },
    field("edit-text", t(`edit.${edit.what}`), {
      value: edit.text, inputmode: edit.what === "discount" || edit.what === "order_discount" ? "text" : "decimal", maxlength: 12,
      placeholder: t(`edit.${edit.what}_example`), autofocus: true,
      oninput: (event) => app.set({ edit: { ...app.state.edit, text: event.target.value, fault: null } }),
    }, { fault: edit.fault ? t(edit.fault) : "" }),
    h("button.button.primary", { type: "submit" }, h("span", null, t("edit.ok")), key("Enter")),
    button(t("edit.cancel"), () => cancelEdit(app), { kind: "quiet", cap: "Esc" }));
}

function totals(app, empty) {
  const { cart, edit, choice } = app.state;
  return h("div.totals", { key: "totals" },
    edit?.what === "order_discount" ? editForm(app, edit) : sums(app, cart, empty),
    h("div.total-row", null, h("span.total-name", null, t("cart.total")), money(totalOf(cart), "output.total.money")),
    h("button.button.primary.pay", { type: "button", id: "pay", disabled: empty, onclick: () => openCheckout(app), "aria-keyshortcuts": "F9" },
      h("span", null, t("sale.pay")), pickedChoice(choice), key("F9")));
}

/** A carrier or BAN scanned ahead shows on the button, so that nobody scans it twice. */
function pickedChoice(choice) {
  if (choice.kind === "paper" || choiceFault(choice)) return null;
  const value = choice.ban && choice.kind === "company" ? choice.ban : choice.carrier ? maskedCarrier(choice.carrier) : choice.npoban;
  const both = choice.kind === "company" && choice.companyCarrier;
  return h("span.picked", null, t(`choice.${choice.kind}`), value && ` ${value}`, both && `＋${t("choice.mobile_barcode")}`);
}

function sums(app, cart, empty) {
  const off = cart.lines.reduce((sum, line) => sum + line.discount, 0);
  return h("div.sums", null,
    button(cart.orderDiscount ? t("cart.change_order_discount") : t("edit.order_discount"), () => startEdit(app, "order_discount"), { kind: "quiet", cap: "Shift F6", disabled: empty }),
    h("dl", null, discountRows(cart, off)));
}

function discountRows(cart, off) {
  const rows = [];
  if (off) rows.push([t("cart.line_discounts"), -off]);
  if (cart.orderDiscount || off) rows.unshift([t("cart.subtotal"), subtotalOf(cart) + off]);
  const shares = discountShares(cart);
  const kinds = Object.keys(shares);
  // Named by tax type only where the invoice will do so: when the goods are of more than one.
  const mixed = Object.keys(basesOf(cart)).length > 1;
  for (const kind of kinds) rows.push([t(mixed ? `cart.order_discount_${kind}` : "edit.order_discount"), -shares[kind]]);
  return rows.map(([name, amount]) => h("div", { key: name }, h("dt", null, name), h("dd", null, money(amount))));
}
