// The service worker's reaction to a push and to a tap on its notification, without a browser.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { load, valueOf } from "./support/script.mjs";

const PUSH = readFileSync(new URL("../../public/worker/push.js", import.meta.url), "utf8");
const KEY_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const RESIDENT = { name: "resident-1204", line: "101-1", house: "1204", role: "resident" };
const CALL = { line: "101-1", house: "1203", alert: "01890a5d-ac96-774b-bcce-b302099a8057", class: "alert", device: "d-1" };
const PUSHED = {
  web_push: 8030,
  notification: {
    title: "1203호에서 도움을 요청했어요",
    body: "101-1 라인 · 14:03부터",
    navigate: "https://iutsai.example/",
    lang: "ko",
    tag: "a-topic",
    renotify: true,
    actions: [{ action: "accept", title: "제가 갈게요", navigate: "https://iutsai.example/" }],
    data: CALL,
  },
};

const json = (value, status = 200) => new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } });
const problem = (type, status) =>
  new Response(JSON.stringify({ type: `/problems/${type}`, title: "No", status, detail: "No." }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
const recorded = () => json({ id: CALL.alert, state: "published" }, 202);

/** A worker with what the server answers to accepts, one after another. */
function workerWith(accepts, viewer = () => json(RESIDENT)) {
  const [shown, requests, focused] = [[], [], []];
  const answers = [...accepts];
  const scope = load("worker/deliver.js", {
    HOME: "/",
    location: { origin: "https://iutsai.example" },
    addEventListener: () => {},
    registration: { showNotification: async (title, options) => void shown.push({ title, ...options }) },
    clients: { matchAll: async () => [], openWindow: async (address) => void focused.push(address) },
    fetch: async (path, request = {}) => {
      requests.push({ path, ...request });
      if (path === "/api/session") return viewer();
      if (path !== "/accept") return new Response(null, { status: 204 });
      const answer = answers.shift();
      if (!answer) throw new TypeError("the network is gone");
      return answer();
    },
    setTimeout: (work) => setTimeout(work, 0),
  });
  valueOf(scope, PUSH);
  const accepted = () => requests.filter(({ path }) => path === "/accept");
  return { scope, shown, requests, focused, accepted };
}

const pushOf = (value) => ({ json: () => JSON.parse(typeof value === "string" ? value : JSON.stringify(value)) });

/** Shows the push and taps "I am coming". */
async function comes(worker) {
  await worker.scope.showPush(pushOf(PUSHED));
  const [{ data }] = worker.shown;
  await worker.scope.clicked({ data, close: () => {} }, "accept");
  return worker.shown.at(-1);
}

test("a push is shown as the server has written it, and the server learns that it was shown", async () => {
  const { scope, shown, requests } = workerWith([]);
  await scope.showPush(pushOf(PUSHED));
  assert.equal(shown.length, 1);
  const [{ title, body, tag, renotify, actions, data }] = shown;
  assert.deepEqual([title, body, tag, renotify], ["1203호에서 도움을 요청했어요", "101-1 라인 · 14:03부터", "a-topic", true]);
  assert.equal(JSON.stringify(actions), JSON.stringify([{ action: "accept", title: "제가 갈게요" }]));
  assert.match(data.key, KEY_FORM);
  assert.equal(data.alert, CALL.alert);
  assert.deepEqual(requests.map(({ path, method }) => `${method} ${path}`), ["POST /api/push/subscriptions/d-1/shown"]);
});

test("whatever comes, something is shown", async () => {
  for (const value of ["not json", "null", "{}", '{"web_push":1,"notification":{"title":"x"}}', '{"web_push":8030}']) {
    const { scope, shown } = workerWith([]);
    await scope.showPush(pushOf(value));
    assert.equal(shown.length, 1, value);
    assert.equal(shown[0].title, "이웃이 도움을 요청했을 수 있어요");
  }
  const { scope, shown } = workerWith([]);
  await scope.showPush(null);
  assert.equal(shown.length, 1, "a push without data");
});

test("the worker has its words in every language of the pages", () => {
  const words = valueOf(workerWith([]).scope, "PUSH_WORDS");
  const files = readdirSync(new URL("../../app/locales/", import.meta.url));
  assert.deepEqual(Object.keys(words).sort(), files.map((file) => file.replace(".json", "")).sort());
  for (const language of Object.keys(words)) assert.deepEqual(Object.keys(words[language]), Object.keys(words.ko), language);
});

test("the accept has a key of its own, which stays the same when it is sent again", async () => {
  const worker = workerWith([() => problem("unavailable", 503), () => recorded()]);
  const result = await comes(worker);
  assert.deepEqual([result.title, result.tag, result.data.outcome], ["간다고 알렸어요", "a-topic", "coming"]);
  const sent = worker.accepted();
  assert.equal(sent.length, 2);
  assert.equal(sent[0].headers["idempotency-key"], sent[1].headers["idempotency-key"]);
  assert.match(sent[0].headers["idempotency-key"], KEY_FORM);
  assert.notEqual(sent[0].headers["idempotency-key"], CALL.alert);
  assert.deepEqual(JSON.parse(sent[0].body), {
    line: "101-1",
    acceptHouse: "1204",
    targetHouse: "1203",
    alert: CALL.alert,
  });
});

test("an answer that could not be sent is never shown as sent", async () => {
  for (const [answers, viewer, outcome] of [
    [[], undefined, "notSent"],
    [[() => problem("no-open-call", 409)], undefined, "over"],
    [[() => problem("not-yours", 403)], undefined, "notSent"],
    [[() => problem("not-signed-in", 401)], undefined, "signedOut"],
    [[], () => problem("not-signed-in", 401), "signedOut"],
    [[1, 2, 3].map(() => () => new Response("<html>", { status: 502 })), undefined, "notSent"],
    [[], () => new Response("<html>", { status: 200 }), "notSent"],
  ]) {
    const result = await comes(workerWith(answers, viewer));
    assert.equal(result.data.outcome, outcome);
    assert.notEqual(result.title, "간다고 알렸어요");
  }
});

test("a renewed subscription names the one that it replaces, by which the server knows the device and its language", async () => {
  const subscription = (endpoint) => ({
    endpoint,
    options: { applicationServerKey: "the server's key" },
    toJSON: () => ({ endpoint, keys: { p256dh: "p", auth: "a" } }),
  });
  const [old, fresh] = [subscription("https://push.example/old"), subscription("https://push.example/new")];
  for (const [event, replaces] of [
    [{ oldSubscription: old, newSubscription: fresh }, old.endpoint],
    [{ oldSubscription: old, newSubscription: null }, old.endpoint],
    [{ oldSubscription: null, newSubscription: fresh }, undefined],
  ]) {
    const { scope, requests } = workerWith([]);
    const keys = [];
    const subscribe = async ({ applicationServerKey }) => {
      keys.push(applicationServerKey);
      return fresh;
    };
    scope.registration.pushManager = { subscribe };
    await scope.renewSubscription(event);
    const [{ path, method, body }, ...more] = requests;
    assert.deepEqual([method, path, more.length], ["POST", "/api/push/subscriptions", 0]);
    const sent = JSON.parse(body);
    assert.deepEqual([sent.endpoint, sent.keys.auth, sent.replaces], [fresh.endpoint, "a", replaces]);
    assert.ok(!("language" in sent), "the server has it");
    assert.deepEqual(keys, event.newSubscription ? [] : ["the server's key"]);
  }
});

test("a tap beside the action opens the page, on this site only", async () => {
  for (const [navigate, opened] of [
    ["https://iutsai.example/", "https://iutsai.example/"],
    ["https://evil.example/", "/"],
    [undefined, "https://iutsai.example/"],
  ]) {
    const worker = workerWith([]);
    await worker.scope.clicked({ data: { ...CALL, navigate }, close: () => {} }, "");
    assert.deepEqual(worker.focused, [opened]);
  }
});
