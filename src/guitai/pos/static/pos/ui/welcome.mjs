// Before the work: no answer from the server, binding this device, signing in.

import { bind, chooseStaff, deviceName, refresh, signIn } from "../actions/session.mjs";
import { h } from "../lib/vdom.mjs";
import { halfWidth } from "../logic/money.mjs";
import { t } from "../words/words.mjs";
import { button, errorWords, field, notice, numberPad } from "./parts.mjs";

export function loadingView() {
  return h("section.centre-card", { "aria-busy": "true" }, h("h1", null, t("loading.title")), h("p", null, t("loading.text")));
}

export function elsewhereView(app) {
  return h("section.centre-card", null, h("h1", null, t("elsewhere.title")), h("p", null, t("elsewhere.text")),
    button(t("elsewhere.take"), () => app.takeOver(), { kind: "primary", autofocus: true }));
}

export function unreachableView(app) {
  return h("section.centre-card", null, h("h1", null, t("unreachable.title")), notice("bad", t("unreachable.text")),
    button(t("unreachable.retry"), () => refresh(app), { kind: "primary", autofocus: true }));
}

export function bindView(app) {
  const { ban, code, name, busy, error, lost } = app.state.bind;
  const wrong = (which) => (error && error.field === which ? errorWords(error) : "");
  const general = error && !["ban", "code", "device_name"].includes(error.field) ? error : null;
  const input = (which) => (event) => app.within("bind", { [which]: halfWidth(event.target.value), error: null });
  return h("section.centre-card", { key: "bind" }, h("h1", null, t("bind.title")),
    lost ? notice("bad", t("bind.lost")) : h("p.lead", null, t("bind.text")),
    h("form", { onsubmit: (event) => { event.preventDefault(); bind(app); } },
      field("bind-ban", t("bind.ban"), { value: ban, inputmode: "numeric", maxlength: 8, autofocus: true, oninput: input("ban") }, { fault: wrong("ban") }),
      field("bind-code", t("bind.code"), { value: code, maxlength: 40, oninput: input("code") }, { fault: wrong("code"), hint: t("bind.code_hint") }),
      field("bind-name", t("bind.name"), { value: name, maxlength: 60, placeholder: deviceName(), oninput: (event) => app.within("bind", { name: event.target.value }) }, { fault: wrong("device_name"), hint: t("bind.name_hint") }),
      general && notice("bad", errorWords(general), general.code === "BIND-TAKEN" && h("p.cure", null, t("bind.taken_cure"))),
      h("button.button.primary.wide", { type: "submit", disabled: busy }, h("span", null, busy ? t("bind.busy") : t("bind.submit")), h("kbd", { "aria-hidden": "true" }, "Enter"))));
}

export function signInView(app) {
  const { staffId } = app.state.signin;
  const { till } = app.state;
  const chosen = till.staff.find((person) => person.id === staffId);
  return h("section.signin", { key: "signin" },
    h("div.people-side", null, h("h1", null, t("signin.title")),
      app.state.cart.lines.length > 0 && notice("idle", t("signin.cart_kept", { count: app.state.cart.lines.length })),
      till.staff.length === 0 && notice("warn", t("signin.nobody")),
      h("ul.people", null, till.staff.map((person, at) =>
        h("li", { key: person.id }, h("button.person", {
          type: "button", onclick: () => chooseStaff(app, person.id), "aria-pressed": String(person.id === staffId),
          autofocus: at === 0 && !staffId,
        }, h("span.person-name", null, person.name), h("span.person-role", null, t(`role.${person.role}`)), at < 9 && h("kbd", { "aria-hidden": "true" }, String(at + 1))))))),
    h("div.pin-side", null, chosen ? pinForm(app, chosen) : h("p.lead", null, t("signin.choose"))));
}

function pinForm(app, person) {
  const { pin, busy, error } = app.state.signin;
  const type = (text) => app.within("signin", { pin: halfWidth(text).replace(/\D/g, "").slice(0, 12), error: null });
  return h("form.pin", { onsubmit: (event) => { event.preventDefault(); signIn(app); } },
    field("pin", t("signin.pin_of", { name: person.name }), {
      type: "password", inputmode: "none", value: pin, autocomplete: "off", autofocus: true,
      oninput: (event) => { type(event.target.value); event.target.value = app.state.signin.pin; },
    }, { fault: error ? errorWords(error) : "" }),
    numberPad((digit) => type(pin + digit), () => type(pin.slice(0, -1)), { pin: true }),
    h("button.button.primary.wide", { type: "submit", disabled: busy || !pin }, h("span", null, busy ? t("signin.busy") : t("signin.submit")), h("kbd", { "aria-hidden": "true" }, "Enter")));
}
