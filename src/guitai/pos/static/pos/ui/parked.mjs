// 寄存: carts that wait for their customers.

import { dropParked, loadParked, parkCart, takeParked } from "../actions/pages.mjs";
import { h } from "../lib/vdom.mjs";
import { isEmpty } from "../logic/cart.mjs";
import { t } from "../words/words.mjs";
import { button, errorWords, money, notice, shortTime } from "./parts.mjs";

export function parkedView(app) {
  const { parked, cart } = app.state;
  const words = parked.error?.words ? t(parked.error.words) : errorWords(parked.error);
  return h("section.page", { key: "parked" },
    h("div.page-head", null, h("h1", null, t("nav.parked")), h("p.soft", null, t("parked.rule")), button(t("parked.refresh"), () => loadParked(app), { kind: "quiet" })),
    parked.error && notice("bad", words, !isEmpty(cart) && button(t("parked.park_current"), () => parkCart(app).then(() => loadParked(app)), { kind: "quiet" })),
    parked.state === "loading" && !parked.list.length ? h("p.empty", null, t("orders.loading"))
      : !parked.list.length ? h("p.empty", null, t("parked.none"))
        : h("ul.cards", null, parked.list.map((item) => card(app, item))));
}

function card(app, item) {
  const lines = item.cart?.lines ?? [];
  return h("li.card", { key: item.id },
    h("h2", null, item.label || t("parked.unnamed")),
    h("p.soft", null, shortTime(item.parked_at ?? item.cart?.startedAt), "　", t("parked.lines", { count: lines.length })),
    h("p.names", null, lines.slice(0, 4).map((line) => line.name).join("、"), lines.length > 4 ? "…" : ""),
    h("div.card-foot", null, money(item.cart?.total ?? item.total ?? 0),
      button(t("parked.drop"), () => dropParked(app, item.id), { kind: "quiet" }),
      button(t("parked.take"), () => takeParked(app, item), { kind: "primary" })));
}
