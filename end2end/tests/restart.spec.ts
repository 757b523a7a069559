// A program that goes away and comes back at the same address with the same data. The pages live through it.

import { Cable } from "../support/cable.ts";
import { NO_NETWORK } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";
import type { Program } from "../support/program.ts";
import type { Visitor } from "../support/visitor.ts";

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`open pages live through ${signal}, and a press meanwhile arrives afterwards`, async ({ program, resident }) => {
    test.setTimeout(240_000);
    const caller = await resident("resident-1203", { place: YARD });
    const other = await resident("resident-1301");
    const neighbour = await resident("resident-1204");
    const everybody = [caller, other, neighbour];
    everybody.forEach((visitor) => visitor.expects(NO_NETWORK));
    await neighbour.arm();
    const before = await caller.call({ text: "정전 전" });
    await expect(neighbour.incident(before)).toBeVisible();
    await expect.poll(() => neighbour.sounded()).toBe(1);
    const marked = await mark(everybody);

    await program.stop(signal);
    for (const visitor of everybody) {
      await expect(visitor.connection).toHaveAttribute("data-state", "waiting");
    }
    await expect(neighbour.incident(before), "what is known stays on the page").toBeVisible();
    await expect(neighbour.page.getByTestId("summary")).toHaveText("연결이 끊겨 지금 상황과 다를 수 있어요.");
    await other.hold();
    await other.ownCallIs("retrying");
    const recorded = other.page.waitForResponse(
      (response) => new URL(response.url()).pathname === "/alert" && response.status() === 202,
      { timeout: 90_000 },
    );
    await program.start();

    const { id: after } = (await (await recorded).json()) as { id: string };
    for (const visitor of everybody) {
      await expect(visitor.connection).toHaveAttribute("data-state", "connected", { timeout: 90_000 });
      await expect(visitor.incident(before)).toHaveAttribute("data-open", "true");
      await expect(visitor.incident(after)).toHaveAttribute("data-open", "true");
    }
    await caller.ownCallIs("reached");
    await other.ownCallIs("reached");
    await isAt(neighbour, "1203");
    await expect.poll(() => neighbour.sounded(), "the new call, and not the old one again").toBe(2);
    expect(await areMarked(everybody), "nobody loaded their page again").toEqual(marked);

    await neighbour.incident(before).getByTestId("accept").click();
    await caller.ownCallIs("coming");
  });
}

test("a call answered with 202 is there after SIGKILL, for every viewer", async ({ program, visitor, resident }) => {
  test.setTimeout(240_000);
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  caller.expects(NO_NETWORK);
  await caller.open("/call");
  await caller.page.getByTestId("alert-confirm").click();
  await expect(caller.page).toHaveURL(/\/call\/[0-9a-f-]{36}$/);
  const call = new URL(caller.page.url()).pathname.slice("/call/".length);
  await killAndStart(program);

  const neighbour = await resident("resident-1204");

  await expect(neighbour.alarm.locator(neighbour.incident(call))).toHaveAttribute("data-open", "true");
});

test("a restart two seconds after a press silences no page: each that reconnects sounds", async ({
  program,
  resident,
}) => {
  test.setTimeout(240_000);
  const cable = await Cable.laid(program.listensOn);
  try {
    const caller = await resident("resident-1203");
    const { origin } = cable;
    const cutOff = [
      await resident("resident-1204", { origin }),
      await resident("resident-1301", { origin }),
    ];
    const office = await resident("admin");
    const everybody = [caller, office, ...cutOff];
    everybody.forEach((visitor) => visitor.expects(NO_NETWORK));
    for (const listener of [office, ...cutOff]) {
      await listener.arm();
    }
    cable.cut();
    for (const neighbour of cutOff) {
      await expect(neighbour.connection).toHaveAttribute("data-state", "waiting");
    }
    const call = await caller.call();
    await expect.poll(() => office.sounded()).toBe(1);
    await caller.page.waitForTimeout(2_000);

    await killAndStart(program);
    cable.mend();

    for (const neighbour of cutOff) {
      await expect(neighbour.connection).toHaveAttribute("data-state", "connected", { timeout: 90_000 });
      await expect(neighbour.alarm.locator(neighbour.incident(call))).toBeVisible();
      await expect.poll(() => neighbour.sounded()).toBe(1);
      await expect(neighbour.page.getByTestId("silence")).toBeVisible();
    }
    await expect(office.connection).toHaveAttribute("data-state", "connected", { timeout: 90_000 });
    await expect(office.page.getByTestId("silence"), "what sounded before goes on").toBeVisible();
    expect(await office.sounded(), "and does not begin again").toBe(1);
  } finally {
    await cable.remove();
  }
});

async function killAndStart(program: Program): Promise<void> {
  await program.stop("SIGKILL");
  await program.start();
}

async function isAt(neighbour: Visitor, house: string): Promise<void> {
  const marker = neighbour.map.locator(`[data-testid=marker][data-house="${house}"]`);
  await expect(marker).toHaveAttribute("data-lat", String(YARD.latitude));
}

/** Leaves a mark in each document, which a reload would lose. */
async function mark(visitors: Visitor[]): Promise<boolean[]> {
  await Promise.all(
    visitors.map(({ page }) => page.evaluate(() => document.documentElement.setAttribute("data-marked", ""))),
  );
  return visitors.map(() => true);
}

async function areMarked(visitors: Visitor[]): Promise<boolean[]> {
  return Promise.all(
    visitors.map(({ page }) => page.evaluate(() => document.documentElement.hasAttribute("data-marked"))),
  );
}
