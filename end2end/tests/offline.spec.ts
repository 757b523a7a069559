// A page without a network. A press is kept on the device and sent once, and nobody reads anything that is not true.

import { age, callsOf, close, isAlarmedOnce, kept, loseNetwork, worker } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";
import type { Visitor } from "../support/visitor.ts";

test("a press without a network is kept on the device, shown as kept, and one call when the network is back", async ({
  resident,
}) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  const calls = callsOf(caller);

  await loseNetwork(caller);
  await expect(caller.page.getByTestId("no-connection")).toBeVisible();
  await caller.hold();

  await caller.ownCallIs("retrying");
  await expect(caller.callState).toHaveText(
    "아직 보내지 못했어요. 요청은 이 기기에 보관했고, 연결되는 대로 보내요. " +
      "화면을 닫아도 사라지지 않지만, 열어 두면 더 빨리 보내요. 이유: 연결이 없어요.",
  );
  await expect(caller.call119).toBeVisible();
  await expect(caller.page.getByTestId("no-connection")).toBeHidden();
  const [press, ...others] = await kept(caller);
  expect(others).toEqual([]);
  expect(press).toMatchObject({ by: "resident-1203", fixed: true });
  expect(JSON.parse(press!.body)).toMatchObject({ house: "1203", lat: YARD.latitude, lng: YARD.longitude });
  const recorded = caller.recorded();
  await caller.context.setOffline(false);

  expect(await recorded).toBe(press!.key);
  await caller.ownCallIs("reached");
  expect(await kept(caller), "nothing is left to send").toEqual([]);
  await isAlarmedOnce(neighbour, press!.key);
  expect(new Set(calls()), "every try was the same call").toEqual(new Set([press!.key]));
});

test("a press in a tab that is then closed is sent by the next one, once and with the same id", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  const calls = callsOf(caller);
  await loseNetwork(caller);
  await caller.hold();
  await caller.ownCallIs("retrying");
  const [press] = await kept(caller);

  const next = await caller.newTab();
  await close(caller);
  await caller.context.setOffline(false);
  const recorded = next.recorded();
  await next.goHome();

  expect(await recorded).toBe(press!.key);
  await next.ownCallIs("reached");
  expect(await kept(next)).toEqual([]);
  await isAlarmedOnce(neighbour, press!.key);
  expect(new Set(calls())).toEqual(new Set([press!.key]));
});

test("a tab that stays takes over from one that is closed", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const other = await caller.anotherTab();
  await loseNetwork(caller);
  await caller.hold();
  await caller.ownCallIs("retrying");
  const [press] = await kept(caller);
  await expect(other.connection).toHaveAttribute("data-state", "waiting");

  await close(caller);
  const recorded = other.recorded();
  await caller.context.setOffline(false);

  expect(await recorded).toBe(press!.key);
  await other.ownCallIs("reached");
  await expect(neighbour.incident(press!.key)).toBeVisible();
});

test("a kept press that has grown old asks first, and is sent when it is still wanted", async ({ resident }) => {
  const { caller, press, calls } = await oldPress(await resident("resident-1203"));
  const neighbour = await resident("resident-1204");
  await expect(caller.callState).toContainText("11분 전에 누른 도움 요청을 아직 보내지 못했어요. 지금 보낼까요?");
  await expect(caller.call119).toBeVisible();
  expect(calls(), "nothing went out unasked").toEqual([]);

  const recorded = caller.recorded();
  await caller.page.getByTestId("send-now").click();

  expect(await recorded).toBe(press);
  await caller.ownCallIs("reached");
  await expect(neighbour.incident(press)).toBeVisible();
  expect(await kept(caller)).toEqual([]);
});

test("a kept press that has grown old is forgotten when it is not wanted any more", async ({ resident }) => {
  const { caller, calls } = await oldPress(await resident("resident-1203"));

  await caller.page.getByTestId("discard").click();

  await caller.ownCallIs("quiet");
  await expect.poll(() => kept(caller)).toEqual([]);
  await caller.reload();
  await caller.ownCallIs("quiet");
  expect(calls()).toEqual([]);
});

test("a press that grows old while the page waits for a network is not sent unasked either", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  await caller.page.clock.install();
  await caller.goHome();
  await loseNetwork(caller);
  await caller.hold();
  await caller.ownCallIs("retrying");
  const calls = callsOf(caller);
  await caller.page.clock.fastForward("11:00");
  await caller.ownCallIs("unsent");
  const tries = calls().length;
  await caller.context.setOffline(false);
  await caller.isConnected();

  await caller.ownCallIs("unsent");
  expect(calls().length, "not one more").toBe(tries);
  await caller.page.getByTestId("discard").click();
});

test("another resident on the device neither sends a kept press nor loses it", async ({ stranger, resident }) => {
  const caller = await stranger();
  await caller.enter("resident-1203");
  const neighbour = await resident("resident-1204");
  const calls = callsOf(caller);
  caller.expects(/40[13]|WebSocket connection to/);
  // Signed out in another tab, so that the press waits for its caller.
  const door = await caller.anotherTab();
  await door.page.getByTestId("sign-out").click();
  await expect(door.page).toHaveURL(`${caller.origin}/sign-in`);
  await expect(caller.connection).toHaveAttribute("data-state", "signed-out");
  await caller.hold();
  await caller.ownCallIs("sign-in");
  await expect(caller.callState).toContainText("요청은 이 기기에 보관했어요.");
  const [press] = await kept(caller);
  const tries = calls().length;

  await door.signIn("resident-1301", "neighbour");
  await door.isConnected();
  await door.ownCallIs("quiet");
  await caller.page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(caller.connection, "the socket accepts the signed-in resident").toHaveAttribute("data-state", "connected");
  await caller.ownCallIs("sign-in");
  await door.reload();
  await door.ownCallIs("quiet");
  expect(calls().length, "no try by somebody else").toBe(tries);
  expect(await kept(door)).toMatchObject([{ key: press!.key, by: "resident-1203" }]);

  await door.page.getByTestId("sign-out").click();
  await expect(door.page).toHaveURL(`${caller.origin}/sign-in`);
  await caller.page.close();
  const recorded = door.recorded();
  await door.signIn("resident-1203", "neighbour");
  expect(await recorded).toBe(press!.key);
  await expect(neighbour.incident(press!.key)).toBeVisible();
  await neighbour.hasOneOpenCall();
});

test("a device whose storage is forbidden calls all the same, and asks to keep the page open", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  await caller.context.addInitScript(() => {
    indexedDB.open = () => {
      throw new DOMException("not here", "SecurityError");
    };
  });
  await caller.goHome();
  await loseNetwork(caller);

  await caller.hold();

  await caller.ownCallIs("retrying");
  await expect(caller.callState).toContainText("이 화면만 가지고 있어요");
  await expect(caller.callState).toContainText("화면을 닫지 마세요");
  await expect(caller.callState).not.toContainText("기기에 보관");
  const leaving = caller.page.waitForEvent("dialog");
  const closing = caller.page.close({ runBeforeUnload: true });
  await (await leaving).dismiss();
  await closing;
  const recorded = caller.recorded();
  await caller.context.setOffline(false);
  await recorded;
  await caller.ownCallIs("recorded");
});

test("a storage that never answers does not hold up a call", async ({ visitor, resident }) => {
  const caller = await visitor("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  await caller.context.addInitScript(() => {
    indexedDB.open = () => new EventTarget() as IDBOpenDBRequest;
  });
  await caller.goHome();

  const call = await caller.call();

  await expect(neighbour.incident(call)).toBeVisible();
  await caller.ownCallIs("reached");
  await expect(neighbour.markers, "the place follows").toHaveCount(1);
});

/** A press of eleven minutes ago, in a tab that was closed; the next tab has just been opened. */
async function oldPress(
  visitor: Visitor,
): Promise<{ caller: Visitor; press: string; calls: () => (string | null)[] }> {
  // A worker that has not read its scripts yet cannot do so without a network.
  await worker(visitor);
  await loseNetwork(visitor);
  await visitor.hold();
  await visitor.ownCallIs("retrying");
  const [press] = await kept(visitor);
  const caller = await visitor.newTab();
  await close(visitor);
  await age(visitor, 11);
  await visitor.context.setOffline(false);
  const calls = callsOf(caller);
  await caller.goHome();
  await caller.ownCallIs("unsent");
  return { caller, press: press!.key, calls };
}
