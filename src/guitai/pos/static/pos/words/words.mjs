// One place for what a person reads. A code becomes a sentence in the chosen language.

import { en } from "./strings.en.mjs";
import { zh } from "./strings.zh.mjs";

const TABLES = { "zh-Hant": zh, en };
let current = "zh-Hant";

export const LANGUAGES = [["zh-Hant", "繁體中文"], ["en", "English"]];

export function setLanguage(language) {
  current = language in TABLES ? language : "zh-Hant";
  if (typeof document !== "undefined") document.documentElement.lang = current;
  return current;
}

export const language = () => current;

/** The sentence of `code` with {params} filled in; an unknown code shows itself. */
export function t(code, params = {}) {
  const sentence = TABLES[current][code] ?? zh[code] ?? code;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? ""));
}

export const knows = (code) => code in zh;
