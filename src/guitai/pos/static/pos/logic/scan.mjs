// A barcode scanner is a fast keyboard that ends with Enter (printing.md §7). It is told from a
// person by its speed, read by KeyboardEvent.code so that no input method can swallow it, and
// works wherever the focus is.

export const FAST_MS = 30;
export const MIN_LENGTH = 4;
/** Silence after which fast keys that brought no Enter were a person's after all. */
export const SETTLE_MS = 90;

const SHIFTED = {
  Digit1: "!", Digit2: "@", Digit3: "#", Digit4: "$", Digit5: "%", Digit6: "^", Digit7: "&",
  Digit8: "*", Digit9: "(", Digit0: ")", Minus: "_", Equal: "+", BracketLeft: "{",
  BracketRight: "}", Backslash: "|", Semicolon: ":", Quote: '"', Comma: "<", Period: ">",
  Slash: "?", Backquote: "~", Space: " ",
};
const PLAIN = {
  Minus: "-", Equal: "=", BracketLeft: "[", BracketRight: "]", Backslash: "\\", Semicolon: ";",
  Quote: "'", Comma: ",", Period: ".", Slash: "/", Backquote: "`", Space: " ",
  NumpadAdd: "+", NumpadSubtract: "-", NumpadMultiply: "*", NumpadDivide: "/", NumpadDecimal: ".",
};

/** The character of a key event: its own when it is plain ASCII, else by the key's place. */
export function charOf({ key, code, shift, caps, composing }) {
  if (!composing && typeof key === "string" && /^[\x20-\x7e]$/.test(key)) return key;
  const letter = /^Key([A-Z])$/.exec(code ?? "");
  if (letter) return Boolean(shift) !== Boolean(caps) ? letter[1] : letter[1].toLowerCase();
  if (shift && SHIFTED[code]) return SHIFTED[code];
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code ?? "");
  if (digit) return digit[1];
  return PLAIN[code] ?? null;
}

const isEnd = (event) => ["Enter", "NumpadEnter", "Tab"].includes(event.code) || event.key === "Enter";
const isModifier = (event) => /^(Shift|Control|Alt|Meta|CapsLock)/.test(event.code ?? "");

/**
 * Tells scans from typing. feed(event) with {key, code, shift, caps, composing, time ms} returns
 * {type: "first"}             a key that may begin a scan: let it through, remember the field;
 * {type: "swallow"}           a key too fast for a person: keep it from the page;
 * {type: "scan", text}        a whole scan: the field goes back to what it was;
 * {type: "pass", flush?}      anything else; `flush` is text kept back that must be given back.
 */
export class WedgeReader {
  constructor() {
    this.reset();
  }

  reset() {
    this.text = "";
    this.lastTime = -Infinity;
  }

  feed(event) {
    if (isModifier(event) && !event.ctrl && !event.alt) return { type: "pass" };
    const gap = event.time - this.lastTime;
    if (isEnd(event)) return this.#end(gap);
    const char = event.ctrl || event.alt ? null : charOf(event);
    if (char === null) return this.#stop();
    if (this.text && gap < FAST_MS) {
      this.text += char;
      this.lastTime = event.time;
      return { type: "swallow" };
    }
    const flush = this.#takeBack();
    this.text = char;
    this.lastTime = event.time;
    return { type: "first", flush };
  }

  /** Called after SETTLE_MS of silence: gives back the text that was kept, if any. */
  settle(time) {
    if (!this.text || time - this.lastTime < FAST_MS) return "";
    return this.#takeBack();
  }

  #end(gap) {
    const text = this.text;
    if (text.length >= MIN_LENGTH && gap < FAST_MS * 2) {
      this.reset();
      return { type: "scan", text };
    }
    return this.#stop();
  }

  #stop() {
    return { type: "pass", flush: this.#takeBack() };
  }

  #takeBack() {
    const kept = this.text.slice(1);
    this.reset();
    return kept;
  }
}

/** An invoice's Code 39: period (5), number (10), random code (4). */
const CODE39 = /^\d{3}(02|04|06|08|10|12)([A-Z]{2}\d{8})\d{4}$/;
/** The head of an invoice's left QR code: number, date, random code, amounts, two BANs, cipher. */
const LEFT_QR = /^([A-Z]{2}\d{8})\d{7}\d{4}[0-9a-fA-F]{16}\d{16}.{24}/;

/**
 * What was scanned: {kind, value}. Kinds: invoice (value = its number, `raw` as scanned),
 * mobile_barcode, citizen_certificate, digits (may be a product, a BAN or a donation code), code.
 */
export function readScan(raw) {
  const text = raw.trim();
  const upper = text.toUpperCase();
  const code39 = CODE39.exec(upper.replace(/^\*|\*$/g, ""));
  if (code39) return { kind: "invoice", value: code39[2], raw: text };
  const qr = LEFT_QR.exec(text);
  if (qr) return { kind: "invoice", value: qr[1], raw: text };
  if (/^\/[0-9A-Z.+-]{7}$/.test(upper)) return { kind: "mobile_barcode", value: upper };
  if (/^[A-Z]{2}\d{14}$/.test(upper)) return { kind: "citizen_certificate", value: upper };
  if (/^\*\*/.test(text)) return { kind: "right_qr", value: text };
  if (/^\d+$/.test(text)) return { kind: "digits", value: text };
  return { kind: "code", value: text };
}
