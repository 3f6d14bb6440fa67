// The left half while goods are taken up: the field for everything, and the goods.

import { addProduct, restoreCart, startEdit, submitEdit, submitQuery, undoRemove, cancelEdit } from "../actions/selling.mjs";
import { takeBack } from "../actions/checkout.mjs";
import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { search, splitTimes } from "../logic/catalogue.mjs";
import { halfWidth, parseQuantity, shown } from "../logic/money.mjs";
import { mayPutAside } from "../logic/outbox.mjs";
import { t } from "../words/words.mjs";
import { button, errorWords, field, key, money, notice, worded } from "./parts.mjs";

const SHOWN = 60;

export function goodsView(app) {
  const { query } = app.state;
  const { times, rest } = splitTimes(halfWidth(query));
  const found = search(app.state.catalogue, rest, SHOWN);
  return h("section.goods", { key: "goods", "aria-label": t("goods.label") },
    h("h1.visually-hidden", null, t("nav.sale")),
    searchField(app, times),
    sayView(app),
    asideView(app),
    app.state.edit?.what === "free" && freeForm(app),
    tiles(app, found, rest.trim() !== "", times));
}

function searchField(app, times) {
  return h("form.search", { role: "search", onsubmit: (event) => { event.preventDefault(); submitQuery(app); } },
    icon("scan"),
    h("label.visually-hidden", { for: "query" }, t("goods.search")),
    h("input", {
      id: "query", type: "text", value: app.state.query, autocomplete: "off", spellcheck: "false", enterkeyhint: "done",
      placeholder: t("goods.placeholder"), "aria-describedby": "goods-hint", autofocus: true, maxlength: 200,
      oninput: (event) => app.set({ query: event.target.value, active: 0 }),
    }),
    times !== null && h("span.times", null, t("goods.times", { count: times })),
    h("span.hint", { id: "goods-hint" }, t("goods.times_hint")));
}

/** What just happened, always in the same place, read out by readers. */
function sayView(app) {
  const { say } = app.state;
  const more = say && [
    say.offerFree && app.may("till.price_change") && button(t("cart.add_free"), () => startEdit(app, "free", null, { name: "", code: say.offerFree }), { kind: "quiet" }),
    say.undo && button(t("cart.undo"), () => undoRemove(app), { kind: "quiet" }),
    say.restore && button(t("cart.restore"), () => restoreCart(app, say.restore), { kind: "quiet" }),
  ];
  return h("div.say", { key: "say", role: "status", "aria-live": "polite", class: say ? `is-${say.tone}` : "" },
    say ? [icon(say.tone), h("p", null, worded(say.code, say.params)), more] : h("p.rest", null, t("goods.ready")));
}

/** Sales whose answer is still out, or that came back refused while the queue went on. */
function asideView(app) {
  if (!app.state.aside.length) return null;
  return h("ul.aside", { key: "aside" }, app.state.aside.map((entry) =>
    h("li", { key: entry.id }, entry.state === "asking" || entry.state === "hold"
      ? notice("warn", t("aside.asking", { total: shown(entry.total), tries: entry.tries }))
      : notice("bad", `${t("aside.refused", { total: shown(entry.total) })}${errorWords(entry.error)}`, button(t("aside.take_back"), () => takeBack(app, entry), { kind: "quiet" })))));
}

function freeForm(app) {
  const { edit } = app.state;
  const change = (name) => (event) => app.set({ edit: { ...edit, [name]: event.target.value, fault: null } });
  return h("form.free", { key: "free", onsubmit: (event) => { event.preventDefault(); submitEdit(app); } },
    field("edit-name", t("edit.free_name"), { value: edit.name, maxlength: 256, oninput: change("name") }, { fault: edit.fault === "edit.name" ? t(edit.fault) : "" }),
    field("edit-text", t("edit.free_price"), { value: edit.text, inputmode: "numeric", maxlength: 12, oninput: change("text") }, { fault: edit.fault && edit.fault !== "edit.name" ? t(edit.fault) : "" }),
    h("button.button.primary", { type: "submit" }, h("span", null, t("edit.add")), key("Enter")),
    button(t("edit.cancel"), () => cancelEdit(app), { kind: "quiet", cap: "Esc" }));
}

function tiles(app, found, searching, times) {
  const { catalogueState, query } = app.state;
  if (!found.length) {
    const code = searching ? "goods.none" : catalogueState === "loading" ? "goods.loading" : catalogueState === "failed" ? "goods.failed" : "goods.empty";
    return h("div.empty", { key: "empty" }, h("p", null, t(code, { query })));
  }
  const quantity = times === null ? undefined : parseQuantity(times) ?? undefined;
  const active = searching ? Math.min(app.state.active, found.length - 1) : -1;
  return h("ul.tiles", { key: "tiles", "aria-label": t("goods.list") }, found.map((product, at) =>
    h("li", { key: product.id }, h("button.tile", {
      type: "button", class: at === active ? "is-active" : "", onclick: () => { addProduct(app, product, quantity); app.focus("query"); },
    },
    h("span.tile-name", null, product.name),
    h("span.tile-foot", null, h("span.tile-sku", null, product.sku), taxTag(product.tax_type), money(product.price))))));
}

export function taxTag(type) {
  return type === "1" ? null : h("span.tax-tag", null, t(`tax.${type}`));
}

/** While the question is out: what is being done, how often, and that nothing can be lost. */
export function askingView(app) {
  const { entry } = app.state;
  const held = entry.state === "hold";
  return h("section.asking", { key: "asking", "aria-busy": String(!held), "aria-live": "polite" },
    h("h1", null, t(held ? "asking.held" : entry.unknown ? "asking.again" : "asking.title")),
    h("p.lead", null, t(entry.unknown ? "asking.safe" : "asking.text", { tries: entry.tries + 1 })),
    !held && h("div.progress", { role: "progressbar", "aria-label": t("asking.title") }, h("span", null)),
    entry.error && notice("bad", errorWords(entry.error)),
    mayPutAside(entry) && button(t("asking.aside"), () => app.putAside(), { kind: "quiet" }),
    mayPutAside(entry) && h("p.hint", null, t("asking.aside_hint")));
}
