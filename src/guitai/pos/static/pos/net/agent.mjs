// The way to the printer: finds guitai-agent on this computer, pairs, reconnects for ever with
// back-off, in whatever order things are started (docs/agent-protocol.md).

const HELLO_MS = 1500;
const ANSWER_MS = 8000;
const WAITS = [1, 2, 4, 8, 10];

/** Seconds before try number `tries` (1 = first retry). */
export const backOff = (tries) => WAITS[Math.min(Math.max(tries, 1), WAITS.length) - 1];

/** The browser's own word on reaching this computer: "granted" | "prompt" | "denied" | "unknown". */
export async function loopbackPermission(permissions = navigator.permissions) {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      return await permissions.query({ name });
    } catch {
      // This browser does not know the name: the older one, or no such permission at all.
      continue;
    }
  }
  return null;
}

/** States: off, searching, asking_permission, denied, down, connecting, unpaired, old, ready. */
export class AgentLink {
  constructor({ ports, token, label, changed, onJob, host = "127.0.0.1" }) {
    Object.assign(this, { ports, token, label, changed, onJob, host });
    this.state = "off";
    this.printer = null;
    this.agentId = "";
    this.tries = 0;
    this.pending = new Map();
    this.count = 0;
    this.stopped = true;
  }

  view() {
    return { state: this.state, printer: this.printer, agentId: this.agentId };
  }

  start() {
    if (!this.stopped) return;
    this.stopped = false;
    this.#search();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  /** Try again now, e.g. because a person pressed 「重新連線」. */
  retry() {
    this.tries = 0;
    clearTimeout(this.timer);
    if (this.socket) this.socket.close();
    else this.#search();
  }

  #set(state) {
    this.state = state;
    this.changed(this.view());
  }

  async #search() {
    if (this.searching || this.stopped) return;
    this.searching = true;
    try {
      await this.#searchOnce();
    } finally {
      this.searching = false;
    }
  }

  async #searchOnce() {
    const permission = await loopbackPermission();
    if (permission && !permission.onchange) permission.onchange = () => this.retry();
    if (permission?.state === "denied") {
      this.#set("denied");
      return this.#later();
    }
    if (permission?.state === "prompt" && this.state !== "ready") this.#set("asking_permission");
    else if (this.tries === 0) this.#set("searching");
    const port = await this.#findPort();
    if (port === null) {
      const after = await loopbackPermission();
      this.#set(after?.state === "denied" ? "denied" : "down");
      return this.#later();
    }
    this.#connect(port);
  }

  #later() {
    if (this.stopped) return;
    this.tries += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#search(), backOff(this.tries) * 1000);
  }

  async #findPort() {
    for (const port of this.ports) {
      const hello = await this.#hello(port);
      if (hello?.name !== "guitai-agent") continue;
      if (hello.protocol?.includes(1)) return port;
      this.#set("old");
    }
    return null;
  }

  async #hello(port) {
    const abort = new AbortController();
    // The first request may stand before the browser's question: a person needs time to answer.
    const patience = this.state === "asking_permission" ? 60_000 : HELLO_MS;
    const timer = setTimeout(() => abort.abort(), patience);
    try {
      const answer = await fetch(`http://${this.host}:${port}/hello`, { signal: abort.signal, cache: "no-store" });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // Nobody listens on this port: the next one is tried.
    } finally {
      clearTimeout(timer);
    }
  }

  #connect(port) {
    if (this.state !== "unpaired") this.#set("connecting");
    const socket = new WebSocket(`ws://${this.host}:${port}/v1`);
    this.socket = socket;
    this.port = port;
    socket.onopen = () => this.#greet();
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#closed(socket);
  }

  #closed(socket) {
    if (this.socket !== socket) return;
    this.socket = null;
    this.printer = null;
    for (const { reject } of this.pending.values()) reject({ code: "closed", message: "" });
    this.pending.clear();
    if (this.stopped) return this.#set("off");
    if (this.state !== "unpaired") this.#set("down");
    this.#later();
  }

  async #greet() {
    const token = this.token.get();
    if (!token) return this.#set("unpaired");
    try {
      this.#welcome(await this.request("auth", { token }));
    } catch (error) {
      if (["bad_token", "not_paired"].includes(error.code)) this.#set("unpaired");
      else this.socket?.close();
    }
  }

  #welcome(reply) {
    this.tries = 0;
    this.agentId = reply.agent_id;
    this.printer = reply.printer;
    this.#set("ready");
    for (const job of reply.jobs ?? []) this.onJob(job);
  }

  /** Pair with the six digits that the agent shows and prints. Rejects with the agent's error. */
  async pair(code, terminal) {
    const reply = await this.request("pair", { code, terminal, label: this.label() });
    this.token.set(reply.token);
    this.#welcome(reply);
  }

  /** One question, one answer: resolves with the reply, rejects with {code, message, params}. */
  request(type, fields = {}) {
    return new Promise((resolve, reject) => {
      if (this.socket?.readyState !== WebSocket.OPEN) return reject({ code: "closed", message: "" });
      const id = String((this.count += 1));
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject({ code: "timeout", message: "" });
      }, ANSWER_MS);
      this.pending.set(id, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ v: 1, id, type, ...fields }));
      return undefined;
    });
  }

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      this.socket?.close(1003); // Not our protocol: start over rather than guess.
      return;
    }
    if (message.event) return this.#event(message);
    const waiting = this.pending.get(message.id);
    if (!waiting) return;
    this.pending.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.ok) waiting.resolve(message);
    else waiting.reject(message.error ?? { code: "internal", message: "" });
  }

  #event(message) {
    if (message.type === "printer.status") {
      this.printer = message.printer;
      this.changed(this.view());
    } else if (message.type === "job.state") {
      this.onJob(message.job);
    }
  }
}
