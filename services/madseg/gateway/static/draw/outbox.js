// @ts-check
/** Masks that aren't saved yet, kept in this browser (IndexedDB), one for each task. */

/**
 * A save that isn't acknowledged, and what was drawn since (`latest`), which is to be saved after it.
 * @typedef {{task: string, follows: number, key: string, bytes: Uint8Array, ms: number, latest?: Uint8Array}} Unsaved
 */

const NAME = "madseg.masks";
const STORE = "unsaved";

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "task" });
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

/** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act @returns {Promise<T>} */
async function within(mode, act) {
  const database = await open();
  try {
    return await new Promise((done, failed) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => done(request.result);
      transaction.onerror = () => failed(transaction.error);
      transaction.onabort = () => failed(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @param {Unsaved} unsaved */
export async function keep(unsaved) {
  await within("readwrite", (store) => store.put(unsaved));
}

/** @param {string} task @returns {Promise<Unsaved | undefined>} */
export async function kept(task) {
  return within("readonly", (store) => store.get(task));
}

/** @param {string} task */
export async function forget(task) {
  await within("readwrite", (store) => store.delete(task));
}
