// The way from the agent to the paper, what is wrong on it, and what to do.
import { ask, heard } from "./link.js";
import { button, byId, element, fill, say, work } from "./dom.js";

const HOPS = { agent: "列印程式", driver: "驅動程式", port: "連接埠", printer: "發票機", paper: "紙張" };
const STATES = { ok: ["正常", "good"], warn: ["注意", "warn"], error: ["有問題", "bad"], unknown: ["—", "wait"] };
const TONES = { ok: "good", warn: "warn", error: "bad" };
const pictures = new Map();
let shown = "";

export function showHealth(health) {
  showPrinter(health.printer);
  fill("hops", health.hops.map(hopCell));
  const findings = health.findings.filter((finding) => finding.code !== "OK").map(inOurWords);
  const key = JSON.stringify(findings);
  if (key !== shown) {
    shown = key;
    byId("findings").replaceChildren(...findings.map(findingBox));
  }
  say("queue", queueWords(health.queue));
}

function showPrinter(printer) {
  const tone = !printer.online ? "bad" : printer.code === "OK" ? "good" : "warn";
  say("printer-message", printer.message, tone);
}

/** The book speaks to a till page; here stands the person with the code, and nothing is printed again. */
const OURS = {
  NOT_PAIRED: {
    picture: "",
    steps: ["按下面的「取得配對碼」，發票機也會印出 6 位數。", "在收銀頁面打開「設備」，2 分鐘內輸入這 6 位數。"],
  },
  JOB_UNCERTAIN: {
    message: "有單據不確定是否印完，請檢查紙本。",
    steps: [
      "看發票機出來的紙，找到最後一張。", "號碼、條碼與兩個 QR 碼都完整，在下面的「列印工作」按「已印好」。",
      "缺一部分或沒有印出，到開這張單的那台收銀機選「補印」。",
    ],
  },
};

function inOurWords(finding) { return { ...finding, ...OURS[finding.code] }; }

function queueWords({ waiting, sending, uncertain }) {
  const parts = [];
  if (sending) parts.push("列印中");
  if (waiting) parts.push(`等待 ${waiting} 張`);
  if (uncertain) parts.push(`不確定 ${uncertain} 張`);
  return parts.join("，");
}

function hopCell(hop) {
  const [word, tone] = STATES[hop.state];
  const cell = element("li", null, { class: "hop", "data-tone": tone });
  cell.append(element("span", HOPS[hop.hop], { class: "hop-name" }), element("strong", word));
  if (hop.message) cell.title = hop.message;
  return cell;
}

function findingBox(finding) {
  const box = element("li", null, { class: "finding", "data-tone": TONES[finding.level], "data-row": finding.code });
  const words = element("div", null, { class: "words" });
  words.append(element("h3", finding.message));
  const steps = element("ol");
  steps.append(...finding.steps.map((step) => element("li", step)));
  if (finding.steps.length) words.append(steps);
  if (finding.ask) words.append(element("p", finding.ask.question, { class: "question" }));
  const actions = element("div", null, { class: "actions" });
  actions.append(...deeds(finding));
  if (actions.childElementCount) words.append(actions);
  words.append(element("p", `代碼 ${finding.code}`, { class: "quiet" }));
  box.append(words);
  if (finding.picture) draw(box, finding.picture);
  return box;
}

function deeds(finding) {
  const found = [];
  const { fix, ask: question } = finding;
  for (const candidate of finding.params.candidates ?? []) {
    found.push(button(`使用 ${candidate.name}`, () => ask("device.select", { device_id: candidate.id })));
  }
  if (finding.code === "JOB_UNCERTAIN") found.push(element("a", "到「列印工作」選擇", { class: "button", href: "#jobs" }));
  if (fix) found.push(button(fix.label, () => answered("diag.fix", { name: fix.name }), { kind: "main", busy: "處理中…" }));
  if (question) {
    for (const answer of ["yes", "no"]) {
      found.push(button(question[answer], () => answered("diag.answer", { id: question.id, answer })));
    }
  }
  return found;
}

async function answered(type, fields) { showHealth(await ask(type, fields)); }

async function draw(box, name) {
  try {
    if (!pictures.has(name)) pictures.set(name, (await ask("diag.picture", { name })).svg);
  } catch {
    return; // The words say it too.
  }
  const parsed = new DOMParser().parseFromString(pictures.get(name), "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return;
  const holder = element("div", null, { class: "picture" });
  holder.append(document.importNode(parsed, true));
  box.append(holder);
}

export async function refreshHealth() { showHealth(await ask("health.get")); }

heard("health.changed", ({ health }) => showHealth(health));
heard("down", () => {
  shown = "";
  say("printer-message", "列印程式沒有回應，正在重新連線…", "bad");
  byId("findings").replaceChildren();
});
work(byId("recheck"), async () => {
  await answered("diag.run", {});
  say("said", "檢查完成。", "wait");
}, "檢查中…");
