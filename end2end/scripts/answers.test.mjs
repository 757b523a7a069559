// The meaning of an answer to the service worker, by the table of the page (app/src/api/answers.json), and its
// consequence for a press.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { load, valueOf } from "./support/script.mjs";

const { types, cases } = JSON.parse(readFileSync(new URL("../../app/src/api/answers.json", import.meta.url), "utf8"));
const PROBLEM = "application/problem+json";
const HTML = "<html><title>nginx</title>";
const KEY = "01890a5d-ac96-774b-bcce-b302099a8057";

const problem = (type, status) => JSON.stringify({ type, title: "No", status, detail: "No." });

test("every answer of the table means what the table lists", () => {
  const { meaningOf } = load("worker/deliver.js");
  for (const { name, status, contentType, body, means } of cases) {
    assert.equal(meaningOf(status, contentType, body), means, name);
  }
});

test("every type of problem means what the table lists, and no other is final", () => {
  const scope = load("worker/deliver.js");
  for (const { type, status, means } of types) {
    assert.equal(scope.meaningOf(status, PROBLEM, problem(type, status)), means, type);
  }
  const refused = types.filter(({ means }) => means === "refused").map(({ type }) => type);
  assert.deepEqual([...valueOf(scope, "FINAL")].sort(), refused.sort());
});

test("an outcome is kept for what is final, a 403 is left to the page, and everything else is sent again", () => {
  const { read } = load("worker/deliver.js");
  const kinds = new Set();
  const own = ({ type, status, means }) => ({ status, means, contentType: PROBLEM, body: problem(type, status) });
  for (const { status, contentType, body, means } of [...cases, ...types.map(own)]) {
    const outcome = () => read(status, contentType, body);
    if (means === "recorded") assert.equal(outcome().recorded.id, KEY);
    else if (means === "signed-out" || (means === "refused" && status === 403)) assert.equal(outcome(), undefined);
    else if (means === "refused") assert.equal(outcome().refused.type, JSON.parse(body).type);
    else assert.throws(outcome, new RegExp(`POST /alert: status ${status}`));
    kinds.add(means);
  }
  assert.deepEqual([...kinds].sort(), ["again", "busy", "heard", "recorded", "refused", "signed-out"]);
});

test("a proxy's answer to a kept press leaves it as it is, and the worker is woken again", async () => {
  for (const status of [401, 403, 404, 405]) {
    const worker = workerWith({ "/alert": () => html(status) });
    await assert.rejects(worker.deliver(), new RegExp(`POST /alert: status ${status}`));
    assert.deepEqual(worker.outcomes, []);
  }
});

test("only the server itself may report that nobody is signed in", async () => {
  const signedOut = workerWith({ "/api/session": () => answer(401, PROBLEM, problem("/problems/not-signed-in", 401)) });
  await signedOut.deliver();
  assert.deepEqual(signedOut.asked, ["/api/session"]);
  const others = [html(401), html(200), answer(200, "application/json", '{"status":"welcome"}')];
  for (const other of others) {
    const worker = workerWith({ "/api/session": () => other });
    await assert.rejects(worker.deliver(), /who is signed in/);
    assert.deepEqual(worker.asked, ["/api/session"], "the press is not sent in the name of nobody");
  }
});

test("the server's answers end a kept press", async () => {
  const taken = workerWith({ "/alert": () => answer(202, "application/json", `{"id":"${KEY}","state":"stored"}`) });
  await taken.deliver();
  assert.equal(taken.outcomes[0].recorded.id, KEY);
  const refused = workerWith({ "/alert": () => answer(422, PROBLEM, problem("/problems/invalid", 422)) });
  await refused.deliver();
  assert.equal(refused.outcomes[0].refused.detail, "No.");
});

test("a press that was one too many is forgotten, since the call that stands shows more", async () => {
  const stands = workerWith({ "/alert": () => answer(429, PROBLEM, problem("/problems/call-stands", 429)) });
  await stands.deliver();
  assert.deepEqual(stands.outcomes, []);
  assert.deepEqual(stands.forgotten.map(({ refused }) => refused.type), ["/problems/call-stands"]);
  const busy = workerWith({ "/alert": () => answer(429, PROBLEM, problem("/problems/too-many", 429)) });
  await assert.rejects(busy.deliver(), /status 429/);
  assert.deepEqual([...busy.outcomes, ...busy.forgotten], []);
});

test("a press that was kept with a location is sent without one for a person who keeps it back now", async () => {
  const session = (headers) => () =>
    new Response(JSON.stringify(RESIDENT), { headers: { "content-type": "application/json", ...headers } });
  const place = { lat: 37.5, lng: 127, accuracy: 12 };
  for (const [headers, expected] of [[{}, { ...PRESS, ...place }], [{ "iutsai-location": "off" }, PRESS]]) {
    const worker = workerWith({ "/api/session": session(headers), "/alert": () => html(503) }, { ...PRESS, ...place });
    await assert.rejects(worker.deliver(), /status 503/);
    assert.deepEqual(worker.sent.map((body) => JSON.parse(body)), [expected]);
  }
});

const RESIDENT = { name: "resident-1203", line: "101-1", house: "1203" };
const PRESS = { line: "101-1", house: "1203" };
const answer = (status, contentType, body) => new Response(body, { status, headers: { "content-type": contentType } });
const html = (status) => answer(status, "text/html", HTML);

/** A worker that finds one young press of who is signed in. */
function workerWith(answers, request = PRESS) {
  const [asked, sent, outcomes, forgotten] = [[], [], [], []];
  const body = JSON.stringify(request);
  const press = { key: KEY, by: RESIDENT.name, body, wantedAt: Date.now(), asksAfter: 600_000 };
  const all = { "/api/session": () => answer(200, "application/json", JSON.stringify(RESIDENT)), ...answers };
  const scope = load("worker/deliver.js", {
    clients: { matchAll: async () => [] },
    fetch: async (path, { body: given }) => {
      asked.push(path);
      if (given) sent.push(given);
      return all[path]();
    },
    iutsaiOutbox: {
      all: async () => [press],
      fix: async () => body,
      markHeard: async () => {},
      recordOutcome: async (_, outcome) => outcomes.push(outcome),
      forget: async (_, outcome) => forgotten.push(outcome),
    },
  });
  return { deliver: scope.deliver, asked, sent, outcomes, forgotten };
}
