// The clock of a neighbour's device. A call that should sound does, whatever it shows.

import { Cable } from "../support/cable.ts";
import { NO_NETWORK } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { setClock, wrongClock } from "../support/spied.ts";
import type { Visitor } from "../support/visitor.ts";

/** The page's clock ticks once a second. */
const TICKS = 1_500;

for (const ahead of [-11, 11, 26 * 60]) {
  test(`a device whose clock is wrong by ${ahead} minutes sounds`, async ({ resident, visitor }) => {
    const caller = await resident("resident-1203");
    const neighbour = await visitor("resident-1204");
    await wrongClock(neighbour.page, { ahead });
    await neighbour.goHome();
    await neighbour.arm();

    const call = await caller.call();

    await soundsOn(neighbour, call);
  });
}

for (const step of [-11, 11, 26 * 60]) {
  test(`a device whose clock is set by ${step} minutes after the page was loaded sounds`, async ({
    resident,
    visitor,
  }) => {
    const caller = await resident("resident-1203");
    const neighbour = await visitor("resident-1204");
    await wrongClock(neighbour.page, { step });
    await neighbour.goHome();
    await neighbour.arm();
    await setClock(neighbour.page);

    const call = await caller.call();

    await soundsOn(neighbour, call);
  });
}

test("a clock that is set while a call sounds neither ends it nor begins it again", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const neighbour = await visitor("resident-1204");
  await wrongClock(neighbour.page, { step: 31 * 24 * 60 });
  await neighbour.goHome();
  await neighbour.arm();
  const call = await caller.call();
  await soundsOn(neighbour, call);

  await setClock(neighbour.page);

  await soundsOn(neighbour, call);
  await neighbour.page.getByTestId("silence").click();
  await neighbour.page.waitForTimeout(TICKS);
  await expect(neighbour.page.getByTestId("silence")).toBeHidden();
  expect(await neighbour.sounded(), "it was silenced").toBe(1);
});

test("a device whose clock is set while it is cut off sounds the call that it finds", async ({
  program,
  resident,
  visitor,
}) => {
  const cable = await Cable.laid(program.listensOn);
  try {
    const caller = await resident("resident-1203");
    const neighbour = await visitor("resident-1204", { origin: cable.origin });
    neighbour.expects(NO_NETWORK);
    await wrongClock(neighbour.page, { step: 11 });
    await neighbour.goHome();
    await neighbour.arm();
    cable.cut();
    await expect(neighbour.connection).toHaveAttribute("data-state", "waiting");

    const call = await caller.call();
    await setClock(neighbour.page);
    cable.mend();

    await soundsOn(neighbour, call);
  } finally {
    await cable.remove();
  }
});

test("a caller whose clock is wrong reads how the call stands as anybody does", async ({ resident, visitor }) => {
  const caller = await visitor("resident-1203");
  await wrongClock(caller.page, { ahead: 11, step: -26 * 60 });
  await caller.goHome();
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  await setClock(caller.page);

  const call = await caller.call();

  await soundsOn(neighbour, call);
  await caller.ownCallIs("reached");
  await expect(caller.call119).toBeHidden();
});

/** The page sounds this call, once, and goes on doing so for longer than its own clock takes to tick. */
async function soundsOn(neighbour: Visitor, call: string): Promise<void> {
  await expect(neighbour.alarm.locator(neighbour.incident(call))).toBeVisible();
  await expect.poll(() => neighbour.sounded()).toBe(1);
  await neighbour.page.waitForTimeout(TICKS);
  await expect(neighbour.page.getByTestId("silence"), "it still sounds").toBeVisible();
  expect(await neighbour.sounded()).toBe(1);
}
