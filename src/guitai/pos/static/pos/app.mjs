// The till's one state and the loop that draws it: act → set() → draw.

import { patch } from "./lib/vdom.mjs";
import { uuid7 } from "./lib/uuid7.mjs";
import { emptyCart } from "./logic/cart.mjs";
import { buildCatalogue } from "./logic/catalogue.mjs";
import { newChoice } from "./logic/invoice.mjs";
import { newTender } from "./logic/tender.mjs";
import { small } from "./net/store.mjs";

/** RFC 3339 in Taipei's offset, which has no summer time. */
export function taipeiTime(date = new Date()) {
  const shifted = new Date(date.getTime() + 8 * 3600 * 1000);
  return `${shifted.toISOString().slice(0, 19)}+08:00`;
}

export const taipeiDay = (date = new Date()) => taipeiTime(date).slice(0, 10);

export const freshCart = () => emptyCart(uuid7(), taipeiTime());

function initialState() {
  return {
    phase: "loading", page: "sale", stage: "cart",
    till: null, catalogue: buildCatalogue([]), catalogueState: "loading",
    cart: small.get("cart") ?? freshCart(), selected: null, edit: null,
    query: "", active: 0, say: null,
    choice: small.get("choice") ?? newChoice(), tenders: [newTender("cash")], tender: 0,
    note: "", recognisedOn: "", more: false, fault: null,
    entry: null, aside: [], result: null,
    agent: { state: "off", local: "off", way: "", printer: null, health: null, agentId: "", version: "", relay: "", agents: [] },
    line: "ok", book: null, clock: { code: "", drift: null },
    bind: { ban: "", code: "", name: "", busy: false, error: null, lost: false },
    signin: { staffId: null, pin: "", busy: false, error: null },
    orders: { search: "", day: "", trail: [""], next: null, state: "idle", list: [], detail: null, cancel: null, manual: null, error: null },
    parked: { state: "idle", list: [], error: null, label: "" },
    shift: { state: "idle", figures: null, counted: "", pieces: {}, taken: "0", reason: "", error: null, done: null, ask: "" },
    device: { code: "", error: null, say: null, busy: "", drawer: "" }, doctor: { checked: null, error: null },
    devices: { state: "idle", list: [], found: [], profiles: [], chosen: null, scanner: null, server: null, baud: 9600, address: "", searched: false, error: null },
    busy: "", jobFault: null,
  };
}

/** Holds `state`, the view and whoever acts on it. */
export class App {
  constructor(root, view) {
    this.root = root;
    this.view = view;
    this.state = initialState();
    this.dirty = false;
  }

  /** Change the state and draw soon, within the same turn of the event loop. */
  set(change) {
    const before = this.state;
    this.state = { ...before, ...change };
    if (this.state.cart !== before.cart) small.set("cart", this.state.cart);
    if (this.state.choice !== before.choice) small.set("choice", this.state.choice);
    this.draw();
  }

  /** Change one part of the state: within("orders", {search: "…"}). */
  within(part, change) {
    this.set({ [part]: { ...this.state[part], ...change } });
  }

  draw() {
    if (this.dirty) return;
    this.dirty = true;
    queueMicrotask(() => {
      this.dirty = false;
      patch(this.root, this.view(this));
      this.followCart();
    });
  }

  /** In a long cart the line that was just scanned or chosen is the one in sight. */
  followCart() {
    const { cart, selected } = this.state;
    const line = document.querySelector(".lines .line.is-chosen");
    if (!line || (this.followed?.lines === cart.lines && this.followed.selected === selected)) return;
    this.followed = { lines: cart.lines, selected };
    line.scrollIntoView({ block: "nearest" });
  }

  /** Whether the person at the till may: "till.price_change" … */
  may(permission) {
    return this.state.till?.session?.permissions?.includes(permission) ?? false;
  }

  /** One short sentence beside the scan field; also read out. */
  say(tone, code, params = {}, extra = {}) {
    this.set({ say: { tone, code, params, ...extra } });
  }

  /** Today in Taipei by the server's clock: this computer's may be wrong. */
  today() {
    return taipeiDay(new Date(this.clock.server() ?? Date.now()));
  }

  focus(id) {
    queueMicrotask(() => queueMicrotask(() => {
      const field = document.getElementById(id);
      field?.focus({ preventScroll: true });
      field?.select?.();
    }));
  }
}
