// The agent's own page: one WebSocket, one state object, plain DOM.
const token = document.querySelector('meta[name="page-token"]').content;
const byId = (id) => document.getElementById(id);
const STATES = {
  queued: ["排隊中", "wait"], waiting: ["等待中", "warn"], sending: ["列印中", "wait"],
  done: ["已印好", "good"], uncertain: ["不確定", "bad"], expired: ["已逾時", "wait"],
  cancelled: ["已取消", "wait"],
};
const KINDS = { document: "單據", selftest: "測試", pairing: "配對碼" };
const FACTS = {
  paper: ["紙張", { ok: "正常", near: "將盡", end: "用完", unknown: "未知" }],
  cover: ["上蓋", { closed: "已關", open: "未關", unknown: "未知" }],
  cutter: ["裁刀", { ok: "正常", error: "卡住", unknown: "未知" }],
  drawer: ["錢櫃訊號", { closed: "低", open: "高", unknown: "未知" }],
};
const FAULTS = {
  paper_end: "缺紙", near_end: "紙將盡", cover_open: "開蓋", cutter: "裁刀卡住", hot: "過熱", silent: "無回應",
};

let socket = null, number = 0, retry = 500, codeTimer = null;
const waiting = new Map();
const jobs = new Map();

function connect() {
  socket = new WebSocket(`ws://${location.host}/v1`);
  socket.onopen = start;
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = () => {
    say("line", "連線中斷，正在重試…", "bad");
    for (const { reject } of waiting.values()) reject(new Error("連線中斷"));
    waiting.clear();
    setTimeout(connect, retry);
    retry = Math.min(retry * 2, 5000);
  };
}

function ask(type, fields = {}) {
  const id = String(++number);
  return new Promise((resolve, reject) => {
    if (socket.readyState !== WebSocket.OPEN) { reject(new Error("尚未連線")); return; }
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ v: 1, id, type, ...fields }));
  });
}

function receive(message) {
  if (message.event) {
    if (message.type === "printer.status") showPrinter(message.printer);
    if (message.type === "job.state") { jobs.set(message.job.job_id, message.job); showJobs(); }
    if (message.type.startsWith("device.")) refreshDevices().catch(complain);
    return;
  }
  const asked = waiting.get(message.id);
  if (!asked) return;
  waiting.delete(message.id);
  message.ok ? asked.resolve(message) : asked.reject(new Error(message.error.message));
}

async function start() {
  try {
    const welcome = await ask("auth", { token });
    retry = 500;
    byId("version").textContent = `版本 ${welcome.version}`;
    say("line", "列印程式執行中", "good");
    showPrinter(welcome.printer);
    const listed = await ask("print.list", { limit: 30 });
    jobs.clear();
    for (const job of listed.jobs) jobs.set(job.job_id, job);
    showJobs();
    await Promise.all([refreshDevices(), refreshPairings()]);
  } catch (error) {
    // The agent was restarted: this page's token is of the old one.
    if (socket.readyState === WebSocket.OPEN) location.reload(); else complain(error);
  }
}

function say(id, text, tone) {
  const element = byId(id);
  element.textContent = text;
  if (tone) element.dataset.tone = tone;
}

function complain(error) { say("printer-said", error.message); }

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function button(text, action, name) {
  const made = element("button", text, { class: "small", ...(name ? { "aria-label": name } : {}) });
  made.addEventListener("click", () => action().catch(complain));
  return made;
}

function showPrinter(printer) {
  const tone = !printer.online ? "bad" : printer.code === "OK" ? "good" : "warn";
  say("printer-message", printer.message, tone);
  const facts = [["機型", printer.device ? printer.device.name : "—"],
    ["連接", printer.device ? printer.device.port : "—"]];
  for (const [key, [label, words]] of Object.entries(FACTS)) facts.push([label, words[printer[key]]]);
  byId("printer-facts").replaceChildren(...facts.map(([label, value]) => {
    const row = element("div", null);
    row.append(element("dt", label), element("dd", value));
    return row;
  }));
  byId("faults").hidden = !(printer.device && printer.device.kind === "virtual");
}

function showJobs() {
  const newest = [...jobs.values()].sort((a, b) => b.submitted_at.localeCompare(a.submitted_at)).slice(0, 30);
  byId("no-jobs").hidden = newest.length > 0;
  byId("jobs").replaceChildren(...newest.map(jobRow));
}

function jobRow(job) {
  const [word, tone] = STATES[job.state];
  const row = element("tr", null);
  const state = element("td", null);
  state.append(element("span", word, { class: "state", "data-tone": tone }));
  const actions = element("div", null, { class: "actions" });
  if (job.state === "uncertain") {
    actions.append(button("已印好", () => resolve(job, "yes")), button("沒有印出", () => resolve(job, "no")));
  }
  if (job.state === "queued" || job.state === "waiting") {
    actions.append(button("取消", () => ask("print.cancel", { job_id: job.job_id })));
  }
  const last = element("td", null);
  last.append(actions);
  const kind = KINDS[job.kind] + (job.copy === "reprint" ? "（補印）" : "");
  row.append(element("td", time(job.submitted_at), { class: "time" }), element("td", kind), state,
    element("td", job.message || "—"), element("td", job.job_id, { class: "id", title: job.job_id }), last);
  return row;
}

function resolve(job, printed) { return ask("print.resolve", { job_id: job.job_id, printed }); }

function time(text) {
  return new Date(text).toLocaleString("sv-SE", { timeZone: "Asia/Taipei" }).slice(0, 19);
}

async function refreshDevices() {
  const listed = await ask("device.list");
  const chosen = byId("profile").value;
  byId("profile").replaceChildren(element("option", "自動", { value: "" }),
    ...listed.profiles.map((name) => element("option", name, { value: name })));
  byId("profile").value = chosen;
  const rows = listed.devices.map((device) => {
    const row = element("li", null);
    row.append(element("span", `${device.name}　${device.port}　${device.profile}`));
    row.append(device.selected ? element("span", "使用中", { class: "state", "data-tone": "good" })
      : button("使用", () => select(device.id), `使用 ${device.name} ${device.port}`));
    return row;
  });
  byId("devices").replaceChildren(...(rows.length ? rows : [element("li", "偵測不到裝置：請確認電源與 USB 線。")]));
}

async function select(deviceId) {
  await ask("device.select", { device_id: deviceId, profile: byId("profile").value });
  await refreshDevices();
}

async function refreshPairings() {
  const listed = await ask("pairing.list");
  const rows = listed.pairings.map((pairing) => {
    const row = element("li", null);
    row.append(element("span", pairing.label ? `${pairing.label}　${pairing.origin}` : pairing.origin));
    row.append(button("解除", async () => {
      await ask("pairing.remove", { pairing_id: pairing.pairing_id });
      await refreshPairings();
    }, `解除 ${pairing.label || pairing.origin}`));
    return row;
  });
  byId("pairings").replaceChildren(...(rows.length ? rows : [element("li", "尚未配對。")]));
}

async function openCode() {
  const opened = await ask("pairing.open");
  byId("code").textContent = opened.code;
  const end = new Date(opened.expires).getTime();
  clearInterval(codeTimer);
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left <= 0) {
      clearInterval(codeTimer);
      byId("code").textContent = "";
      byId("code-left").textContent = "配對碼已失效。";
      return;
    }
    byId("code-left").textContent = `請在 ${left} 秒內於收銀頁面輸入。`;
    if (left % 5 === 0) refreshPairings().catch(complain);
  };
  codeTimer = setInterval(tick, 1000);
  tick();
}

async function selftest(what) {
  say("printer-said", "已送出…");
  const { job } = await ask("selftest.run", { what });
  jobs.set(job.job_id, job);
  showJobs();
  say("printer-said", what === "test" ? "測試頁列印後，請確認紙上看得到字、條碼清楚。" : "請看右邊最後一條看得到的刻度。");
}

function wire(id, action) { byId(id).addEventListener("click", () => action().catch(complain)); }
wire("test", () => selftest("test"));
wire("ruler", () => selftest("ruler"));
wire("drawer", async () => { await ask("drawer.open"); say("printer-said", "已送出開錢櫃指令。"); });
wire("reset", async () => { await ask("device.reset"); say("printer-said", "正在重新連線…"); });
wire("pair", openCode);
byId("network").addEventListener("submit", (event) => {
  event.preventDefault();
  const address = byId("address").value.trim();
  if (address) select(`tcp:${address.includes(":") ? address : `${address}:9100`}`).catch(complain);
});
for (const [fault, label] of Object.entries(FAULTS)) {
  const box = element("input", null, { type: "checkbox" });
  box.addEventListener("change", () => ask("virtual.fault", { fault, on: box.checked }).catch(complain));
  const line = element("label", null);
  line.append(box, label);
  byId("faults").append(line);
}
connect();
