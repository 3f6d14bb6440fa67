// The server's copy of the book of conditions: words, steps and pictures for what only this page
// can see. Kept on this device, so that it can also be read while the server is away.

import { kept } from "./store.mjs";

const NAME = "book";

/** {remedies by code, pictures [names]}; null where neither server nor device has it. */
export async function fetchBook(base, fetcher = (...args) => fetch(...args)) {
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
