// Discounts in whole dollars, rounded and shared exactly as the server does (twinvoice.tax).

import { roundHalfUp } from "./money.mjs";

/**
 * What a person typed as a discount, off `base` dollars.
 * "50" or "-50" → 50 dollars off; "10%" → ten per cent off; "9折", "85折" → nine tenths, 85 % to pay.
 * Returns dollars 0..base, or null where it cannot be read or is more than there is.
 */
export function parseDiscount(text, base) {
  const clean = String(text).replace(/[\s,]/g, "").replace(/％/g, "%");
  let match = /^-?(\d{1,10})$/.exec(clean);
  if (match) return within(Number(match[1]), base);
  match = /^(\d{1,3})%$/.exec(clean);
  if (match) return percentOff(Number(match[1]), base);
  match = /^(\d{1,2})折$/.exec(clean);
  if (match) {
    const rate = Number(match[1]);
    return percentOff(100 - (rate < 10 ? rate * 10 : rate), base);
  }
  return null;
}

function within(discount, base) {
  return discount <= base ? discount : null;
}

/** The customer pays the rest, rounded half up; the discount is what is left over. */
function percentOff(percent, base) {
  if (percent < 0 || percent > 100) return null;
  const pays = Number(roundHalfUp(BigInt(base) * BigInt(100 - percent), 100n));
  return base - pays;
}

/**
 * Share `discount` over `bases` {taxType: dollars} in proportion, largest remainder first, ties by
 * tax type (product.md B.10.3). Types without a positive base get nothing; the shares add up.
 */
export function splitDiscount(discount, bases) {
  const kinds = Object.keys(bases).filter((kind) => bases[kind] > 0).sort();
  const total = kinds.reduce((sum, kind) => sum + BigInt(bases[kind]), 0n);
  const wanted = BigInt(discount);
  if (wanted > total) throw new RangeError("discount is larger than what there is");
  if (wanted === 0n) return {};
  const parts = kinds.map((kind) => {
    const product = wanted * BigInt(bases[kind]);
    return { kind, share: product / total, rest: product % total };
  });
  let left = wanted - parts.reduce((sum, part) => sum + part.share, 0n);
  const byRest = [...parts].sort((a, b) => compare(b.rest, a.rest) || (a.kind < b.kind ? -1 : 1));
  for (const part of byRest) {
    if (left === 0n) break;
    part.share += 1n;
    left -= 1n;
  }
  return Object.fromEntries(
    parts.filter((part) => part.share > 0n).map((part) => [part.kind, Number(part.share)]),
  );
}

function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
