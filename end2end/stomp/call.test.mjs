// A call on its way through the running server, seen by @stomp/stompjs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { house } from "./support/house.mjs";
import { accept, cancel, press } from "./support/people.mjs";

const home = house();

test("a press reaches everybody who listens on the line, and the management office", async () => {
  const { caller, neighbour, another, office, listen } = home;
  const listeners = [
    await listen(caller),
    await listen(neighbour),
    await listen(another),
    await listen(office, { line: "101-1" }),
  ];
  const before = Date.now();
  const call = { text: "넘어졌어요 \"도와주세요\"", lat: 37.501274, lng: 127.039585, accuracy: 12, kind: "medical" };
  const id = await press(caller, call);

  for (const listener of listeners) {
    const { headers, body } = await listener.event("alert", id);
    assert.equal(headers.destination, "/sub/line/101-1");
    assert.equal(headers.type, "alert");
    assert.equal(headers.replay, undefined);
    assert.match(headers["content-type"], /^application\/json/);
    assert.match(headers["message-id"], /^(an-alert-\d+-\d+|an-alert-direct-.+)$/);
    const { at, lat, lng, ...rest } = body;
    assert.deepEqual([Number(lat), Number(lng)], [call.lat, call.lng]);
    assert.equal(typeof at, "number");
    assert.ok(at >= before - 1_000 && at <= Date.now() + 1_000, `at is ${at}`);
    assert.deepEqual(rest, {
      type: "alert",
      id,
      line: "101-1",
      house: "1203",
      text: call.text,
      accuracy: 12,
      kind: "medical",
      drill: false,
    });
  }
  await cancel(caller, id);
});

test("the other line receives nothing of it", async () => {
  const { caller, neighbour, elsewhere, listen } = home;
  const here = await listen(neighbour);
  const there = await listen(elsewhere);
  const id = await press(caller);
  await here.event("alert", id);
  // Their own call comes the same way and later; a call of 101-1 would have come before it.
  const own = await press(elsewhere);
  await there.event("alert", own);
  await cancel(caller, id);
  await cancel(elsewhere, own);
  await there.message("the end of the own call", ({ body }) => body.type === "status" && body.alert === own);
  assert.deepEqual(new Set(there.messages.map(({ body }) => body.line)), new Set(["101-2"]));
  assert.ok(!here.messages.some(({ body }) => body.id === own));
});

test("an accept reaches everybody, the caller too, with which one was the first", async () => {
  const { caller, neighbour, another, listen } = home;
  const listeners = [await listen(caller), await listen(neighbour), await listen(another)];
  const alert = await press(caller);
  const first = await accept(neighbour, { targetHouse: "1203", alert });
  await listeners[0].event("accept", first);
  // The accept does not name the call, so it is the newest open one of that house.
  const second = await accept(another, { targetHouse: "1203" });

  for (const listener of listeners) {
    const of1204 = await listener.event("accept", first);
    const of1301 = await listener.event("accept", second);
    const { at, first: isFirst, ...rest } = of1204.body;
    assert.equal(typeof at, "number");
    assert.deepEqual(rest, {
      type: "accept",
      id: first,
      line: "101-1",
      accept: "1204",
      target: "1203",
      text: "1203",
      alert,
    });
    assert.equal(of1301.body.alert, alert);
    assert.notEqual(isFirst, false);
    assert.notEqual(of1301.body.first, true);
    if (isFirst === null) {
      const settled = ({ body }) => body.type === "first" && body.alert === alert;
      const { body } = await listener.message("who was first", settled);
      assert.deepEqual(body, { type: "first", line: "101-1", alert, target: "1203", accept: "1204", id: first });
    }
  }
  await cancel(caller, alert);
});

test("the caller's line learns which houses were reached, and which have seen the call", async () => {
  const { caller, neighbour, another, listen } = home;
  const own = await listen(caller, { ack: "client-individual" });
  const next = await listen(neighbour, { ack: "client-individual" });
  const silent = await listen(another, { ack: "auto" });
  const alert = await press(caller);
  const about = (listener, what, holds) =>
    listener.message(what, ({ body }) => body.type === "receipt" && body.alert === alert && holds(body));

  (await own.event("alert", alert)).acknowledge();
  const message = await next.event("alert", alert);
  assert.ok(message.headers.ack, "the frame asks for its acknowledgement");
  message.acknowledge();
  assert.equal((await silent.event("alert", alert)).headers.ack, undefined);
  const reached = await about(own, "1204 was reached", ({ reached }) => reached.includes("1204"));
  // Not the caller's own house, nor one that acknowledges nothing.
  const receipt = { type: "receipt", line: "101-1", alert, target: "1203", reached: ["1204"], seen: [] };
  assert.deepEqual(reached.body, receipt);

  silent.send("/pub/seen", { alert });
  const seen = await about(own, "1301 looked", ({ seen }) => seen.includes("1301"));
  assert.deepEqual(seen.body.seen, ["1301"]);
  await cancel(caller, alert);
});

test("a call that is taken back is announced as cancelled", async () => {
  const { caller, neighbour, listen } = home;
  const listener = await listen(neighbour);
  const alert = await press(caller);
  const id = await cancel(caller, alert);
  const { body } = await listener.event("status", id);
  const { at, ...rest } = body;
  assert.equal(typeof at, "number");
  assert.deepEqual(rest, { type: "status", id, line: "101-1", alert, target: "1203", status: "cancelled", by: "1203" });
});
