// Which screen there is now.

import { h } from "../lib/vdom.mjs";
import { cartView } from "./cart.mjs";
import { checkoutView, dueView, frozenView } from "./checkout.mjs";
import { deviceView } from "./device.mjs";
import { afterView, doneView } from "./done.mjs";
import { jobsView } from "./jobs.mjs";
import { ordersView } from "./orders.mjs";
import { parkedView } from "./parked.mjs";
import { askingView, goodsView } from "./sale.mjs";
import { shell } from "./shell.mjs";
import { shiftView } from "./shift.mjs";
import { bindView, elsewhereView, loadingView, signInView, unreachableView } from "./welcome.mjs";

const PHASES = { loading: loadingView, elsewhere: elsewhereView, unreachable: unreachableView, bind: bindView, signin: signInView };
const OTHERS = { orders: ordersView, parked: parkedView, shift: shiftView, device: deviceView };

export function view(app) {
  const { phase, page } = app.state;
  if (phase !== "till") return shell(app, PHASES[phase](app));
  return shell(app, page === "sale" ? saleView(app) : OTHERS[page](app));
}

function saleView(app) {
  const { stage } = app.state;
  const left = { cart: goodsView, checkout: checkoutView, asking: askingView, done: doneView }[stage];
  const right = { cart: cartView, checkout: dueView, asking: frozenView, done: afterView }[stage];
  return h("div.sale", { key: "sale", class: `stage-${stage}` },
    h("div.left", { key: "left" }, left(app), stage === "done" ? null : questions(app)), right(app));
}

/** Paper that needs eyes must be seen from the sale page, without going anywhere. */
function questions(app) {
  const asked = [...app.prints.open().filter((job) => ["uncertain", "expired", "failed"].includes(job.state)), ...app.prints.recalls()];
  return asked.length ? h("div.questions", { key: "questions" }, jobsView(app, asked)) : null;
}
