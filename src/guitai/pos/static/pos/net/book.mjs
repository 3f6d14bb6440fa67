// The server's copy of the book of conditions: words, steps and pictures for what only this page
// can see. Kept on this device, so that it can also be read while the server is away.

import { kept } from "./store.mjs";

const NAME = "book";

/** {remedies by code, pictures [names]} in the words for this computer; null where nobody has it. */
export async function fetchBook(base, fetcher = (...args) => fetch(...args)) {
  return wordedFor(navigator, await newestBook(base, fetcher));
}

/** The book speaks of Windows; on a Linux computer (no phone) a step may have another in its place. */
export function wordedFor({ platform = "", userAgent = "" }, book) {
  if (!book?.linux || !/^Linux/.test(platform) || /Android/.test(userAgent)) return book;
  const remedies = Object.entries(book.remedies).map(([code, remedy]) => {
    if (!remedy.steps.some((step) => step in book.linux)) return [code, remedy];
    return [code, { ...remedy, picture: "", steps: remedy.steps.map((step) => book.linux[step] ?? step) }];
  });
  return { ...book, remedies: Object.fromEntries(remedies) };
}

async function newestBook(base, fetcher) {
  try {
    const answer = await fetcher(`${base}remedies.json`, { cache: "no-cache", credentials: "same-origin" });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const book = await answer.json();
    await kept.put(NAME, book).catch((error) => console.warn("guitai:", error));
    return book;
  } catch (error) {
    console.warn("guitai: the book cannot be fetched", error);
    return kept.get(NAME).catch(() => null);
  }
}

/** Pictures by name as addresses for <img>: the server's file, or the agent's drawing as a blob. */
export class Pictures {
  constructor({ base, agent, changed }) {
    Object.assign(this, { base, agent, changed });
    this.found = new Map();
  }

  /** The address, or "" while it is being asked for or where nobody has it. */
  address(name, book) {
    if (!name) return "";
    if (book?.pictures?.includes(name)) return `${this.base}pictures/${name}.svg`;
    if (!this.found.has(name)) this.#ask(name);
    return this.found.get(name);
  }

  async #ask(name) {
    this.found.set(name, "");
    try {
      const { svg } = await this.agent.request("diag.picture", { name });
      this.found.set(name, URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })));
      this.changed();
    } catch (error) {
      // Words are enough; asked again when the agent is there again.
      if (["closed", "timeout"].includes(error.code)) this.found.delete(name);
    }
  }
}
