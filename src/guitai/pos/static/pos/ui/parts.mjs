// Small pieces that every screen uses.

import { icon } from "../lib/icons.mjs";
import { h } from "../lib/vdom.mjs";
import { shown } from "../logic/money.mjs";
import { t } from "../words/words.mjs";

/** A key cap. The button that it belongs to names it with aria-keyshortcuts. */
export const key = (name) => h("kbd", { "aria-hidden": "true" }, name);

/** A button with words, an optional key cap and a handler. `kind`: primary, quiet, danger. */
export function button(words, onclick, { kind = "", cap = "", id, disabled = false, title, pressed, label, keyId, autofocus } = {}) {
  return h(`button.button${kind ? `.${kind}` : ""}`, {
    id, type: "button", onclick, disabled, title, autofocus, key: keyId,
    "aria-pressed": pressed === undefined ? undefined : String(pressed),
    "aria-label": label, "aria-keyshortcuts": cap && /^[A-Za-z0-9]+$/.test(cap) ? cap : undefined,
  }, h("span", null, words), cap && key(cap));
}

/** Money with its sign of the currency; `big` for the largest type on the page. */
export function money(amount, tag = "span.money") {
  return h(tag, null, amount < 0 ? "−" : "", h("span.currency", { "aria-hidden": "true" }, "$"), shown(Math.abs(amount)));
}

/** A labelled field with its complaint below it, tied together for readers. */
export function field(id, label, props, { fault = "", hint = "" } = {}) {
  const notes = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return h("div.field", { class: fault ? "is-wrong" : "" },
    h("label", { for: id }, label),
    h("input", {
      id, autocomplete: "off", spellcheck: "false", ...props,
      "aria-invalid": fault ? "true" : undefined, "aria-describedby": notes || undefined,
    }),
    hint && !fault && h("p.hint", { id: `${id}-hint` }, hint),
    fault && h("p.fault", { id: `${id}-fault`, role: "alert" }, fault),
  );
}

/** One sentence with its tone, in words and colour. */
export function notice(tone, words, ...more) {
  return h(`div.notice.${tone}`, { role: tone === "bad" ? "alert" : "status" }, icon(tone === "idle" ? "idle" : tone), h("p", null, words), ...more);
}

/** The words of a server's refusal, or of a line that brought no answer. */
export function errorWords(error) {
  if (!error) return "";
  if (error.code === "line") return t("line.no_answer");
  if (["closed", "timeout"].includes(error.code)) return t("device.no_answer");
  if (error.words) return t(error.words);
  return error.message || t("error.unknown", { code: error.code });
}

/** What a person said about: parameters that begin with @ are codes of words themselves. */
export function worded(code, params = {}) {
  const known = Object.entries(params).map(([name, value]) =>
    [name, typeof value === "string" && value.startsWith("@") ? t(value.slice(1)) : value]);
  return t(code, Object.fromEntries(known));
}

const PAD = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "00", "0"];

/** A pad for fingers; `press(digit)` and `erase()`. It never takes the focus from the field. */
export function numberPad(press, erase, { pin = false } = {}) {
  const keep = (event) => event.preventDefault();
  const keys = (pin ? PAD.map((digit) => (digit === "00" ? "" : digit)) : PAD).map((digit) =>
    digit
      ? h("button.pad-key", { type: "button", onmousedown: keep, onclick: () => press(digit) }, digit)
      : h("span", null));
  return h("div.pad", { role: "group", "aria-label": t("pad.label") }, keys,
    h("button.pad-key", { type: "button", onmousedown: keep, onclick: erase, "aria-label": t("pad.erase") }, icon("back_space")));
}

/** "2026-11-21T10:05:00+08:00" → "2026-11-21 10:05", in Taipei whatever this computer believes. */
export function shortTime(text) {
  if (!text) return "";
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: "Asia/Taipei", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).formatToParts(new Date(text));
  const part = (type) => parts.find((item) => item.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}`;
}

/** The words of a button, or what it is doing right now. */
export const busyWord = (app, what, words) => (app.state.busy === what ? t("busy.working") : words);
