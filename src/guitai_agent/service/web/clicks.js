// A double click is one answer to one question.

const TWICE_MS = 700;

/**
 * What was answered goes, and the next row slides under the pointer, or another button comes to stand
 * where the first one was: the second click of a double click would answer a question that nobody has
 * read. So it is dropped on its way down. Rows carry `data-row`, which is theirs however often they are
 * drawn anew; buttons that stand in none are left alone.
 */
export function oneAnswerAtATime(root) {
  let last = { row: null, word: "", at: -Infinity };
  root.addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    const row = pressed?.closest("[data-row]")?.dataset.row;
    if (!row) return;
    const word = pressed.textContent;
    const other = row !== last.row || word !== last.word;
    // When the finger was down, not when a busy page comes to hear of it.
    if (other && event.timeStamp - last.at < TWICE_MS) event.stopPropagation();
    else last = { row, word, at: event.timeStamp };
  }, { capture: true });
}
