// Finding the agent on this computer (docs/agent-protocol.md §1) and what the browser says to it
// (printing.md §3: Chrome and Edge ask a person before a page may reach its own computer).

const HELLO_MS = 1500;
/** Windows takes two seconds to find that nobody listens: whoever is silent longer than this hangs. */
const HUNG_MS = 5000;
/** The first request may stand before the browser's question: a person needs time to answer. */
const QUESTION_MS = 60_000;

/** The browser's own word on reaching this computer, as a PermissionStatus; null if it has none. */
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

/** A page that this computer serves itself needs nobody's leave. */
export const servedHere = (host = location.hostname) => /^(127(\.\d+){3}|localhost|\[::1\])$/.test(host);

/**
 * The first agent on `ports`: {port, hello}; {hung: true} where one takes the call and says nothing;
 * null where nobody is. `asking`: a person may have to answer first.
 */
export async function findAgent(ports, { host, asking }) {
  const ask = async (port, patience) => ({ port, hello: await askHello(`http://${host}:${port}/hello`, patience) });
  const silent = [];
  for (const port of ports) {
    const found = await ask(port, asking ? QUESTION_MS : HELLO_MS);
    if (isAgent(found)) return found;
    if (found.hello === SILENCE) silent.push(port);
  }
  if (asking) return null; // What was silent is the person.
  const late = await Promise.all(silent.map((port) => ask(port, HUNG_MS)));
  return late.find(isAgent) ?? (late.some(({ hello }) => hello === SILENCE) ? { hung: true } : null);
}

const SILENCE = "silence";
const isAgent = ({ hello }) => hello?.name === "guitai-agent";

async function askHello(url, patience) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), patience);
  try {
    const answer = await fetch(url, { signal: abort.signal, cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    // Else nobody listens on this port, or the browser forbids it: the caller asks which.
    return abort.signal.aborted ? SILENCE : null;
  } finally {
    clearTimeout(timer);
  }
}
