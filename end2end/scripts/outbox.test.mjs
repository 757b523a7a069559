// The browser's outbox (public/outbox.js) on a storage whose handle the browser kills, as Safari does in the background.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./support/script.mjs";

const PRESS = { key: "01890a5d-ac96-774b-bcce-b302099a8057", by: "resident-1203", body: "{}", fixed: false };

test("a press is kept and read again", async () => {
  const { outbox, storage } = fresh();
  await outbox.keep(PRESS);
  assert.deepEqual(plain(await outbox.all()), [{ asksAfter: 600_000, ...PRESS }]);
  assert.equal(storage.opened, 1);
});

test("a press that is still wanted later takes the location of then along", async () => {
  const { outbox } = fresh();
  await outbox.keep({ ...PRESS, fixed: true });
  await outbox.want(PRESS.key, 7);
  assert.deepEqual(plain(await outbox.all()), [{ asksAfter: 600_000, ...PRESS, fixed: true, wantedAt: 7 }]);
  await outbox.want(PRESS.key, 8, "[]");
  assert.equal(await outbox.fix(PRESS.key), "[]");
});

test("a press whose id belongs to another call goes on under a new UUIDv7", async () => {
  const { outbox } = fresh();
  await outbox.keep({ ...PRESS, fixed: true });
  const before = Date.now();
  const key = await outbox.renew(PRESS.key);
  assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const at = Number.parseInt(key.replace("-", "").slice(0, 12), 16);
  assert.ok(before <= at && at <= Date.now(), "its time is now");
  assert.deepEqual(plain(await outbox.all()), [{ asksAfter: 600_000, ...PRESS, fixed: true, key }]);
  assert.equal(await outbox.renew(PRESS.key), undefined, "it is gone");
});

test("a dead handle is replaced, and its work is done", async () => {
  const uses = {
    keep: (outbox) => outbox.keep({ ...PRESS, key: "another" }),
    all: (outbox) => outbox.all(),
    fix: (outbox) => outbox.fix(PRESS.key, "[]"),
    recordOutcome: (outbox) => outbox.recordOutcome(PRESS.key, { refused: {} }),
    forget: (outbox) => outbox.forget(PRESS.key),
  };
  for (const [name, use] of Object.entries(uses)) {
    const { outbox, storage } = fresh();
    await outbox.keep(PRESS);
    storage.kill("InvalidStateError");
    await use(outbox);
    assert.equal(storage.opened, 2, name);
    const expected = { keep: 2, forget: 0 }[name] ?? 1;
    assert.equal((await outbox.all()).length, expected, name);
    assert.equal(storage.opened, 2, `${name}: the new handle stays`);
  }
});

test("a transaction that dies with its handle is done again", async () => {
  for (const error of ["UnknownError", "AbortError"]) {
    const { outbox, storage } = fresh();
    await outbox.keep(PRESS);
    storage.abort(error);
    assert.equal(await outbox.fix(PRESS.key, "[]"), "[]", error);
    assert.equal(storage.opened, 2, error);
  }
});

test("uses that find the same dead handle at the same time open one new one", async () => {
  const { outbox, storage } = fresh();
  await outbox.keep(PRESS);
  storage.kill("InvalidStateError");
  await Promise.all([outbox.all(), outbox.all(), outbox.want(PRESS.key, 7)]);
  assert.equal(storage.opened, 2);
  assert.equal((await outbox.all())[0].wantedAt, 7);
});

test("a storage that stays dead, or refuses, is tried no more than it may help", async () => {
  const dead = fresh();
  await dead.outbox.keep(PRESS);
  dead.storage.kill("InvalidStateError", { forGood: true });
  await assert.rejects(dead.outbox.all(), { name: "InvalidStateError" });
  assert.equal(dead.storage.opened, 2);

  const full = fresh();
  await full.outbox.keep(PRESS);
  full.storage.abort("QuotaExceededError");
  await assert.rejects(full.outbox.keep(PRESS), { name: "QuotaExceededError" });
  assert.equal(full.storage.opened, 1);
  await full.outbox.keep(PRESS);
});

function fresh() {
  const storage = fakeStorage();
  const quiet = { ...console, warn: () => {} };
  return { outbox: load("outbox.js", { indexedDB: storage.indexedDB, console: quiet }).iutsaiOutbox, storage };
}

/** Values of the script's scope have prototypes of their own. */
const plain = (value) => JSON.parse(JSON.stringify(value));

/** The part of IndexedDB that the outbox uses, which is one store whose transactions apply all their changes or none.
 * */
function fakeStorage() {
  const storage = { opened: 0, kill, abort, indexedDB: { open } };
  let rows = new Map();
  let handles = [];
  let abortNext; // the name of the error that the next transaction ends with
  let killed; // the name of the error that handles throw from their birth

  function open() {
    const request = {};
    storage.opened += 1;
    queueMicrotask(() => {
      const handle = { dead: killed, transaction: (_, mode) => transaction(handle, mode), close: () => {} };
      handles.push(handle);
      request.result = handle;
      request.onsuccess();
    });
    return request;
  }

  function kill(error, { forGood = false } = {}) {
    for (const handle of handles) handle.dead = error;
    handles = [];
    if (forGood) killed = error;
  }

  function abort(error) {
    abortNext = error;
  }

  function transaction(handle) {
    if (handle.dead) throw new DOMException("the database connection is closing", handle.dead);
    const changed = new Map(rows);
    const requests = [];
    const ask = (work) => {
      const request = {};
      requests.push(() => {
        request.result = work();
        request.onsuccess?.();
      });
      return request;
    };
    const store = {
      get: (key) => ask(() => changed.get(key)),
      getAll: () => ask(() => [...changed.values()]),
      put: (row) => ask(() => void changed.set(row.key, row)),
      delete: (key) => ask(() => void changed.delete(key)),
    };
    const transaction = { objectStore: () => store };
    setImmediate(() => {
      const error = abortNext;
      abortNext = undefined;
      if (error) {
        transaction.error = new DOMException("it was aborted", error);
        return transaction.onabort();
      }
      while (requests.length) requests.shift()();
      rows = changed;
      transaction.oncomplete();
    });
    return transaction;
  }

  return storage;
}
