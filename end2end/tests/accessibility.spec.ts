// axe finds no serious or critical violation on any page, in any state that a call has, in light and in dark.

import { isAccessible } from "../support/axe.ts";
import { age, pageIsKept } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";
import { canBeAhead, letPass } from "../support/spied.ts";

test("signing in is accessible", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.open("/sign-in");
  await isAccessible(somebody, "sign-in");
  await somebody.signIn("nobody", "wrong");
  await expect(somebody.page.getByRole("alert")).toBeVisible();
  await isAccessible(somebody, "sign-in refused");
  somebody.expects(/status of 404 .*\/nowhere\)$/);
  await somebody.open("/nowhere");
  await isAccessible(somebody, "no such page");
});

test("a call is accessible in every state", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  await isAccessible(caller, "quiet home");
  const neighbour = await resident("resident-1204", { viewport: { width: 390, height: 844 } });
  await isAccessible(neighbour, "quiet home on a phone");
  const admin = await resident("admin");
  await isAccessible(admin, "the administrator's quiet home");
  await neighbour.arm();
  await isAccessible(neighbour, "armed");
  await caller.page.getByTestId("alert-press").click();
  await expect(caller.page.getByRole("dialog")).toBeVisible();
  await isAccessible(caller, "the question whether to call");
  await caller.page.keyboard.press("Escape");

  const call = await caller.call({ kind: "medical", text: "아이가 숨을 못 쉬어요" });
  await caller.ownCallIs("reached");
  await expect(neighbour.page.getByTestId("silence")).toBeVisible();
  await expect(neighbour.markers).toHaveCount(1);
  await isAccessible(neighbour, "incoming call");
  await isAccessible(caller, "own call");
  await expect(admin.incident(call)).toBeVisible();
  await isAccessible(admin, "the administrator's open call");

  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await expect(neighbour.incident(call).getByTestId("withdraw")).toBeVisible();
  await isAccessible(neighbour, "accepted call");
  await isAccessible(caller, "own accepted call");

  await admin.incident(call).getByTestId("resolve").click();
  await caller.ownCallIs("ended");
  await isAccessible(caller, "own ended call");
  await expect(neighbour.incident(call)).toHaveAttribute("data-open", "false");
  await isAccessible(neighbour, "ended call");
});

test("the pages without wasm are accessible", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const neighbour = await visitor("resident-1204");
  const call = await caller.call({ kind: "fire", text: "연기가 나요" });
  await caller.open("/call?kind=fire&problem=unavailable");
  await isAccessible(caller, "/call");
  for (const visitor of [caller, neighbour]) {
    await visitor.open(`/call/${call}`);
    await isAccessible(visitor, "/call/{id}");
  }
});

test("a call that reached nobody is accessible", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  await canBeAhead(caller.page);
  await caller.goHome();
  await caller.call();
  await caller.ownCallIs("recorded");
  await letPass(caller.page, 11);
  await caller.ownCallIs("nobody");
  await isAccessible(caller, "nobody reached");
});

test("the numbers are accessible", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  await caller.call({ kind: "medical" });
  for (const { locale, width } of [
    { locale: "ko-KR", width: 390 },
    { locale: "en-US", width: 1280 },
  ]) {
    const admin = await visitor("admin", { locale, viewport: { width, height: 844 } });
    await admin.open("/admin/statistics?period=90d");
    for (const details of await admin.page.locator("details").all()) {
      await details.locator("summary").click();
    }
    await isAccessible(admin, `the numbers, ${locale}, ${width}`);
    admin.expects(/status of 422/);
    await admin.open("/admin/statistics?from=yesterday");
    await isAccessible(admin, `a question that makes no sense, ${locale}`);
  }
  caller.expects(/status of 403/);
  await caller.open("/admin/statistics");
  await isAccessible(caller, "the numbers are not a resident's");
});

test("a page without a network is accessible", async ({ resident }) => {
  const caller = await resident("resident-1203");
  await pageIsKept(caller);
  caller.expects(/ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket connection to|status of 503/);
  await caller.context.setOffline(true);
  await caller.page.reload();
  await expect(caller.page.getByTestId("no-connection")).toBeVisible();
  await isAccessible(caller, "no connection");
  await caller.hold();
  await caller.ownCallIs("retrying");
  await isAccessible(caller, "a kept press");
  await age(caller, 11);
  await caller.page.reload();
  await caller.ownCallIs("unsent");
  await isAccessible(caller, "an old press");
  await caller.page.getByTestId("discard").click();
  await caller.open("/call");
  await expect(caller.page.getByTestId("no-answer")).toBeVisible();
  await isAccessible(caller, "no answer");
});
