// The browser's outbox, which has presses that the server has not answered yet, in IndexedDB. The page
// (app/src/press/outbox.rs) and the service worker (worker.js) both load this file, so that one place defines a kept press:
//
//   key        the Idempotency-Key of every try, which becomes the call's id
//   by         the resident who pressed; nobody else's session sends it
//   body       the request as JSON text; once `fixed` it never changes but for the location that `want` brings
//   fixed      true if `body` may have been sent, so the key stands for it
//   pressedAt  the time of the press, in milliseconds of the device's clock, because a worker knows no other
//   wantedAt   the time when the person last wanted it sent, by that clock
//   asksAfter  the time after `wantedAt` for which it may be sent without asking, in milliseconds, as the server had set
//              it (IUTSAI_PRESS_ASKS_AFTER) when it rendered the page of the press
//   heard      true if the server has reported that neighbours have it, though it could not record it
//   outcome    { recorded: { id, state, at } } or { refused: problem }, until the person has read it
"use strict";

self.iutsaiOutbox = (() => {
  const DATABASE = "iutsai-outbox";
  const VERSION = 1;
  const STORE = "presses";
  // `asksAfter` of a press that has none, in milliseconds, which is the server's default. A press is never unreadable
  // for the want of it.
  const ASKS_AFTER = 10 * 60 * 1000;
  const channel = "BroadcastChannel" in self ? new BroadcastChannel(DATABASE) : undefined;
  // The names of the errors by which a browser reports that its handle is dead, because it is closed, or cut off from
  // the storage's process.
  const DEAD = ["InvalidStateError", "UnknownError", "AbortError"];
  let handle; // a promise of the open database

  function open() {
    if (handle) return handle;
    const opening = new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, VERSION);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const database = request.result;
        // A newer version of this file, or the browser, may want it closed. The next use opens it again.
        database.onclose = () => drop(opening);
        database.onversionchange = () => {
          database.close();
          drop(opening);
        };
        resolve(database);
      };
    });
    handle = opening;
    opening.catch(() => drop(opening));
    return opening;
  }

  // Makes the next use open the database again, unless somebody has done so already.
  function drop(dead) {
    if (handle === dead) handle = undefined;
  }

  // Runs `work` on the store, and returns the result of its request or of `work` itself, once that is on the disk. A
  // browser may kill the handle without a word, so one that turns out to be dead is replaced once. Its aborted work has
  // changed nothing.
  async function inStore(mode, work) {
    const opened = open();
    try {
      return await run(await opened, mode, work);
    } catch (error) {
      if (!DEAD.includes(error?.name)) throw error;
      console.warn("the outbox is opened again", error);
      drop(opened);
      opened.then((database) => database.close()).catch(() => {});
      return run(await open(), mode, work);
    }
  }

  function run(database, mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      let result;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error ?? new Error("the outbox refused a change"));
      work(transaction.objectStore(STORE), (value) => (result = value));
    });
  }

  // Changes a press that is still there, in one step; gives back what it has become.
  function change(key, alter) {
    return inStore("readwrite", (store, done) => {
      const found = store.get(key);
      found.onsuccess = () => {
        if (!found.result) return;
        const press = alter(found.result);
        store.put(press);
        done(press);
      };
    });
  }

  // A UUIDv7 (RFC 9562, section 5.7).
  function uuid7() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const now = Date.now();
    for (let place = 0; place < 6; place += 1) bytes[place] = Math.floor(now / 2 ** (8 * (5 - place))) % 256;
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  }

  // Announces to the other tabs and the worker what has become of a press.
  const announce = (key, outcome) => channel?.postMessage({ key, outcome });

  return {
    // Keeps a press. It is on the disk when the promise is fulfilled.
    keep: (press) => inStore("readwrite", (store) => store.put(press)),

    // Returns every press, the oldest first, because keys are UUIDv7, which sort by their time.
    all: () =>
      inStore("readonly", (store, done) => {
        const all = store.getAll();
        all.onsuccess = () => done(all.result.map((press) => ({ asksAfter: ASKS_AFTER, ...press })));
      }),

    // Fixes the body of a press before it is sent, as `body` if it may still change. Returns the body that counts;
    // nothing if the press is gone.
    fix: async (key, body) => {
      const fixed = (press) => (press.fixed ? press : { ...press, body: body ?? press.body, fixed: true });
      return (await change(key, fixed))?.body;
    },

    // The person wants it sent, at this time of the device's clock, with `body`, which has the location of now, if
    // there is one.
    want: (key, wantedAt, body) => change(key, (press) => ({ ...press, wantedAt, body: body ?? press.body })),

    // Neighbours have received it, though it is not recorded.
    markHeard: (key) => change(key, (press) => ({ ...press, heard: true })),

    // The server has answered, and the person has not read it yet.
    recordOutcome: async (key, outcome) => {
      await change(key, (press) => ({ ...press, outcome }));
      announce(key, outcome);
    },

    // The id belongs to another house's call, so the press goes on under a new one. Returns the new key; nothing if the
    // press is gone.
    renew: (key) =>
      inStore("readwrite", (store, done) => {
        const found = store.get(key);
        found.onsuccess = () => {
          if (!found.result) return;
          const fresh = uuid7();
          store.delete(key);
          store.put({ ...found.result, key: fresh });
          done(fresh);
        };
      }),

    // It is over, and the person knows. Without an outcome they did not want it any more.
    forget: async (key, outcome) => {
      await inStore("readwrite", (store) => store.delete(key));
      announce(key, outcome);
    },

    // Calls back with { key, outcome } when another tab or the worker has got an answer or dropped a press.
    listen: (receive) => channel?.addEventListener("message", ({ data }) => receive(data)),
  };
})();
