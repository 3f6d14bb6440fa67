// Talking to the server: every call ends as {kind: "ok" | "refused" | "unknown"}, never as a throw.

const TIMEOUT_MS = 15_000;

/** A client for /api/till/. `line` is a LineWatch; `changed()` is called when the line may have. */
export class TillApi {
  constructor({ base, line, clock, changed = () => {}, fetcher = (...args) => fetch(...args) }) {
    this.base = base;
    this.line = line;
    this.clock = clock;
    this.changed = changed;
    this.fetcher = fetcher;
    this.session = "";
    this.count = 0;
  }

  get(path, options) {
    return this.send("GET", path, undefined, options);
  }

  post(path, body = {}, options) {
    return this.send("POST", path, JSON.stringify(body), options);
  }

  put(path, body, options) {
    return this.send("PUT", path, JSON.stringify(body), options);
  }

  delete(path, options) {
    return this.send("DELETE", path, undefined, options);
  }

  /** `text` is sent byte for byte. options: timeout ms, headers. */
  async send(method, path, text, { timeout = TIMEOUT_MS, headers = {} } = {}) {
    const id = (this.count += 1);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    const asked = performance.now();
    this.line.begin(id, asked);
    let result;
    try {
      const response = await this.fetcher(this.base + path, {
        method, body: text, signal: abort.signal, credentials: "same-origin", cache: "no-store",
        headers: this.#headers(method, text, headers),
      });
      const answered = performance.now();
      result = await readAnswer(response);
      if (result.data?.now) this.clock?.learn(asked, answered, Date.parse(result.data.now));
    } catch (error) {
      result = { kind: "unknown", why: error.name === "AbortError" ? "timeout" : "network" };
    } finally {
      clearTimeout(timer);
    }
    this.line.end(id, performance.now(), result.why !== "network" && result.why !== "timeout");
    this.changed(result);
    return result;
  }

  #headers(method, text, more) {
    const headers = { Accept: "application/json", "X-Guitai-Till": "1", ...more };
    if (text !== undefined) headers["Content-Type"] = "application/json";
    // What this device believes: the server issues nothing under another day (clock guard).
    if (method !== "GET") headers["X-Guitai-Clock"] = new Date().toISOString();
    if (this.session) headers["X-Guitai-Session"] = this.session;
    return headers;
  }
}

async function readAnswer(response) {
  const { status } = response;
  const etag = response.headers.get("ETag") ?? "";
  if (status === 304) return { kind: "ok", status, data: null, etag };
  const data = status === 204 ? {} : await response.json().catch(() => null);
  if (response.ok) {
    // A body that breaks off or is no JSON is no answer: the sale may still have been made.
    return data === null ? { kind: "unknown", why: "server", status } : { kind: "ok", status, data, etag };
  }
  if (status >= 500 || !data?.error?.code) {
    return status >= 400 && status < 500
      ? { kind: "refused", status, error: { code: `HTTP-${status}`, message: "" } }
      : { kind: "unknown", why: "server", status, error: data?.error };
  }
  return { kind: "refused", status, error: data.error };
}
