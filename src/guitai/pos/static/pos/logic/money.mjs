// Money is whole New Taiwan dollars in integers; quantities are integers of a thousandth.
// No value of money or quantity ever passes through a fraction in floating point.

export const MAX_TWD = 4_294_967_295; // what eight hex digits of the invoice's QR code can carry
export const SCALE = 1000;
export const MAX_QUANTITY = 999_999 * SCALE;

/** 1234567 → "1,234,567"; negative amounts keep their sign. */
export function shown(amount) {
  const digits = String(Math.abs(amount)).replace(/\B(?=(\d{3})+$)/g, ",");
  return amount < 0 ? `-${digits}` : digits;
}

const FULL_WIDTH = /[０-９．，－＋／]/g;

/** Full-width digits and signs, which a Chinese input method leaves behind, as ASCII. */
export function halfWidth(text) {
  return String(text).replace(FULL_WIDTH, (char) =>
    String.fromCharCode(char.charCodeAt(0) - 0xfee0),
  );
}

/** Text of a person as whole dollars ≥ 0, or null where it is none. Blanks and commas are fine. */
export function parseAmount(text) {
  const clean = halfWidth(text).replace(/[\s,]/g, "");
  if (!/^\d{1,10}$/.test(clean)) return null;
  const amount = Number(clean);
  return amount <= MAX_TWD ? amount : null;
}

/** Text like "2", "0.5", "1.250" as thousandths > 0, or null. */
export function parseQuantity(text) {
  const match = /^(\d{0,6})(?:\.(\d{1,3}))?$/.exec(halfWidth(text).trim());
  if (!match || (!match[1] && !match[2])) return null;
  const quantity = Number(match[1] || 0) * SCALE + Number((match[2] ?? "").padEnd(3, "0"));
  return quantity > 0 && quantity <= MAX_QUANTITY ? quantity : null;
}

/** Thousandths as the decimal text the server takes: 1500 → "1.5", 2000 → "2". */
export function quantityText(quantity) {
  const whole = Math.trunc(quantity / SCALE);
  const rest = String(quantity % SCALE).padStart(3, "0").replace(/0+$/, "");
  return rest ? `${whole}.${rest}` : String(whole);
}

/** Price × quantity in whole dollars, half up (twinvoice.tax.whole). */
export function lineAmount(unitPrice, quantity) {
  return Number(roundHalfUp(BigInt(unitPrice) * BigInt(quantity), BigInt(SCALE)));
}

/** numerator / denominator of two BigInt ≥ 0, half up. */
export function roundHalfUp(numerator, denominator) {
  return (2n * numerator + denominator) / (2n * denominator);
}
