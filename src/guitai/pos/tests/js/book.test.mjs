import assert from "node:assert/strict";
import { test } from "node:test";

import { wordedFor } from "../../static/pos/net/book.mjs";

const BOOK = {
  remedies: {
    AGENT_DOWN: { steps: ["按「開始」。", "稍候。"], picture: "agent-start" },
    PAPER_END: { steps: ["換紙。"], picture: "paper-roll" },
  },
  pictures: [], linux: { "按「開始」。": "打開「終端機」。" },
};

test("on a Linux computer the steps are those of Linux, and no picture of Windows", () => {
  const { remedies } = wordedFor({ platform: "Linux x86_64", userAgent: "X11" }, BOOK);
  assert.deepEqual(remedies.AGENT_DOWN, { steps: ["打開「終端機」。", "稍候。"], picture: "" });
  assert.equal(remedies.PAPER_END.picture, "paper-roll");
});

test("elsewhere, on a phone, and with an older book nothing changes", () => {
  for (const here of [{ platform: "Win32" }, { platform: "Linux armv8l", userAgent: "Android 14" }, {}]) {
    assert.equal(wordedFor(here, BOOK), BOOK);
  }
  const older = { remedies: BOOK.remedies, pictures: [] };
  assert.equal(wordedFor({ platform: "Linux x86_64" }, older), older);
  assert.equal(wordedFor({ platform: "Linux x86_64" }, null), null);
});
