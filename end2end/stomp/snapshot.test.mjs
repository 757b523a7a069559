// The snapshot of a subscriber who comes later.

import assert from "node:assert/strict";
import { test } from "node:test";

import { house } from "./support/house.mjs";
import { accept, cancel, press } from "./support/people.mjs";

const home = house();

test("a late subscriber gets the open calls with their answers, and then an end", async () => {
  const { caller, neighbour, another, listen } = home;
  const early = await listen(caller);
  const over = await press(caller, { text: "it is over" });
  const ended = await cancel(caller, over);
  const open = await press(caller, { text: "still open", lat: 37.5, lng: 127 });
  const coming = await accept(neighbour, { targetHouse: "1203", alert: open });
  await early.event("status", ended);
  await early.event("accept", coming);

  const late = await listen(another);
  const about = late.messages.filter(({ body }) => body.type !== "receipt");
  assert.deepEqual(
    about.map(({ body }) => [body.type, body.id]),
    [
      ["alert", open],
      ["accept", coming],
      ["snapshot-end", undefined],
    ],
  );
  const [alert, accepted, end] = about;
  assert.equal(alert.headers.replay, "true");
  assert.equal(accepted.headers.replay, "true");
  assert.equal(alert.body.text, "still open");
  assert.equal(accepted.body.accept, "1204");
  assert.deepEqual(end.body, { type: "snapshot-end", line: "101-1", truncated: false });

  const live = await accept(another, { targetHouse: "1203", alert: open });
  assert.equal((await late.event("accept", live)).headers.replay, undefined, "live events follow the snapshot");
  await cancel(caller, open);
});

test("the calls of the last day come on request, without where they were", async () => {
  const { caller, neighbour, listen } = home;
  const early = await listen(caller);
  const alert = await press(caller, { text: "yesterday's news", lat: 37.5, lng: 127, accuracy: 5 });
  const ended = await cancel(caller, alert);
  await early.event("status", ended);

  const { messages } = await listen(neighbour, { replay: "24h" });
  const listed = messages.find(({ body }) => body.type === "alert" && body.id === alert);
  assert.equal(listed?.body.text, "yesterday's news");
  for (const field of ["lat", "lng", "accuracy"]) {
    assert.ok(listed.body[field] === undefined || listed.body[field] === null, `${field} is sent`);
  }
  const status = messages.find(({ body }) => body.type === "status" && body.id === ended);
  assert.equal(status?.body.status, "cancelled");
});
