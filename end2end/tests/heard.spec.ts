// A disk on which nothing can be recorded. Neighbours are alarmed all the same, and nobody reads anything that is not
// true.

import { isAlarmedOnce, kept } from "../support/device.ts";
import { test as base, expect } from "../support/fixtures.ts";
import { HungDisk } from "../support/hung-disk.ts";
import type { Visitor } from "../support/visitor.ts";

const UNRECORDED = /503 \(Service Unavailable\)/;

/** A caller whose call cannot be recorded, and a neighbour who receives it. */
const test = base.extend<{ disk: HungDisk; caller: Visitor; neighbour: Visitor }>({
  caller: async ({ resident }, use) => {
    const caller = await resident("resident-1203");
    caller.expects(UNRECORDED);
    await use(caller);
  },
  neighbour: async ({ resident }, use) => {
    const neighbour = await resident("resident-1204");
    await neighbour.arm();
    await use(neighbour);
  },
  disk: async ({ program, caller, neighbour }, use) => {
    const disk = await HungDisk.of(program);
    await caller.hold();
    await expect(neighbour.page.getByTestId("alarm")).toBeVisible();
    await expect.poll(async () => (await kept(caller))[0]).toMatchObject({ heard: true });
    await use(disk);
    await disk.mended();
  },
});

test("a call that cannot be recorded reaches neighbours, is never called unsent, and is recorded when it can be", async ({
  caller,
  neighbour,
  disk,
}) => {
  // A device that has it is more than the answer states, and either is true.
  await expect(caller.callState).toHaveAttribute("data-state", /heard|reached/);
  await expect(caller.callState).not.toContainText("보내지 못했어요");
  const [press] = await kept(caller);

  const recorded = caller.recorded();
  await disk.mended();
  expect(await recorded).toBe(press!.key);
  await caller.ownCallIs("reached");
  expect(await kept(caller)).toEqual([]);
  await isAlarmedOnce(neighbour, press!.key);
});

test("a call that reached neighbours and is cancelled ends there, and is not sent again", async ({
  caller,
  neighbour,
  disk,
}) => {
  await caller.page.locator(".own-call").getByTestId("cancel").click();
  await expect(neighbour.page.getByTestId("alarm")).toBeHidden();
  await expect.poll(() => kept(caller)).toEqual([]);
  await disk.mended();
  // The end is recorded; the call itself is not sent again.
  await expect(caller.page.locator(".own-call .command-state")).toBeEmpty();
  await caller.reload();
  await caller.ownCallIs("quiet");
});
