// The way to the printer: finds guitai-agent on this computer, pairs, reconnects for ever with
// back-off, in whatever order things are started (docs/agent-protocol.md). Where this computer is
// out of reach the server's relay carries the same messages; never both at once, and loopback wins.

import { isOlder } from "../logic/version.mjs";
import { findAgent, loopbackPermission, servedHere } from "./loopback.mjs";
import { Pulse } from "./pulse.mjs";
import { RelayWay } from "./relay.mjs";
import { Session } from "./session.mjs";

const WAITS = [1, 2, 4, 8, 10];
/** So long nobody is found on this computer before the server is asked for the other way. */
const RELAY_AFTER_MS = 5000;
/** The agent tells of every change; one that is older than this event is asked once. */
const STALE_MS = 1500;

/** Seconds before try number `tries` (1 = first retry). */
export const backOff = (tries) => WAITS[Math.min(Math.max(tries, 1), WAITS.length) - 1];

/**
 * `local` is how far the search on this computer has come: off, searching, asking_permission,
 * denied, down, hung, connecting, unpaired, old, ready. `way` is "loopback", "relay" or "". `state` is
 * "ready" when either way works, else `local`.
 */
export class AgentLink {
  /**
   * `atHome` keeps the id of the agent that was met on this computer; `least()` the oldest version that will do; `ticket()` the server's answer to relay-ticket;
   * `told` has `changed(view)`, `job(job)`, `scan(text)`, `devices()`, `server(state)`,
   * `arrived()`, `released()`.
   */
  constructor({ ports, token, atHome, label, least, ticket, told, host = "127.0.0.1", relayAfter = RELAY_AFTER_MS }) {
    Object.assign(this, { ports, token, atHome, label, least, told, host, relayAfter });
    this.local = "off";
    this.way = "";
    this.session = null;
    this.tries = 0;
    this.stopped = true;
    this.#forget();
    this.pulse = new Pulse(() => this.#silent());
    this.relay = new RelayWay({
      ticket, released: () => told.released(), changed: () => this.#tell(),
      event: (message) => this.#event(message),
      arrived: (session, welcome) => this.#arrived("relay", session, welcome),
      left: () => this.#left(),
    });
  }

  get state() {
    return this.way ? "ready" : this.local;
  }

  view() {
    const { state, local, way, printer, health, agentId, version, asked } = this;
    const { relay } = this;
    const here = Boolean(this.atHome.get());
    return { here, state, local, way, printer, health, agentId, version, asked: Boolean(asked), relay: relay.state, relayAgent: relay.agent ?? null, agents: relay.agents };
  }

  start() {
    if (!this.stopped) return;
    this.stopped = false;
    this.#awaitRelay();
    this.#search();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.relayTimer);
    this.relay.stop();
    this.#left();
    this.#drop();
    this.#local("off");
  }

  /** Try again now, e.g. because a person pressed 「重新連線」 or has changed the permission. */
  retry() {
    if (this.stopped) return this.start();
    this.tries = 0;
    this.asked = false;
    clearTimeout(this.timer);
    if (this.way !== "relay") this.relay.retry();
    if (this.way !== "loopback") this.#drop();
    return this.#search();
  }

  /** Another agent of this store was chosen for the relay. */
  rechoose() {
    if (this.way === "relay") this.#left();
    this.relay.stop();
    this.relay.start();
  }

  /** One question to the agent, whichever way it is reached. */
  request(type, fields = {}, timeout = undefined) {
    if (!this.session) return Promise.reject({ code: "closed", message: "" });
    return this.session.request(type, fields, timeout);
  }

  /** Whether the agent answers now; one that does not is given up at once. */
  check() {
    return this.pulse.ask();
  }

  #forget() {
    Object.assign(this, { printer: null, health: null, agentId: "", version: "" });
  }

  #tell() {
    this.told.changed(this.view());
  }

  #local(local) {
    this.local = local;
    this.#tell();
  }

  // On this computer ---------------------------------------------------------------------------

  async #search() {
    if (this.searching || this.stopped || this.way === "loopback") return;
    this.searching = true;
    try {
      await this.#searchOnce();
    } finally {
      this.searching = false;
    }
  }

  async #searchOnce() {
    const word = await this.#permission();
    if (word === "denied") {
      this.#local("denied");
      this.relay.start();
      return this.#later();
    }
    const asking = word === "prompt" && !servedHere();
    // A question that was waved away is not asked again by itself: the browser counts, and blocks.
    if (asking && this.asked) return this.#local("asking_permission");
    if (asking) this.#local("asking_permission");
    else if (this.tries === 0 && this.local !== "ready") this.#local("searching");
    this.asked = asking;
    const found = await findAgent(this.ports, { host: this.host, asking });
    if (this.stopped) return undefined;
    if (!found || found.hung) return this.#nobody(asking, found?.hung ? "hung" : "down");
    this.asked = false;
    return this.#meet(found);
  }

  async #permission() {
    const permission = await loopbackPermission();
    if (permission && permission !== this.watched) {
      this.watched = permission;
      permission.onchange = () => this.retry();
    }
    return permission?.state ?? "unknown";
  }

  async #nobody(asking, local) {
    const word = await this.#permission();
    if (word === "denied") {
      this.relay.start();
      this.#local("denied");
    } else this.#local(asking && word === "prompt" ? "asking_permission" : local);
    return this.#later();
  }

  #later() {
    if (this.stopped) return;
    this.tries += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#search(), backOff(this.tries) * 1000);
  }

  /** Somebody is here: is he new enough, and do we know each other? */
  #meet({ port, hello }) {
    if (!hello.protocol?.includes(1) || isOlder(hello.version, this.least())) {
      this.version = hello.version ?? "";
      this.relay.stop();
      this.#left();
      this.#local("old");
      return this.#later();
    }
    if (this.way === "relay" && !this.token.get()) {
      this.#local("unpaired"); // The relay works, loopback would not: stay.
      return this.#later();
    }
    return this.#connect(port);
  }

  #connect(port) {
    if (this.local !== "unpaired") this.#local("connecting");
    this.#drop();
    const session = new Session(`ws://${this.host}:${port}/v1`, {
      opened: (one) => this.#greet(one),
      event: (message) => this.#event(message),
      closed: (one) => this.#closed(one),
    });
    this.here = session;
    if (!this.way) this.session = session;
  }

  /** Hang up on this computer without hearing of it again. */
  #drop() {
    const { here } = this;
    this.here = null;
    if (this.session === here) this.session = null;
    here?.close();
  }

  #closed(session) {
    if (this.here !== session) return;
    this.here = null;
    if (this.session === session) this.session = null;
    this.#lost(this.local === "unpaired" ? "unpaired" : "down");
  }

  /** Nobody here any more; what `local` says is true before anybody is told of the loss. */
  #lost(local) {
    this.local = local;
    if (this.way === "loopback") this.#left();
    this.#tell();
    this.#awaitRelay();
    this.#later();
  }

  #silent() {
    if (this.way === "relay") this.relay.silent();
    else this.#hangs();
  }

  /** It keeps its connection and does not answer: hang up, and look whether it is there at all. */
  #hangs() {
    this.#drop();
    this.#lost("hung");
  }

  async #greet(session) {
    const token = this.token.get();
    if (!token) {
      this.#local("unpaired");
      return;
    }
    try {
      const welcome = await session.request("auth", { token });
      if (this.here === session) this.#arrived("loopback", session, welcome);
    } catch (error) {
      if (this.here !== session) return;
      if (["bad_token", "not_paired"].includes(error.code)) this.#local("unpaired");
      else if (error.code === "timeout") this.#hangs();
      else session.close();
    }
  }

  /** Pair with the six digits that the agent shows and prints. Rejects with the agent's error. */
  async pair(code, terminal) {
    if (!this.here?.open) await this.#open();
    const session = this.here;
    const reply = await session.request("pair", { code, terminal, label: this.label() });
    this.token.set(reply.token);
    this.#arrived("loopback", session, reply);
  }

  /** A connection to pair on, where the relay has been used so far. */
  async #open() {
    const found = await findAgent(this.ports, { host: this.host, asking: false });
    if (!found?.port) throw { code: "closed", message: "" };
    this.#connect(found.port);
    for (let waited = 0; !this.here?.open && waited < 30; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  // Either way ---------------------------------------------------------------------------------

  #awaitRelay() {
    clearTimeout(this.relayTimer);
    this.relayTimer = setTimeout(() => {
      if (!this.stopped && !this.way && this.local !== "old") this.relay.start();
    }, this.relayAfter);
  }

  #arrived(way, session, welcome) {
    if (isOlder(welcome.version ?? "", this.least())) return this.#tooOld(welcome.version);
    this.settle(way, welcome.agent_id ?? "");
    if (way === "loopback") {
      this.relay.stop();
      this.local = "ready";
      this.tries = 0;
    } else if (this.here) this.#drop(); // Only waited for its pairing.
    Object.assign(this, { way, session, health: null, printer: welcome.printer ?? null, agentId: welcome.agent_id ?? "", version: welcome.version ?? "" });
    this.pulse.start(session);
    this.#tell();
    for (const job of welcome.jobs ?? []) this.told.job(job);
    this.told.arrived();
    this.askHealth();
    return undefined;
  }

  /** Where the agent lives: here, when it was met here and none of another id has served us since. */
  settle(way, agentId) {
    if (way === "loopback") this.atHome.set(agentId);
    else if (this.atHome.get() !== agentId) this.atHome.set("");
  }

  #tooOld(version) {
    this.version = version;
    this.relay.stop();
    this.#local("old");
    this.#drop();
    this.#later();
  }

  #left() {
    if (!this.way) return;
    const was = this.way;
    this.way = "";
    this.session = null;
    this.pulse.stop();
    clearTimeout(this.staleTimer);
    this.#forget();
    if (was === "relay" && this.local === "ready") this.local = "searching";
    this.#tell();
  }

  /** The whole of what the agent knows; older agents tell only of their printer. Whether it answered. */
  async askHealth() {
    try {
      this.takeHealth(await this.request("health.get"));
      return true;
    } catch (error) {
      if (["closed", "timeout"].includes(error.code)) return false;
      if (error.code !== "unknown_type") console.warn("guitai: health", error.code);
      return true;
    }
  }

  /** A Health object, however it came: an answer or an event. */
  takeHealth(health) {
    if (!Array.isArray(health?.hops) || !Array.isArray(health?.findings)) return;
    this.health = health;
    if (health.printer) this.printer = health.printer;
    this.#tell();
  }

  #event(message) {
    if (message.type === "printer.status") this.#printer(message.printer);
    else if (message.type === "health.changed") this.takeHealth(message.health);
    else if (message.type === "job.state") this.told.job(message.job);
    else if (message.type === "scanner.data") this.told.scan(String(message.text ?? ""));
    else if (message.type === "server.state") this.told.server(message.server);
    else if (/^device\./.test(message.type)) this.told.devices();
  }

  #printer(printer) {
    this.printer = printer;
    this.#tell();
    if (!this.health || this.health.printer?.code === printer.code) return;
    clearTimeout(this.staleTimer);
    this.staleTimer = setTimeout(() => {
      if (this.health?.printer?.code !== this.printer?.code) this.askHealth();
    }, STALE_MS);
  }
}
