// The program as it was unpacked from its tarball (script/package --test), away from the clone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { house } from "../stomp/support/house.mjs";
import { cancel, press } from "../stomp/support/people.mjs";

const home = house();

test("it serves the site that lies beside it", async () => {
  const page = await fetch(`${home.origin}/sign-in`);
  assert.equal(page.status, 200);
  const { pathname } = new URL(/[^"]*iutsai\.css[^"]*/.exec(await page.text())?.[0] ?? "/no-style", home.origin);
  for (const path of [pathname, "/pkg/iutsai.js", "/pkg/iutsai_bg.wasm", "/outbox.js", "/leaflet/leaflet.js"]) {
    const { status } = await fetch(home.origin + path);
    assert.equal(status, 200, path);
  }
});

test("a press is recorded, and the caller gets the receipt of a neighbour", async () => {
  const { caller, neighbour, listen } = home;
  const own = await listen(caller);
  const next = await listen(neighbour, { ack: "client-individual" });
  const alert = await press(caller);
  (await next.event("alert", alert)).acknowledge();
  await own.message("1204 was reached", ({ body }) => body.alert === alert && body.reached?.includes("1204"));
  await cancel(caller, alert);
});
