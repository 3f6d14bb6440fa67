// Choosing printer and scanner at the till: the agent lists, a person decides.

import { small } from "../net/store.mjs";
import { busily } from "./after.mjs";
import { deviceName } from "./session.mjs";

const SCAN_MS = 15_000;

/** Ask the agent for its devices; silently, whenever the page is shown or something is plugged in. */
export async function loadDevices(app) {
  if (app.agent.state !== "ready") return;
  try {
    take(app, await app.agent.request("device.list"));
  } catch (error) {
    app.within("devices", { state: "failed", error });
  }
  if (app.state.agent.way === "loopback") await loadServer(app);
}

/** How the agent's own connection to the server is; older agents have none. */
async function loadServer(app) {
  try {
    const { server } = await app.agent.request("agent.server");
    app.within("devices", { server: server ?? null });
  } catch (error) {
    if (error.code === "unknown_type") app.within("devices", { server: null });
  }
}

/** Let the agent join this server for this register, so that tablets reach it too (§10.2). */
export const joinServer = (app) => doing(app, "agent.join", async () => {
  const answer = await app.api.post("agent-code");
  if (answer.kind !== "ok") throw answer.error ?? { code: "closed", message: "" };
  const { code, server } = answer.data;
  const joined = await app.agent.request("agent.join", { server, code, name: deviceName() }, SCAN_MS);
  app.within("devices", { server: joined.server });
});

function take(app, { devices, profiles, chosen, scanner }) {
  const { found } = app.state.devices;
  const known = new Set(devices.map((device) => device.id));
  app.within("devices", {
    state: "ready", error: null, list: [...devices, ...found.filter((device) => !known.has(device.id))],
    profiles: profiles ?? app.state.devices.profiles, chosen: chosen ?? null, scanner: scanner ?? null,
  });
}

/** 「搜尋網路發票機」: takes some seconds. */
export const searchNetwork = (app) => doing(app, "device.scan", async () => {
  const { devices } = await app.agent.request("device.scan", {}, SCAN_MS);
  app.within("devices", { found: devices, searched: true });
  await loadDevices(app);
});

/** Use that printer from now on, with that profile, or the one that suits it, and that drawer. */
export const chooseDevice = (app, deviceId, more = {}) => doing(app, "device.select", async () => {
  await app.agent.request("device.select", { device_id: deviceId, ...more });
  app.within("devices", { address: "" });
  await loadDevices(app);
});

/** Read codes from that port; "" for none. Keyboard scanners need no choice. */
export const chooseScanner = (app, deviceId) => doing(app, "scanner.select", async () => {
  await app.agent.request("scanner.select", { device_id: deviceId, ...(deviceId ? { baud: app.state.devices.baud } : {}) });
  await loadDevices(app);
});

/** A network printer by its address; the usual port where none is given. */
export function chooseAddress(app) {
  const address = app.state.devices.address.trim();
  if (!address) return undefined;
  return chooseDevice(app, `tcp:${/:\d+$/.test(address) ? address : `${address}:9100`}`);
}

/** One of the agent's own verbs without an answer to show but that it was done. */
export const deviceDo = (app, type, fields, said) => doing(app, type, async () => {
  await app.agent.request(type, fields);
  app.within("device", { say: said });
});

/** Which agent of this store the relay leads to: remembered on this device. */
export function chooseAgent(app, registerId) {
  small.set("agent_of", registerId);
  app.agent.rechoose();
}

function doing(app, word, work) {
  return busily(app, word, async () => {
    app.within("device", { say: null, error: null });
    try {
      await work();
    } catch (error) {
      app.within("device", { error });
    }
  });
}
