// One resident's press on a server that runs elsewhere, for packaging/try-debian.
//
//   node call.mjs ORIGIN press           signs in, presses, prints the call's id once it is recorded
//   node call.mjs ORIGIN listed ID       signs in again; fails unless the call is still open for its line
//   node call.mjs ORIGIN gap             prints, when its input ends, for how long /healthz was not answered at most

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { Listener } from "../stomp/support/listener.mjs";
import { press, signIn } from "../stomp/support/people.mjs";

const [origin, task, id] = process.argv.slice(2);

/** The time between two looks, and the time for an answer, in milliseconds. */
const GLANCE = 10;
const PATIENCE = 1_000;

async function gap() {
  let isOver = false;
  process.stdin.once("end", () => (isOver = true)).resume();
  let longest = 0;
  let answered = performance.now();
  while (!isOver) {
    const alive = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(PATIENCE) }).then(
      ({ ok }) => ok,
      () => false,
    );
    longest = Math.max(longest, performance.now() - answered);
    if (alive) answered = performance.now();
    await pause(GLANCE);
  }
  console.log(Math.round(longest));
}

if (task === "press") {
  console.log(await press(await signIn(origin, "resident-1203")));
} else if (task === "listed") {
  const listener = await Listener.on("101-1", await signIn(origin, "resident-1203"));
  assert.ok(listener.messages.some(({ body }) => body.type === "alert" && body.id === id), `${id} is not listed`);
  await listener.leave();
} else {
  assert.equal(task, "gap");
  await gap();
}
