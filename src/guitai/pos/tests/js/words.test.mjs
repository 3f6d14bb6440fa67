import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { knows, setLanguage, t } from "../../static/pos/words/words.mjs";
import { en } from "../../static/pos/words/strings.en.mjs";
import { zh } from "../../static/pos/words/strings.zh.mjs";

const ROOT = new URL("../../static/pos/", import.meta.url).pathname;
const modules = readdirSync(ROOT, { recursive: true }).filter((name) => name.endsWith(".mjs") && !name.startsWith("words"));
const sources = modules.map((name) => readFileSync(join(ROOT, name), "utf8"));
const params = (sentence) => [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test("both languages say the same things with the same parameters", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(zh).sort());
  for (const code of Object.keys(zh)) assert.deepEqual([...new Set(params(en[code]))], [...new Set(params(zh[code]))], code);
});

test("every code that the page may say has its words", () => {
  const rooms = new Set(Object.keys(zh).map((code) => code.split(".")[0]));
  // Names of the agent's messages, of permissions and of elements look like codes but are none.
  const others = /^(till\.|print\.(get|submit|resolve|cancel)|printer\.(get|status)|job\.state|health\.(get|changed)|clock\.tell|scanner\.(data|select)$|server\.state$|agent\.(join|server)$|device\.(list|select|reset|scan)$|diag\.(run|fix|answer|picture)|selftest\.run|drawer\.open$)/;
  for (const source of sources) {
    for (const [, code] of source.matchAll(/"@?([a-z_]+\.[a-z_]+)"/g)) {
      if (!rooms.has(code.split(".")[0]) || others.test(code)) continue;
      if (new RegExp(`h\\("${code}`).test(source)) continue;
      assert.ok(knows(code), code);
    }
  }
});

test("no words of a person stand outside the tables", () => {
  modules.forEach((name, at) => {
    if (name === "ui/shell.mjs") return; // the mark is a picture of one character
    const code = sources[at].replace(/\/\/.*$/gm, "").replace(/\/\*[\s\S]*?\*\//g, "");
    const found = code.match(/[\u4e00-\u9fff]+/g) ?? [];
    assert.deepEqual(found.filter((text) => text !== "折"), [], name);
  });
});

test("an unknown code shows itself, a missing parameter nothing", () => {
  setLanguage("en");
  assert.equal(t("nav.sale"), "Sale");
  setLanguage("zh-Hant");
  assert.equal(t("nav.sale"), "銷售");
  assert.equal(t("no.such"), "no.such");
  assert.equal(t("cart.added", {}), "已加入 ");
});
