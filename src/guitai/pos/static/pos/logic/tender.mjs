// How the customer pays: one or several tenders that must add up to the total.

export const METHODS = ["cash", "card", "other"];
const NOTES = [100, 500, 1000, 2000];

/** A tender; `amount` null means "whatever is still missing". `received` only for cash. */
export function newTender(method, amount = null) {
  return { method, amount, received: null, reference: "" };
}

/** The tenders with every open amount filled in: an open one takes what the others leave. */
export function resolved(tenders, total) {
  const fixed = tenders.reduce((sum, tender) => sum + (tender.amount ?? 0), 0);
  let rest = Math.max(0, total - fixed);
  return tenders.map((tender) => {
    if (tender.amount !== null) return tender;
    const amount = rest;
    rest = 0;
    return { ...tender, amount };
  });
}

/** Dollars still missing (positive) or too many (negative). */
export function missing(tenders, total) {
  return total - resolved(tenders, total).reduce((sum, tender) => sum + tender.amount, 0);
}

/** 補足差額: give the tender at `index` exactly what is missing beside the others. */
export function fillDifference(tenders, index, total) {
  const others = tenders.reduce(
    (sum, tender, at) => (at === index ? sum : sum + (tender.amount ?? 0)), 0,
  );
  const amount = Math.max(0, total - others);
  return tenders.map((tender, at) => (at === index ? { ...tender, amount } : tender));
}

/** Change due from cash, never negative. Exact payment where nothing was typed. */
export function changeOf(tenders, total) {
  return resolved(tenders, total)
    .filter((tender) => tender.method === "cash" && tender.received !== null)
    .reduce((sum, tender) => sum + Math.max(0, tender.received - tender.amount), 0);
}

/** The first thing that is wrong: {code, index} or null. Codes have their words in strings. */
export function tenderFault(tenders, total) {
  const lines = resolved(tenders, total);
  const cash = lines.filter((tender) => tender.method === "cash");
  if (lines.length === 0) return { code: "tender.none", index: 0 };
  if (cash.length > 1) return { code: "tender.two_cash", index: lines.lastIndexOf(cash.at(-1)) };
  const empty = lines.findIndex((tender) => tender.amount === 0 && lines.length > 1);
  if (empty >= 0) return { code: "tender.empty", index: empty };
  const short = lines.findIndex(
    (tender) => tender.method === "cash" && tender.received !== null
      && tender.received < tender.amount,
  );
  if (short >= 0) {
    return { code: "tender.short", index: short, by: lines[short].amount - lines[short].received };
  }
  const rest = missing(tenders, total);
  if (rest > 0) return { code: "tender.missing", index: lines.length - 1, by: rest };
  if (rest < 0) return { code: "tender.over", index: lines.length - 1, by: -rest };
  return null;
}

/** Amounts a customer is likely to hand over: exact, then rounded up to common notes. */
export function quickAmounts(due) {
  if (due <= 0) return [];
  const found = new Set([due]);
  for (const note of NOTES) found.add(Math.ceil(due / note) * note);
  return [...found].sort((a, b) => a - b).slice(0, 5);
}

/** Tenders as the server takes them. Zero amounts are dropped unless the sale itself is zero. */
export function tendersForServer(tenders, total) {
  return resolved(tenders, total)
    .filter((tender) => tender.amount > 0 || total === 0)
    .map((tender) => {
      const line = { method: tender.method, amount: tender.amount };
      if (tender.method === "cash") line.received = tender.received ?? tender.amount;
      else if (tender.reference.trim()) line.reference = tender.reference.trim();
      return line;
    });
}
