// How the line to the server is doing (product.md B.16.1): fine, unstable after five seconds
// without an answer, or cut.

export const UNSTABLE_MS = 5000;

/** Follows requests by id. All times in milliseconds of one monotonic clock. */
export class LineWatch {
  constructor() {
    this.open = new Map();
    this.failed = false;
    this.slow = false;
    this.online = true;
  }

  begin(id, time) {
    this.open.set(id, time);
  }

  /** `reached`: an answer of any kind arrived. */
  end(id, time, reached) {
    const began = this.open.get(id);
    this.open.delete(id);
    if (reached) {
      this.failed = false;
      this.slow = began !== undefined && time - began >= UNSTABLE_MS;
    } else {
      this.failed = true;
    }
  }

  /** "ok" | "unstable" | "down" at `now`. */
  state(now) {
    if (!this.online || this.failed) return "down";
    for (const began of this.open.values()) {
      if (now - began >= UNSTABLE_MS) return "unstable";
    }
    return this.slow ? "unstable" : "ok";
  }
}
