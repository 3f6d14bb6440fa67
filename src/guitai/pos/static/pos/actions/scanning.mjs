// What a scan means depends on what it is, hardly on where one stands.

import { readScan } from "../logic/scan.mjs";
import { findOrders } from "./orders.mjs";
import { scanChoice, scanCode, scanDigits } from "./selling.mjs";
import { setChoice } from "./checkout.mjs";

/** An invoice's barcode or QR code as its number; other text stays as it is (B.5.4). */
export function scannedNumber(text) {
  const scan = readScan(text);
  return scan.kind === "invoice" ? scan.value : text;
}

const isProduct = (app, code) => app.state.catalogue.byCode.has(code.toLowerCase());

/** A whole scan, wherever the focus was. */
export function onScan(app, text) {
  if (app.state.phase !== "till") return undefined;
  const scan = readScan(text);
  const { stage, page, choice, result } = app.state;
  if (scan.kind === "invoice") {
    if (stage === "checkout" && choice.kind === "self") return setChoice(app, { number: scan.value });
    if (stage === "done" && result.kind === "self" && !result.savedNumber) return app.within("result", { typed: scan.value, fault: null });
    if (page === "sale" && stage === "checkout") return app.say("warn", "scan.invoice_here");
    return findOrders(app, { search: scan.raw, day: "" });
  }
  if (scan.kind === "right_qr") return app.say("warn", "scan.right_qr");
  if (scan.kind === "mobile_barcode") return scanChoice(app, "mobile_barcode", "carrier", scan.value);
  if (scan.kind === "citizen_certificate") return scanChoice(app, "citizen_certificate", "carrier", scan.value);
  if (stage === "checkout" && choice.kind === "member" && !isProduct(app, scan.value)) {
    return setChoice(app, { carrier: scan.value });
  }
  if (page === "orders") {
    // A receipt's order number is looked for here; goods go into the cart from every page.
    if (!isProduct(app, scan.value)) return findOrders(app, { search: scan.value, day: "" });
  }
  return scan.kind === "digits" ? scanDigits(app, scan.value) : scanCode(app, scan.value);
}
