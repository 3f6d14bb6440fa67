// The invoice choice and its checks at the field (product.md B.5.2; mof.md §2, §7, §10.1).

import { halfWidth } from "./money.mjs";

export const KINDS = [
  "paper", "company", "mobile_barcode", "citizen_certificate", "member", "donation", "self",
];
const KEYS = ["F1", "F2", "F3", "F4", "F6", "F7", "F8"];

/**
 * What this register can offer, as {kind, key}: without a centre 自行開立 and 暫不開立 alone (B.5.3),
 * member carriers only where the seller has a class of its own (mof.md §7.1).
 */
export function kindsOf(till, connected) {
  if (!connected) return [{ kind: "self", key: "F8" }, { kind: "none_yet", key: "F1" }];
  return KINDS.map((kind, at) => ({ kind, key: KEYS[at] }))
    .filter(({ kind }) => kind !== "member" || Boolean(till?.entity?.member_carrier));
}

/** The one field that each kind needs; paper needs none. */
export const FIELD_OF = {
  company: "ban", mobile_barcode: "carrier", citizen_certificate: "carrier", member: "carrier",
  donation: "npoban", self: "number",
};

const WEIGHTS = [1, 2, 1, 2, 1, 2, 4, 1];
const digitSum = (value) => Math.trunc(value / 10) + (value % 10);

/** The 統一編號 checksum: multiples of five; a seventh digit 7 may count as 0 or 1 (mof.md §10.1). */
export function isBan(text) {
  if (!/^[0-9]{8}$/.test(text) || text === "00000000") return false;
  const total = WEIGHTS.reduce((sum, weight, at) => sum + digitSum(Number(text[at]) * weight), 0);
  if (text[6] !== "7") return total % 5 === 0;
  return (total - 10) % 5 === 0 || (total - 9) % 5 === 0;
}

export const isMobileBarcode = (text) => /^\/[0-9A-Z.+-]{7}$/.test(text);
export const isCitizenCertificate = (text) => /^[A-Z]{2}\d{14}$/.test(text);
export const isDonationCode = (text) => /^\d{3,7}$/.test(text);
export const isInvoiceNumber = (text) => /^[A-Z]{2}\d{8}$/.test(text);

/** A member's id: what a scanner or a keyboard gives, the server's rule (at most 400, ASCII). */
export const isMemberId = (text) => /^[\x20-\x7e]{1,400}$/.test(text);

/** A fresh choice. */
export function newChoice(kind = "paper") {
  return {
    kind, ban: "", buyerName: "", companyCarrier: "", proof: true, carrier: "", npoban: "", number: "", detail: false,
  };
}

/** Another kind; what was typed for the other kinds stays, in case the customer changes back. */
export function withKind(choice, kind) {
  const codeKinds = ["mobile_barcode", "citizen_certificate", "member"];
  const keep = kind === choice.kind || !codeKinds.includes(kind);
  return { ...choice, kind, carrier: keep ? choice.carrier : "" };
}

/**
 * A scanned code names the buyer or his carrier. A company's number and a phone's barcode one after
 * the other belong to one customer: the company's invoice, stored in that barcode (手機條碼報核, mof.md §2.1).
 */
export function withScanned(choice, kind, field, value) {
  if (kind === "mobile_barcode" && choice.kind === "company" && isBan(choice.ban)) {
    return { ...choice, companyCarrier: value };
  }
  const held = choice.kind === "mobile_barcode" && isMobileBarcode(choice.carrier) ? { companyCarrier: choice.carrier } : {};
  return { ...withKind(choice, kind), ...(kind === "company" ? held : {}), [field]: value };
}

/** What a person typed, cleaned: half width, no blanks around, letters in upper case. */
export function cleaned(field, text) {
  const half = halfWidth(text).trim();
  if (field === "buyerName") return String(text).trim();
  return field === "member" ? String(text).normalize("NFKC").trim() : half.toUpperCase();
}

const CHECKS = {
  ban: (text) => {
    if (!text) return "invoice.ban_missing";
    if (!/^[0-9]{8}$/.test(text)) return "invoice.ban_shape";
    return isBan(text) ? null : "invoice.ban_sum";
  },
  mobile_barcode: (text) => {
    if (!text) return "invoice.mobile_missing";
    if (!text.startsWith("/")) return "invoice.mobile_slash";
    return isMobileBarcode(text) ? null : "invoice.mobile_shape";
  },
  citizen_certificate: (text) => {
    if (!text) return "invoice.citizen_missing";
    return isCitizenCertificate(text) ? null : "invoice.citizen_shape";
  },
  member: (text) => {
    if (!text) return "invoice.member_missing";
    if (text.length > 400) return "invoice.member_long";
    return isMemberId(text) ? null : "invoice.member_shape";
  },
  npoban: (text) => {
    if (!text) return "invoice.donation_missing";
    return isDonationCode(text) ? null : "invoice.donation_shape";
  },
  // A hand-written number may be typed now or later (B.5.4): empty is fine.
  number: (text) => (!text || isInvoiceNumber(text) ? null : "invoice.number_shape"),
};

/** The words' code of what is wrong with the choice, as {code, field}, or null. */
export function choiceFault(choice) {
  const field = FIELD_OF[choice.kind];
  if (!field) return null;
  const check = CHECKS[field === "carrier" ? choice.kind : field];
  const code = check(cleaned(choice.kind === "member" ? "member" : field, choice[field]));
  return code ? { code, field } : companyCarrierFault(choice);
}

/** A company may do without a carrier; what is given must be a phone's. */
export function companyCarrierFault(choice) {
  const given = choice.kind === "company" && cleaned("carrier", choice.companyCarrier ?? "");
  const code = given && CHECKS.mobile_barcode(given);
  return code ? { code, field: "companyCarrier" } : null;
}

/** A half-typed code is not a mistake yet: true while it can still become right. */
export function isUnfinished(choice) {
  const field = FIELD_OF[choice.kind];
  const text = field ? cleaned(field, choice[field]) : "";
  const patterns = {
    company: /^\d{0,7}$/, mobile_barcode: /^(\/[0-9A-Z.+-]{0,6})?$/,
    citizen_certificate: /^([A-Z]{0,1}|[A-Z]{2}\d{0,13})$/, member: /^$/, donation: /^\d{0,2}$/,
    self: /^([A-Z]{0,1}|[A-Z]{2}\d{0,7})$/,
  };
  return Boolean(field) && patterns[choice.kind].test(text);
}

/** The choice as the server takes it (`Sale.invoice`). */
export function choiceForServer(choice) {
  const invoice = { kind: choice.kind };
  const field = FIELD_OF[choice.kind];
  const value = field && cleaned(choice.kind === "member" ? "member" : field, choice[field]);
  if (value) invoice[field] = value;
  if (choice.kind === "company" && choice.buyerName.trim()) {
    invoice.buyer_name = choice.buyerName.trim();
  }
  if (choice.kind === "company" && choice.companyCarrier) {
    invoice.carrier = cleaned("carrier", choice.companyCarrier);
    invoice.print = choice.proof;
  }
  return invoice;
}

/** For screens: "/AB****G", "AB************34" (mof.md §11). */
export function maskedCarrier(text) {
  const [head, tail] = text.startsWith("/") ? [3, 1] : [2, 2];
  if (text.length <= head + tail) return text;
  return text.slice(0, head) + "*".repeat(text.length - head - tail) + text.slice(-tail);
}
