// The frames that the server refuses, and those that it confirms.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Versions } from "@stomp/stompjs";

import { house } from "./support/house.mjs";
import { Listener } from "./support/listener.mjs";
import { post, press } from "./support/people.mjs";

const home = house();

test("a wrong password is refused", async () => {
  const { status, type, body } = await post(home.origin, undefined, "/api/session", {
    name: "resident-1203",
    password: "stranger",
  });
  assert.equal(status, 401);
  assert.equal(type, "application/problem+json");
  assert.deepEqual([body.status, typeof body.type, typeof body.title, typeof body.detail], [401, "string", "string", "string"]);
});

test("a wrong token is refused on CONNECT", async () => {
  const listener = home.keep(new Listener(home.origin, "not-a-token"));
  const error = await listener.refused();
  assert.match(error.message, /sign in/);
});

test("a foreign line is refused on SUBSCRIBE", async () => {
  const listener = home.keep(await Listener.connected(home.elsewhere));
  listener.subscribe("/sub/line/101-1");
  const error = await listener.refused();
  assert.match(error.message, /101-1/);
  assert.deepEqual(listener.messages, []);
});

test("an unknown destination is refused", async () => {
  const listener = home.keep(await Listener.connected(home.neighbour));
  listener.send("/pub/everything", {});
  assert.match((await listener.refused()).message, /destination/);
});

test("nobody presses without a token, nor for another house", async () => {
  const { caller, origin } = home;
  const call = { line: "101-1", house: "1204", text: "" };
  for (const [token, expected] of [
    [undefined, 401],
    ["not-a-token", 401],
    [caller.token, 403],
  ]) {
    const { status, type, body } = await post(origin, token, "/alert", call);
    assert.deepEqual([status, type, body.status], [expected, "application/problem+json", expected]);
  }
});

test("SUBSCRIBE, SEND and ACK with a receipt are confirmed, and DISCONNECT is answered before the end", async () => {
  const { caller, neighbour, listen } = home;
  const listener = await Listener.connected(neighbour);
  listener.subscribe("/sub/line/101-1", { ack: "client-individual", receipt: "subscribed" });
  await listener.receipt("subscribed");
  const alert = await press(caller);
  (await listener.event("alert", alert)).acknowledge({ receipt: "acknowledged" });
  await listener.receipt("acknowledged");
  listener.send("/pub/seen", { alert }, { receipt: "sent" });
  await listener.receipt("sent");
  await post(home.origin, caller.token, `/alert/${alert}/resolve`, {});
  // stompjs closes with 1000 only after the RECEIPT of its DISCONNECT.
  await listener.leave();
  assert.equal(listener.closed?.code, 1000);
  assert.deepEqual(listener.errors, []);
  await listen(neighbour);
});

for (const version of [Versions.V1_2, Versions.V1_1]) {
  test(`STOMP ${version} is spoken, and each message is acknowledged in its way`, async () => {
    const { caller, neighbour, listen } = home;
    const own = await listen(caller);
    const listener = home.keep(await Listener.connected(neighbour, [version]));
    assert.equal((await listener.connected()).version, version);
    listener.subscribe("/sub/line/101-1", { ack: "client-individual" });
    const alert = await press(caller);
    (await listener.event("alert", alert)).acknowledge();
    const reached = ({ body }) => body.type === "receipt" && body.alert === alert && body.reached.includes("1204");
    await own.message("1204 was reached", reached);
    await post(home.origin, caller.token, `/alert/${alert}/resolve`, {});
  });
}
