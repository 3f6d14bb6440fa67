// One open connection that speaks the agent's protocol (docs/agent-protocol.md §2): questions with
// their answers, and events. It does not matter whether it goes to this computer or over the relay.

const ANSWER_MS = 8000;
/** What goes to devices and networks takes its time; all else is answered from what is known. */
const SLOW = /^(device|diag|drawer|scanner|agent)\./;

export class Session {
  /** `opened(session)`, `event(message)` and `closed(session, code)` are called as it goes. */
  constructor(url, { opened, event, closed }) {
    this.pending = new Map();
    this.count = 0;
    this.event = event;
    this.refusal = "";
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.onopen = () => opened(this);
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => {
      this.#giveUp();
      closed(this, code);
    };
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Hang up; nothing is waited for, as the other side may never say that it heard. */
  close() {
    this.#giveUp();
    this.socket.close();
  }

  /** How long, in ms, the slow work that was asked for may still take. */
  patience() {
    return Math.max(0, ...[...this.pending.values()].map(({ until }) => until - performance.now()));
  }

  /**
   * One question, one answer: resolves with the reply, rejects with {code, message, params}.
   * `diag.answer` names its question in the field `id`, which is the envelope's own too.
   */
  request(type, fields = {}, timeout = ANSWER_MS) {
    return new Promise((resolve, reject) => {
      if (!this.open) return reject({ code: "closed", message: "" });
      const id = String(fields.id ?? (this.count += 1));
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject({ code: "timeout", message: "" });
      }, timeout);
      this.pending.set(id, { resolve, reject, timer, until: SLOW.test(type) ? performance.now() + timeout : 0 });
      this.socket.send(JSON.stringify({ v: 1, ...fields, id, type }));
      return undefined;
    });
  }

  #giveUp() {
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject({ code: "closed", message: "" });
    }
    this.pending.clear();
  }

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      this.socket.close(1000); // Not our protocol: start over rather than guess.
      return;
    }
    if (message.event) return this.event(message);
    // The relay's word before it hangs up may answer no question.
    if (message.ok === false) this.refusal = message.error?.code ?? "";
    const waiting = this.pending.get(message.id);
    if (!waiting) return;
    this.pending.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.ok) waiting.resolve(message);
    else waiting.reject(message.error ?? { code: "internal", message: "" });
  }
}
