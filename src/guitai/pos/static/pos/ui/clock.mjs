// Why nothing can be issued on this device now: its date is not the server's.

import { recheck } from "../actions/doctor.mjs";
import { h } from "../lib/vdom.mjs";
import { fromBook } from "../logic/health.mjs";
import { t } from "../words/words.mjs";
import { driftSentence } from "./doctor.mjs";
import { button, busyWord, notice } from "./parts.mjs";

export const isBlocked = (app) => app.state.clock.code === "CLOCK_DATE";

/** The reason beside the button that is blocked, with the way out; null while all is well. */
export function clockStop(app) {
  if (!isBlocked(app)) return null;
  const { message, steps } = fromBook(app.state.book, "CLOCK_DATE");
  return h("div.clock-stop", { key: "clock-stop", role: "alert" },
    notice("bad", message || t("clock.date")),
    h("p.soft", null, driftSentence(app.state.clock.drift)),
    h("ol.steps", null, steps.map((step, at) => h("li", { key: at }, step))),
    h("div.tools", null, button(busyWord(app, "diag.run", t("doctor.recheck")), () => recheck(app), { id: "clock-recheck", kind: "primary", disabled: Boolean(app.state.busy) })));
}
