// A sale between the button and the answer. It is kept on this device before it is sent; it is
// asked again under the same id and with the same bytes until somebody answers; it is never sent
// under a new id (DESIGN §4 Idempotency).

export const STATES = ["asking", "hold", "done", "refused", "reused"];
/** No longer than the heartbeat's own pace while the line is down: a person stands and waits. */
const WAITS = [1, 2, 3];

/** A new entry. `body` is the exact JSON text that will be sent, now and ever after. */
export function newEntry(id, body, total, createdAt) {
  return { id, body, total, createdAt, tries: 0, unknown: false, aside: false, state: "asking" };
}

/** Seconds until the question is asked again after `tries` tries. */
export const waitAfter = (tries) => WAITS[Math.min(Math.max(tries, 1), WAITS.length) - 1];

const isAuth = (status) => status === 401 || status === 403;
const isTemporary = (status) => status === 408 || status === 425 || status === 429 || status >= 500;

/**
 * The entry after one try. `result` is what net/api.mjs returns:
 * {kind: "ok", data} | {kind: "refused", status, error} | {kind: "unknown", why}.
 *
 * Who may not ask is told so before the server looks whether the sale is there: after a try
 * without an answer, "not signed in" therefore says nothing about the sale, and it is held.
 */
export function afterTry(entry, result) {
  const tried = { ...entry, tries: entry.tries + 1 };
  if (result.kind === "ok") return { ...tried, state: "done", answer: result.data };
  if (result.kind === "unknown" || isTemporary(result.status)) {
    return { ...tried, state: "asking", unknown: true, why: result.why ?? "server" };
  }
  if (isAuth(result.status) && entry.unknown) {
    return { ...tried, state: "hold", error: result.error };
  }
  if (result.error?.code === "ORD-REUSED") {
    return { ...tried, state: "reused", error: result.error };
  }
  return { ...tried, state: "refused", error: result.error };
}

/** Whether the cart may be changed or sent with other content: only after a certain "no". */
export const isSettled = (entry) => entry.state !== "asking" && entry.state !== "hold";

/** May a person put it aside and serve the next customer? Only when no answer came for a while. */
export const mayPutAside = (entry) => !isSettled(entry) && entry.unknown && entry.tries >= 2;
