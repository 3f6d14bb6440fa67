// A double click is one word about one paper.

const TWICE_MS = 700;

/**
 * The row that was answered goes and the next one slides under the pointer, or another button comes to
 * stand where the first one was: the second click of a double click would answer a question that nobody
 * has read, or take the answer back. So it is dropped on its way down.
 */
export function onePaperAtATime(root) {
  let last = { row: null, word: "", at: -Infinity };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const row = button?.closest(".job");
    if (!row) return;
    const word = button.textContent;
    // When the finger was down, not when a busy page comes to hear of it.
    if ((row !== last.row || word !== last.word) && event.timeStamp - last.at < TWICE_MS) event.stopPropagation();
    else last = { row, word, at: event.timeStamp };
  }, { capture: true });
}
