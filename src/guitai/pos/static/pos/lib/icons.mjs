// Line icons of 24 units, drawn for this till. Never alone: a word always stands beside them.

import { h } from "./vdom.mjs";

const PATHS = {
  good: "M5 12.5l4.5 4.5L19 7.5",
  warn: "M12 4l9 16H3zM12 10v4M12 17v.5",
  bad: "M6 6l12 12M18 6L6 18",
  idle: "M5 12h14",
  back: "M14 6l-6 6 6 6",
  back_space: "M9 6h11v12H9l-6-6zM12.5 9.5l5 5M17.5 9.5l-5 5",
  trash: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5L20 20",
  scan: "M4 8V5h3M17 5h3v3M20 16v3h-3M7 19H4v-3M8 8v8M11 8v8M14 8v8M16.5 8v8",
};

/** An icon that readers skip. */
export function icon(name) {
  return h("svg.icon", { viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, h("path", { d: PATHS[name] }));
}
