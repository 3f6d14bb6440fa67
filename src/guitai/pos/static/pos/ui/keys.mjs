// All keys of the till in one place; the buttons show them.

import { backToCart, confirmSale, mustIssue, openCheckout, addTender, pickKind, offered } from "../actions/checkout.mjs";
import { issueNow } from "../actions/after.mjs";
import { openPage, parkCart } from "../actions/pages.mjs";
import { onScan } from "../actions/scanning.mjs";
import { cancelEdit, currentLine, moveSelection, removeLine, startEdit, startNext, stepQuantity } from "../actions/selling.mjs";
import { chooseStaff } from "../actions/session.mjs";
import { search, splitTimes } from "../logic/catalogue.mjs";
import { SETTLE_MS, WedgeReader } from "../logic/scan.mjs";
import { PAGES } from "./shell.mjs";

const isField = (element) => element?.matches?.("input, textarea, select");

/** Listen for scans and keys on the whole page. */
export function listen(app) {
  const reader = new WedgeReader();
  let before = null;
  let timer = 0;
  const giveBack = (text) => { if (text) insert(before?.field, text); };
  document.addEventListener("keydown", (event) => {
    clearTimeout(timer);
    // Before the work, a code that is scanned belongs into the field that has the focus.
    if (app.state.phase !== "till") return onKey(app, event);
    const seen = reader.feed(plain(event));
    giveBack(seen.flush);
    if (seen.type === "first") before = snapshot(event.target);
    if (seen.type === "first" || seen.type === "swallow") {
      timer = setTimeout(() => giveBack(reader.settle(performance.now())), SETTLE_MS);
    }
    if (seen.type === "swallow" || seen.type === "scan") {
      event.preventDefault();
      event.stopPropagation();
    }
    if (seen.type === "scan") {
      restore(before);
      onScan(app, seen.text);
    } else if (seen.type !== "swallow" && !event.isComposing && event.keyCode !== 229) {
      onKey(app, event);
    }
    return undefined;
  }, { capture: true });
}

/** A scan that came through the agent (a serial scanner): the same way as one that was typed. */
export function scanned(app, text) {
  if (!text) return;
  if (app.state.phase === "till") onScan(app, text);
  else if (isField(document.activeElement)) insert(document.activeElement, text);
}

function plain(event) {
  return {
    key: event.key, code: event.code, shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey,
    caps: event.getModifierState?.("CapsLock") ?? false, composing: event.isComposing || event.keyCode === 229, time: event.timeStamp,
  };
}

function snapshot(target) {
  return isField(target) ? { field: target, value: target.value } : null;
}

/** The field as it was before the scan; leaving and coming back ends what an input method began. */
function restore(before) {
  if (!before?.field.isConnected) return;
  const { field, value } = before;
  field.guitaiComposing = false;
  const focused = document.activeElement === field;
  if (focused) field.blur();
  write(field, value);
  if (focused) field.focus({ preventScroll: true });
}

function write(field, value) {
  if (field.value === value) return;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Text that was kept back from a field and turned out to be typed by a person. */
function insert(field, text) {
  if (!field?.isConnected || field.readOnly) return;
  const at = field.selectionEnd ?? field.value.length;
  write(field, field.value.slice(0, at) + text + field.value.slice(at));
}

function onKey(app, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const done = handle(app, event);
  if (done) {
    event.preventDefault();
    event.stopPropagation();
  }
}

function handle(app, event) {
  const { phase, page, stage } = app.state;
  if (phase === "signin") return signInKey(app, event);
  if (phase !== "till") return false;
  if (page === "sale" && stage === "checkout") return checkoutKey(app, event);
  const target = PAGES.find(([, cap]) => cap === event.key);
  if (target && !event.shiftKey) {
    openPage(app, target[0]);
    return true;
  }
  if (page === "orders" && event.key === "Escape") return leaveForm(app);
  if (page !== "sale") return false;
  if (stage === "done") return doneKey(app, event);
  return stage === "cart" ? saleKey(app, event) : false;
}

function leaveForm(app) {
  app.within("orders", { cancel: null, manual: null });
  return true;
}

function signInKey(app, event) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (app.state.signin.staffId || !digit) {
    if (event.key === "Escape" && app.state.signin.staffId) {
      app.within("signin", { staffId: null, pin: "", error: null });
      return true;
    }
    return false;
  }
  const person = app.state.till.staff[Number(digit[1]) - 1];
  if (person) chooseStaff(app, person.id);
  return Boolean(person);
}

function checkoutKey(app, event) {
  const picked = offered(app).find(({ key }) => key === event.key);
  if (picked) return act(() => pickKind(app, picked.kind));
  if (event.key === "F9") return act(() => confirmSale(app));
  if (event.key === "F10") return act(() => addTender(app));
  if (event.key === "Escape") return act(() => backToCart(app));
  const onButton = event.target.matches?.("button, [role=radio], input[type=checkbox]");
  if (event.key === "Enter" && (!onButton || event.target.id === "confirm") && event.target.id !== "choice-field") {
    return act(() => confirmSale(app));
  }
  return false;
}

function act(work) {
  work();
  return true;
}

function doneKey(app, event) {
  const { result } = app.state;
  const typing = isField(event.target);
  if (event.key === "F9") return act(() => startNext(app));
  if (event.key !== "Enter" || typing || event.repeat) return false;
  if (event.target.matches?.("button") && !["next", "issue"].includes(event.target.id)) return false;
  if (mustIssue(result)) return act(() => issueNow(app, result.answer.order.id));
  return act(() => startNext(app));
}

function saleKey(app, event) {
  const { query, edit } = app.state;
  if (event.key === "F9") return act(() => openCheckout(app));
  if (event.key === "F8") return act(() => parkCart(app));
  if (event.key === "F6" && event.shiftKey) return act(() => startEdit(app, "order_discount"));
  if (event.key === "F6") return act(() => startEdit(app, "discount", currentLine(app)?.id ?? null));
  if (event.key === "F7") return act(() => startEdit(app, "price", currentLine(app)?.id ?? null));
  if (event.key === "Escape") return act(() => (edit ? cancelEdit(app) : clearQuery(app)));
  if (edit || (isField(event.target) && event.target.id !== "query")) return false;
  return query ? queryKey(app, event) : lineKey(app, event);
}

function clearQuery(app) {
  app.set({ query: "", say: null });
  app.focus("query");
}

function queryKey(app, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return false;
  const found = search(app.state.catalogue, splitTimes(app.state.query).rest).length;
  app.set({ active: Math.max(0, Math.min(found - 1, app.state.active + step)) });
  return true;
}

/** With nothing typed, keys act on the line: up, down, more, less, away, and Enter pays. */
function lineKey(app, event) {
  const line = currentLine(app);
  const inQuery = event.target.id === "query" || !event.target.matches?.("button, input, select");
  if (event.key === "ArrowDown") return act(() => moveSelection(app, 1));
  if (event.key === "ArrowUp") return act(() => moveSelection(app, -1));
  if (!line) return false;
  if (event.key === "+" || event.code === "NumpadAdd") return act(() => stepQuantity(app, line.id, 1));
  if (event.key === "-" || event.code === "NumpadSubtract") return act(() => stepQuantity(app, line.id, -1));
  if (event.key === "Delete") return act(() => removeLine(app, line.id));
  if (event.key === "Enter" && inQuery && !event.repeat) return act(() => openCheckout(app));
  if (inQuery && event.target.id !== "query" && /^[\x21-\x7e]$/.test(event.key)) document.getElementById("query")?.focus();
  return false;
}
