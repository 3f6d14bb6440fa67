// Pages that may print, the server this agent belongs to, the till from here, version, evidence.
import { ask, heard } from "./link.js";
import { button, byId, complain, element, fill, moment, say, work } from "./dom.js";

const STATES = {
  connecting: ["連線中", "wait"], connected: ["已連線", "good"], away: ["暫時連不上", "warn"], refused: ["已被移除", "bad"],
};
let codeTimer = null;

// -- pairing ---------------------------------------------------------------------------------

export async function refreshPairings() {
  const { pairings } = await ask("pairing.list");
  const rows = pairings.map((pairing) => {
    const row = element("li", null, { "data-row": `pairing ${pairing.pairing_id}` });
    const words = element("span", null, { class: "words" });
    words.append(element("strong", pairing.label || "收銀頁面"), element("small", pairing.origin));
    row.append(words, button("解除", async () => {
      await ask("pairing.remove", { pairing_id: pairing.pairing_id });
      await refreshPairings();
    }, { name: `解除 ${pairing.label || pairing.origin}` }));
    return row;
  });
  fill("pairings", rows.length ? rows : [element("li", "尚未配對。", { class: "quiet" })]);
}

async function openCode() {
  const opened = await ask("pairing.open");
  say("code", opened.code);
  const end = new Date(opened.expires).getTime();
  clearInterval(codeTimer);
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left <= 0) {
      clearInterval(codeTimer);
      say("code", "");
      say("code-left", "配對碼已失效。");
      return;
    }
    say("code-left", `請在 ${left} 秒內於收銀頁面輸入。`);
    if (left % 5 === 0) refreshPairings().catch(complain);
  };
  codeTimer = setInterval(tick, 1000);
  tick();
}

// -- the server ------------------------------------------------------------------------------

export async function refreshServer() {
  const { server } = await ask("agent.server");
  await showServer(server);
}

async function showServer(server) {
  const joined = server.state !== "none";
  byId("join").hidden = joined;
  byId("joined").hidden = !joined;
  if (joined) {
    const [word, tone] = STATES[server.state] ?? [server.state, "wait"];
    say("server-state", word, tone);
    say("server-who", [server.store, server.register].filter(Boolean).join("　"));
    say("server-address", server.address);
    say("server-message", server.message ?? "");
  }
  const { till } = await ask("till.get");
  byId("till").hidden = till.state === "off";
  byId("till-link").hidden = till.state !== "serving";
  if (till.url) byId("till-link").href = till.url;
  say("till-said", till.message);
}

byId("join").addEventListener("submit", async (event) => {
  event.preventDefault();
  const typed = byId("server").value.trim();
  const server = /^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`;
  say("server-said", "連線中…", "wait");
  try {
    const joined = await ask("agent.join", { server, code: byId("join-code").value.trim() });
    byId("join-code").value = "";
    say("server-said", "");
    await showServer(joined.server);
  } catch (error) {
    complain(error, "server-said");
  }
});

async function leave(pressed) {
  if (pressed.dataset.sure !== "yes") {
    pressed.dataset.sure = "yes";
    pressed.textContent = "再按一次確定離開";
    setTimeout(() => { pressed.dataset.sure = ""; pressed.textContent = "離開伺服器"; }, 4000);
    return;
  }
  await showServer((await ask("agent.leave")).server);
}

// -- version, evidence, log ------------------------------------------------------------------

export async function refreshUpdate() { showUpdate((await ask("update.get")).update); }

function showUpdate(update) {
  say("update-state", update.message, update.available ? "warn" : "wait");
  byId("check-update").hidden = !update.source;
}

async function bundle() {
  const { filename, zip_b64: text } = await ask("diag.bundle");
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/zip" }));
  const link = element("a", null, { href: url, download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  say("service-said", `已下載 ${filename}，內容不含單據與密碼。`, "wait");
}

async function showLog() {
  const { lines } = await ask("log.tail", { lines: 200 });
  say("log", lines.join("\n") || "沒有紀錄。");
  byId("log").scrollTop = byId("log").scrollHeight;
  say("log-at", moment(new Date().toISOString()));
}

work(byId("pair"), openCode);
work(byId("leave"), leave, "", "server-said");
work(byId("bundle"), bundle, "整理中…", "service-said");
work(byId("check-update"), async () => showUpdate((await ask("update.check")).update), "檢查中…", "service-said");
work(byId("refresh-log"), showLog, "", "service-said");
byId("log-box").addEventListener("toggle", () => {
  if (byId("log-box").open) showLog().catch((error) => complain(error, "service-said"));
});
heard("server.state", ({ server }) => showServer(server).catch(complain));
