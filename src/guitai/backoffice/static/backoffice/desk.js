// Comfort only: every page works without this file.
const themes = ["", "light", "dark"];
const names = { "": "外觀：自動", light: "外觀：淺色", dark: "外觀：深色" };

function showTheme(button) {
  const now = document.documentElement.dataset.theme || "";
  button.textContent = names[now];
  button.hidden = false;
}

function switchTheme(button) {
  const now = document.documentElement.dataset.theme || "";
  const next = themes[(themes.indexOf(now) + 1) % themes.length];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("guitai-theme", next);
  showTheme(button);
}

document.querySelectorAll("[data-theme-switch]").forEach((button) => {
  showTheme(button);
  button.addEventListener("click", () => switchTheme(button));
});

// A question before what cannot be taken back.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset?.ask;
  if (question && !window.confirm(question)) event.preventDefault();
});

// Twice pressed is once sent.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () =>
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

// Keys: / to the search, n for a new one, arrows (or j, k) through the rows.
function rowLinks() {
  return [...document.querySelectorAll("table.rows tbody th a")];
}

function step(by) {
  const links = rowLinks();
  if (!links.length) return;
  const here = links.indexOf(document.activeElement);
  const next = here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by;
  links[Math.max(0, Math.min(links.length - 1, next))].focus();
}

const keys = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  n: () => document.querySelector("[data-key=n]")?.click(),
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const field = event.target.closest("input, select, textarea");
  if (field && !(field.matches("[data-search]") && event.key === "ArrowDown")) return;
  const act = keys[event.key];
  const scrolls = event.key.startsWith("Arrow") && !rowLinks().length;
  if (!act || scrolls) return;
  event.preventDefault();
  act();
});

// The first wrong field, or else the first empty one of a form, is where the work goes on.
const wrong = document.querySelector(".is-wrong input, .is-wrong select");
(wrong || document.querySelector("main form.form input:not([type=hidden]):not(:disabled)"))?.focus();

// Reason and customs mark are asked for only where the tax type needs them.
document.querySelectorAll("form[data-zero-rate]").forEach((form) => {
  const tax = form.elements.tax_type;
  const only = ["zero_tax_reason", "customs_mark"].map((name) => form.elements[name]);
  const show = () => only.forEach((field) => {
    const zero = tax.value === "2";
    field.closest(".field").hidden = !zero && !field.closest(".is-wrong");
    if (!zero) field.value = "";
  });
  tax.addEventListener("change", show);
  show();
});
