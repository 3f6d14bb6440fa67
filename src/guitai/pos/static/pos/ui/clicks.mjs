// A double click is one word about one paper.

const TWICE_MS = 700;

/**
 * The row that was answered goes, and the next one slides under the pointer: the second click of a
 * double click would answer a question that nobody has read. So it is dropped on its way down.
 */
export function onePaperAtATime(root) {
  let last = { row: null, at: -Infinity };
  root.addEventListener("click", (event) => {
    const row = event.target.closest("button") && event.target.closest(".job");
    if (!row) return;
    // When the finger was down, not when a busy page comes to hear of it.
    if (row !== last.row && event.timeStamp - last.at < TWICE_MS) event.stopPropagation();
    else last = { row, at: event.timeStamp };
  }, { capture: true });
}
