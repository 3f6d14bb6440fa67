// Before the first paint: the theme that the person chose, or the system's.
(() => {
  const chosen = localStorage.getItem("guitai-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
