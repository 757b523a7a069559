// The alarm that a neighbour notices, and calls that do not alarm twice.

import { Cable } from "../support/cable.ts";
import { NO_NETWORK } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { device, spyOnDevice } from "../support/spied.ts";

test("an armed page sounds, vibrates and says in its title who calls, until somebody comes", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await visitor("resident-1204", { reducedMotion: "no-preference" });
  await spyOnDevice(neighbour.page);
  await neighbour.goHome();
  await neighbour.arm();
  const title = await neighbour.page.title();
  expect(await neighbour.sounded()).toBe(0);
  const chirps = (await device(neighbour.page)).started;

  await caller.call();

  await expect.poll(() => neighbour.sounded()).toBe(1);
  await expect(neighbour.page).toHaveTitle("1203호에서 도움을 요청해요");
  await expect(neighbour.page, "by turns with its own").toHaveTitle(title);
  const sounding = await device(neighbour.page);
  expect(sounding.started, "oscillators of the siren").toBeGreaterThan(chirps);
  expect(sounding.state).toBe("running");
  expect(sounding.vibrated).toContainEqual([700, 300, 700]);
  await expect(neighbour.page.getByTestId("silence")).toBeVisible();

  await neighbour.alarm.getByTestId("accept").click();

  await caller.ownCallIs("coming");
  await expect(neighbour.page.getByTestId("silence")).toBeHidden();
  await expect(neighbour.page).toHaveTitle(title);
  const quiet = await device(neighbour.page);
  expect(quiet.stopped, "every oscillator has stopped").toBe(quiet.started);
  expect(quiet.vibrated.at(-1)).toEqual([0]);
});

test("a call that its only helper leaves sounds again", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const helper = await resident("resident-1301");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  const call = await caller.call();
  await expect.poll(() => neighbour.sounded()).toBe(1);
  await helper.incident(call).getByTestId("accept").click();
  await expect(neighbour.page.getByTestId("silence")).toBeHidden();

  await helper.incident(call).getByTestId("withdraw").click();
  await expect.poll(() => neighbour.sounded()).toBe(2);
  await expect(neighbour.page.getByTestId("silence")).toBeVisible();
});

test("silence is for one call: the next one sounds again", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const other = await resident("resident-1301");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();

  const call = await caller.call();
  await expect.poll(() => neighbour.sounded()).toBe(1);
  await neighbour.page.getByTestId("silence").click();
  await expect(neighbour.page.getByTestId("silence")).toBeHidden();
  await expect(neighbour.incident(call), "it is still open").toHaveAttribute("data-open", "true");

  await other.call();
  await expect.poll(() => neighbour.sounded()).toBe(2);
  await expect(neighbour.page.getByTestId("silence")).toBeVisible();
});

test("a page that was not armed says so, and sounds the open call once it is", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await expect(neighbour.page.getByTestId("arm")).toHaveAttribute("data-armed", "false");
  await expect(neighbour.page.getByText("경보가 울리게 하려면 한 번 눌러 주세요")).toBeVisible();

  const call = await caller.call();
  await expect(neighbour.alarm.locator(neighbour.incident(call))).toBeVisible();
  expect(await neighbour.sounded()).toBe(0);

  await neighbour.arm();
  await expect.poll(() => neighbour.sounded()).toBe(1);
  await expect(neighbour.page.getByText("경보음 켜짐")).toBeVisible();
});

test("a call that somebody answers already does not sound", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const other = await resident("resident-1301");
  const neighbour = await resident("resident-1204");
  const answered = await caller.call();
  await other.incident(answered).getByTestId("accept").click();
  await expect(neighbour.incident(answered).getByTestId("coming")).toBeVisible();

  await neighbour.arm();
  const unanswered = await other.call();

  await expect(neighbour.incident(unanswered)).toBeVisible();
  await expect.poll(() => neighbour.sounded()).toBe(1);
});

test("a call pressed while a neighbour's connection was cut sounds when it is back, and only once", async ({
  program,
  resident,
}) => {
  const cable = await Cable.laid(program.listensOn);
  try {
    const caller = await resident("resident-1203");
    const other = await resident("resident-1301");
    const neighbour = await resident("resident-1204", { origin: cable.origin });
    neighbour.expects(NO_NETWORK);
    await neighbour.arm();

    cable.cut();
    await expect(neighbour.connection).toHaveAttribute("data-state", "waiting");
    const call = await caller.call();
    await caller.ownCallIs("reached");
    await expect(neighbour.incident(call)).toHaveCount(0);
    expect(await neighbour.sounded()).toBe(0);

    cable.mend();
    await neighbour.isConnected();
    await expect(neighbour.alarm.locator(neighbour.incident(call))).toBeVisible();
    await expect.poll(() => neighbour.sounded()).toBe(1);

    // The connection goes and comes once more. The call is shown again and does not sound again.
    cable.cut();
    await expect(neighbour.connection).toHaveAttribute("data-state", "waiting");
    cable.mend();
    await neighbour.isConnected();
    await expect(neighbour.incident(call)).toBeVisible();
    expect(await neighbour.sounded()).toBe(1);

    // Nor after a reload, nor in another tab. A page has begun to sound any call of before when it receives the call
    // that follows.
    await neighbour.reload();
    await neighbour.arm();
    await expect(neighbour.incident(call)).toBeVisible();
    const tab = await neighbour.anotherTab();
    await tab.arm();
    await expect(tab.incident(call)).toBeVisible();
    const next = await other.call();
    await expect(neighbour.incident(next)).toBeVisible();
    await expect(tab.incident(next)).toBeVisible();
    await expect.poll(async () => (await neighbour.sounded()) + (await tab.sounded())).toBe(1);
  } finally {
    await cable.remove();
  }
});

test("of two tabs one sounds, and the other takes over when it is closed", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const other = await resident("resident-1301");
  const elsewhere = await resident("resident-0501");
  const neighbour = await resident("resident-1204");
  const tab = await neighbour.anotherTab();
  await neighbour.arm();
  await tab.arm();
  const both = async () => [await neighbour.sounded(), await tab.sounded()];

  const first = await caller.call();
  await expect(neighbour.incident(first)).toBeVisible();
  await expect(tab.incident(first)).toBeVisible();
  await expect.poll(both, "the tab that was armed first").toEqual([1, 0]);
  const second = await other.call();
  await expect(tab.incident(second)).toBeVisible();
  await expect.poll(both).toEqual([2, 0]);

  await neighbour.page.close();
  await caller.page.locator(".own-call").getByTestId("resolve").click();
  await expect(tab.incident(first)).toHaveAttribute("data-open", "false");
  await caller.page.getByTestId("dismiss").click();
  const third = await caller.call();
  await expect(tab.incident(third)).toBeVisible();
  await expect.poll(() => tab.sounded(), "the third and none of those before").toBe(1);
  await expect(elsewhere.alarm).toHaveCount(0);
});
