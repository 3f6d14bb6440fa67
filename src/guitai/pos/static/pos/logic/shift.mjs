// The shift summary's cash count (product.md B.11.5), in whole dollars.

export const NOTES_AND_COINS = [2000, 1000, 500, 200, 100, 50, 20, 10, 5, 1];

/** Dollars in the drawer from how many of each; {1000: 3, 100: 2} → 3200. */
export function countedCash(pieces) {
  return NOTES_AND_COINS.reduce((sum, value) => sum + value * (pieces[value] ?? 0), 0);
}

/** {difference, left}: counted − expected, and what stays in the drawer after taking out. */
export function cashResult({ expected, counted, takenOut }) {
  return { difference: counted - expected, left: counted - takenOut };
}

/** The words' code of what keeps the summary from being made, or null. */
export function summaryFault({ expected, counted, takenOut, reason }) {
  if (counted === null) return { code: "shift.count_missing", field: "counted" };
  if (takenOut === null) return { code: "shift.taken_shape", field: "taken" };
  if (takenOut > counted) return { code: "shift.taken_more", field: "taken" };
  if (counted !== expected && !reason.trim()) return { code: "shift.reason_missing", field: "reason" };
  return null;
}
