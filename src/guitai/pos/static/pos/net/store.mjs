// What this device remembers. Small things in localStorage; sales on their way in IndexedDB,
// written to the disk (durability "strict") before the first byte leaves.

const DATABASE = "guitai-till";
const SALES = "outbox";
const KEPT = "kept";

/** Small values as JSON under one prefix; a full or forbidden storage reads as "nothing kept". */
export const small = {
  get(name, fallback = null) {
    try {
      const text = localStorage.getItem(`guitai.till.${name}`);
      return text === null ? fallback : JSON.parse(text);
    } catch (error) {
      console.warn("guitai: cannot read", name, error);
      return fallback;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`guitai.till.${name}`, JSON.stringify(value));
      return true;
    } catch (error) {
      console.warn("guitai: cannot keep", name, error);
      return false;
    }
  },
  remove(name) {
    localStorage.removeItem(`guitai.till.${name}`);
  },
};

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(SALES, { keyPath: "id" });
      request.result.createObjectStore(KEPT);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the store is held by an older page"));
  });
}

let opened;
const database = () => (opened ??= open());

async function transact(store, mode, work) {
  const base = await database();
  return new Promise((resolve, reject) => {
    const transaction = base.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
  });
}

/** Sales between the button and the answer. */
export const outbox = {
  put: (entry) => transact(SALES, "readwrite", (store) => store.put(entry)),
  remove: (id) => transact(SALES, "readwrite", (store) => store.delete(id)),
  all: () => transact(SALES, "readonly", (store) => store.getAll()),
};

/** Large things by name: the catalogue. */
export const kept = {
  get: (name) => transact(KEPT, "readonly", (store) => store.get(name)),
  put: (name, value) => transact(KEPT, "readwrite", (store) => store.put(value, name)),
};
