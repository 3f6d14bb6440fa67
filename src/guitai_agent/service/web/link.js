// One WebSocket to the agent that served this page: questions with answers, events, reconnecting.
const token = document.querySelector('meta[name="page-token"]').content;
const listeners = new Map();
const waiting = new Map();
let socket = null, number = 0, retry = 500;

/** `heard(type, handler)`: handler gets every event of that type. "up" and "down" are our own. */
export function heard(type, handler) {
  listeners.set(type, [...(listeners.get(type) ?? []), handler]);
}

function tell(type, message) {
  for (const handler of listeners.get(type) ?? []) handler(message);
}

/** One request; resolves with the reply, rejects with an Error whose message is for the person. */
export function ask(type, fields = {}) {
  const id = String(++number);
  return new Promise((resolve, reject) => {
    if (socket?.readyState !== WebSocket.OPEN) { reject(new Error("尚未連線")); return; }
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ v: 1, id, type, ...fields }));
  });
}

export function connect() {
  socket = new WebSocket(`ws://${location.host}/v1`);
  socket.onopen = greet;
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = () => {
    tell("down");
    for (const { reject } of waiting.values()) reject(new Error("連線中斷"));
    waiting.clear();
    setTimeout(connect, retry);
    retry = Math.min(retry * 2, 5000);
  };
}

async function greet() {
  try {
    const welcome = await ask("auth", { token });
    retry = 500;
    tell("up", welcome);
  } catch {
    // The agent was restarted: this page's token is of the old one.
    if (socket.readyState === WebSocket.OPEN) location.reload();
  }
}

function receive(message) {
  if (message.event) { tell(message.type, message); return; }
  const asked = waiting.get(message.id);
  if (!asked) return;
  waiting.delete(message.id);
  if (message.ok) { asked.resolve(message); return; }
  const error = new Error(message.error.message);
  error.code = message.error.code;
  error.params = message.error.params ?? {};
  asked.reject(error);
}
