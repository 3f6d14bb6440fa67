// A double click is one word about one paper.

const TWICE_MS = 700;

/**
 * The row that was answered goes, and the next one slides under the pointer: the second click of a
 * double click would answer a question that nobody has read. So it is dropped on its way down.
 */
export function onePaperAtATime(root, now = () => performance.now()) {
  let last = { row: null, at: -Infinity };
  root.addEventListener("click", (event) => {
    const row = event.target.closest("button") && event.target.closest(".job");
    if (!row) return;
    if (row !== last.row && now() - last.at < TWICE_MS) event.stopPropagation();
    else last = { row, at: now() };
  }, { capture: true });
}
