// Small hands for the page: elements, buttons that say what they do, times.
export const byId = (id) => document.getElementById(id);

export function element(tag, text = null, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function say(id, text, tone) {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
  if (tone) place.dataset.tone = tone;
}

/** What went wrong, where the person looks; a server's own sentence goes before ours. */
export function complain(error, id = "said") {
  const more = error.params?.message ? `（${error.params.message}）` : "";
  say(id, `${error.message}${more}`, "bad");
}

/** A button whose work may take a moment: it waits visibly and says what went wrong. */
export function button(text, action, { name = "", kind = "small", busy = "", said = "said" } = {}) {
  const made = element("button", text, { class: kind, type: "button" });
  if (name) made.setAttribute("aria-label", name);
  work(made, action, busy, said);
  return made;
}

export function work(made, action, busy = "", said = "said") {
  made.addEventListener("click", async () => {
    const words = made.textContent;
    made.disabled = true;
    const slow = setTimeout(() => { if (busy) made.textContent = busy; }, 200);
    try {
      await action(made);
    } catch (error) {
      complain(error, said);
    } finally {
      clearTimeout(slow);
      made.disabled = false;
      if (busy) made.textContent = words;
    }
  });
}

export function moment(text) {
  return new Date(text).toLocaleString("sv-SE", { timeZone: "Asia/Taipei" }).slice(0, 19);
}

/** Put these children there, but leave alone what the person is just using. */
export function fill(id, children) {
  const place = byId(id);
  const key = children.map((child) => child.outerHTML).join("");
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const held = place.contains(document.activeElement) ? document.activeElement : null;
  const name = held && (held.getAttribute("aria-label") || held.textContent);
  place.replaceChildren(...children);
  if (!name) return;
  const again = [...place.querySelectorAll("button, select, a")]
    .find((each) => (each.getAttribute("aria-label") || each.textContent) === name);
  again?.focus();
}
