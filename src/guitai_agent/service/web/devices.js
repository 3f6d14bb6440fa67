// Which printer, which model, which scanner: in the words of the shop, not of the system.
import { ask, heard } from "./link.js";
import { button, byId, element, fill, say, work } from "./dom.js";

const PLAIN = {
  "generic-58": "一般 58 mm 發票機", "generic-80": "一般 80 mm 發票機", virtual: "虛擬發票機",
  SUNMI: "SUNMI 內建印表機",
};
const SCANNER = {
  off: ["", "wait"], up: ["可以掃描", "good"], absent: ["沒有接上", "bad"], down: ["無法開啟", "bad"],
};
const FAULTS = {
  paper_end: "缺紙", near_end: "紙將盡", cover_open: "開蓋", cutter: "裁刀卡住", hot: "過熱", silent: "無回應",
};
let listed = { devices: [], profiles: [], scanner: null, chosen: null };
let found = [], inUse = null;

const model = (name) => PLAIN[name] ?? name;

/** How it is connected, for a person: 「USB」, 「網路 192.168.1.50」, 「序列埠 COM3」. */
function connection({ kind, port }) {
  if (kind === "virtual") return "示範用，不會印出紙張";
  if (kind === "tcp") return `網路 ${port.replace(/:9100$/, "")}`;
  const socket = port.replace(/^\/dev\/(usb\/)?/, "");
  return kind === "serial" ? `序列埠 ${socket}` : `USB（${socket}）`;
}

/** Its name; a port that nobody introduced is called by what it is. */
function called(device) {
  const nameless = ["", "n/a", device.port].includes(device.name);
  if (device.kind === "virtual") return "虛擬發票機";
  if (nameless) return device.kind === "tcp" ? "網路發票機" : "未辨識的裝置";
  return device.name;
}

const isPrinter = (device) => device.selected || device.recognised || ["tcp", "virtual"].includes(device.kind);

export async function refreshDevices() {
  const [list, { printer }] = await Promise.all([ask("device.list"), ask("printer.get")]);
  listed = list;
  inUse = printer.device;
  show();
}

function show() {
  const rest = listed.devices.filter((device) => !isPrinter(device));
  const known = listed.devices.filter(isPrinter);
  const ids = new Set(listed.devices.map((device) => device.id));
  known.push(...found.filter((device) => !ids.has(device.id)));
  const gone = listed.chosen && !listed.chosen.present && !known.some((device) => device.selected);
  byId("chosen-gone").hidden = !gone;
  fill("devices", known.length ? known.map(row) : [element("li", "沒有偵測到發票機：請確認電源與 USB 線。", { class: "quiet" })]);
  byId("others").hidden = rest.length === 0;
  say("others-count", `其他連接埠（${rest.length}）`);
  fill("ports", rest.map(row));
  showProfile();
  showScanner();
  const used = listed.devices.find((device) => device.selected);
  byId("faults").hidden = used?.kind !== "virtual";
}

function row(device) {
  const made = element("li");
  const words = element("span", null, { class: "words" });
  words.append(element("strong", called(device)), element("small", connection(device)));
  made.append(words);
  if (device.selected) made.append(element("span", "使用中", { class: "state", "data-tone": "good" }));
  else made.append(button("使用", () => select(device.id), { name: `使用 ${called(device)} ${connection(device)}` }));
  return made;
}

async function select(deviceId, profile = "", more = {}) {
  await ask("device.select", { device_id: deviceId, profile, ...more });
  await refreshDevices();
}

function showProfile() {
  const used = listed.devices.find((device) => device.selected);
  const names = listed.profiles.filter((name) => name !== "virtual" || used?.kind === "virtual");
  fill("profile", [element("option", "自動辨識", { value: "" }),
    ...names.map((name) => element("option", model(name), { value: name }))]);
  byId("profile").disabled = !used;
  say("profile-used", inUse ? `目前以「${model(inUse.profile)}」列印。` : "");
  byId("drawer-field").hidden = !(used?.drawers > 1);
  if (used) byId("drawer-pin").value = String(used.drawer ?? 1);
}

function showScanner() {
  const { scanner } = listed;
  const chosen = scanner?.device_id ?? "";
  const candidates = listed.devices.filter((device) => !device.selected && ["serial", "usb"].includes(device.kind));
  const options = candidates.map((device) => element("option", `${called(device)}　${connection(device)}`, { value: device.id }));
  if (chosen && !candidates.some((device) => device.id === chosen)) options.push(element("option", "（沒有接上）", { value: chosen }));
  fill("scanner", [element("option", "不使用（鍵盤式掃描器不必設定）", { value: "" }), ...options]);
  byId("scanner").value = chosen;
  byId("baud").value = String(scanner?.baud ?? 9600);
  byId("baud-field").hidden = !chosen;
  const [word, tone] = SCANNER[scanner?.state ?? "off"];
  say("scanner-state", word, tone);
  byId("scanner-state").hidden = !word;
}

async function scannerChanged() {
  const baud = Number(byId("baud").value);
  try {
    await ask("scanner.select", { device_id: byId("scanner").value, baud });
  } finally {
    await refreshDevices();
  }
}

const complainHere = (error) => say("device-said", error.message, "bad");
byId("profile").addEventListener("change", () => {
  const used = listed.devices.find((device) => device.selected);
  if (used) select(used.id, byId("profile").value).catch(complainHere);
});
byId("drawer-pin").addEventListener("change", () => {
  const used = listed.devices.find((device) => device.selected);
  if (used) select(used.id, "", { drawer: Number(byId("drawer-pin").value) }).catch(complainHere);
});
byId("scanner").addEventListener("change", () => scannerChanged().catch(complainHere));
byId("baud").addEventListener("change", () => scannerChanged().catch(complainHere));
work(byId("search"), async () => {
  say("device-said", "", "wait");
  found = (await ask("device.scan")).devices;
  await refreshDevices();
  say("device-said", found.length ? `找到 ${found.length} 台網路發票機。` : "網路上沒有找到發票機：請確認它已開機並接在同一個網路。", "wait");
}, "搜尋中…", "device-said");
byId("network").addEventListener("submit", (event) => {
  event.preventDefault();
  const address = byId("address").value.trim();
  if (address) select(`tcp:${address.includes(":") ? address : `${address}:9100`}`).catch(complainHere);
});
for (const [fault, label] of Object.entries(FAULTS)) {
  const box = element("input", null, { type: "checkbox" });
  box.addEventListener("change", () => ask("virtual.fault", { fault, on: box.checked }).catch(complainHere));
  const line = element("label");
  line.append(box, label);
  byId("faults").append(line);
}
for (const type of ["device.added", "device.removed", "printer.status"]) {
  heard(type, () => refreshDevices().catch(complainHere));
}
heard("scanner.data", ({ text }) => say("device-said", `掃描器讀到：${text}`, "wait"));
