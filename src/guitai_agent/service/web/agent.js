// The agent's own page, put together.
import { ask, connect, heard } from "./link.js";
import { oneAnswerAtATime } from "./clicks.js";
import { byId, complain, say, work } from "./dom.js";
import { refreshHealth } from "./health.js";
import { begun, refreshJobs } from "./jobs.js";
import { refreshDevices } from "./devices.js";
import { refreshPairings, refreshServer, refreshUpdate } from "./server.js";

const REFRESHERS = [refreshHealth, refreshJobs, refreshDevices, refreshPairings, refreshServer, refreshUpdate];

heard("up", (welcome) => {
  say("version", `版本 ${welcome.version}`);
  say("line", "執行中", "good");
  for (const refresh of REFRESHERS) refresh().catch(complain);
});
heard("down", () => say("line", "連線中斷，正在重試…", "bad"));

async function selftest(what) {
  say("said", "已送出…", "wait");
  begun((await ask("selftest.run", { what })).job);
  say("said", what === "test" ? "測試頁列印後，請確認紙上看得到字、條碼清楚。" : "請看右邊最後一條看得到的刻度。", "wait");
}

oneAnswerAtATime(document.querySelector("main"));
work(byId("test"), () => selftest("test"));
work(byId("ruler"), () => selftest("ruler"));
work(byId("reset"), async () => { await ask("device.reset"); say("said", "正在重新連線…", "wait"); });
connect();
