// Drills, the office's for a line, which nobody takes for an emergency, and a house's own, which alarms nobody else.

import type { Page } from "@playwright/test";

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

/** Records the shapes of the waves that the page plays. */
async function listenTo(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const played: string[] = [];
    (globalThis as unknown as { played: string[] }).played = played;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...times) {
      played.push(this.type);
      start.apply(this, times);
    };
  });
}

/** Returns the shapes that were played since [forget]. */
async function played(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { played: string[] }).played);
}

async function forget(page: Page): Promise<void> {
  await page.evaluate(() => void (globalThis as unknown as { played: string[] }).played.splice(0));
}

test("a drill of the office has another colour, another word and another sound, and an emergency drowns it", async ({
  visitor,
  resident,
}) => {
  const neighbour = await visitor("resident-1204");
  await listenTo(neighbour.page);
  await neighbour.goHome();
  await neighbour.arm();
  await forget(neighbour.page);
  const caller = await resident("resident-1203");

  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open("/admin/people?line=101-1");
  await admin.page.getByTestId("drill").click();
  const form = admin.page.getByTestId("start-drill");
  await expect(form.locator("select[name=line]")).toHaveValue("101-1");
  await form.getByRole("button").click();
  await admin.page.getByTestId("done").getByTestId("watch").click();
  await expect(admin.page).toHaveURL(/\/call\/[0-9a-f-]{36}$/);
  const drill = new URL(admin.page.url()).pathname.slice("/call/".length);

  await expect(neighbour.incident(drill)).toHaveAttribute("data-drill", "true");
  await expect(neighbour.incident(drill).getByRole("heading")).toHaveText("훈련: 관리사무소에서 도움을 요청해요");
  await expect(neighbour.alarm).toHaveClass(/drill/);
  await expect(neighbour.alarm).toContainText("훈련이에요. 실제 상황이 아니에요");
  await expect.poll(() => neighbour.sounded()).toBe(1);
  await expect.poll(() => played(neighbour.page)).toContain("sine");
  expect(await played(neighbour.page), "the wail of an emergency").not.toContain("triangle");
  await isAccessible(neighbour, "a drill");

  const call = await caller.call();
  await expect(neighbour.incident(call)).toHaveAttribute("data-drill", "false");
  await expect(neighbour.alarm).not.toHaveClass(/drill/);
  await expect.poll(() => neighbour.sounded()).toBe(2);
  await expect.poll(() => played(neighbour.page)).toContain("triangle");

  await admin.page.getByTestId("resolve").click();
  await expect(neighbour.incident(drill)).toHaveAttribute("data-open", "false");
});

test("the report of a drill names the houses that it did not reach", async ({ visitor, resident }) => {
  const neighbour = await resident("resident-1204");
  const admin = await visitor("admin");
  await admin.open("/admin/drills?line=101-1");
  await admin.page.getByTestId("start-drill").getByRole("button").click();
  const watch = admin.page.getByTestId("done").getByTestId("watch");
  const drill = (await watch.getAttribute("href"))!.slice("/call/".length);
  await expect(neighbour.incident(drill)).toBeVisible();

  const report = admin.page.locator(`[data-testid=drill][data-alert="${drill}"]`);
  await expect(async () => {
    await admin.page.reload();
    await expect(report.locator("[data-number=reached]")).toHaveText("1", { timeout: 1_000 });
  }).toPass();
  await expect(report.getByTestId("missed")).toContainText("1301호");
  await expect(report.getByTestId("missed")).not.toContainText("1204호");
  await isAccessible(admin, "the drills");
  // The fixture ends the calls whose pages were open.
  await admin.open(`/call/${drill}`);
});

test("a house practises by itself: its own pages sound, and no neighbour is alarmed", async ({ resident }) => {
  const neighbour = await resident("resident-1204");
  const caller = await resident("resident-1203");
  await caller.arm();
  const other = await caller.newTab();
  await other.open("/devices");
  await isAccessible(other, "the devices");
  await other.page.getByTestId("practise").click();
  await expect(other.page).toHaveURL(/\/call\/[0-9a-f-]{36}$/);
  const practice = new URL(other.page.url()).pathname.slice("/call/".length);

  await other.ownCallIs("practice");
  await caller.ownCallIs("practice");
  await expect(caller.callState).toContainText("이웃에게는 알리지 않았어요");
  await expect(caller.call119).toBeHidden();
  await expect.poll(() => caller.sounded()).toBe(1);
  await isAccessible(caller, "a practice");
  await expect(caller.button, "an emergency can be called meanwhile").toBeEnabled();

  // The neighbour's next news shows that nothing is still under way.
  const call = await caller.call();
  await expect(neighbour.incident(call)).toBeVisible();
  await expect(neighbour.incident(practice)).toHaveCount(0);
  await neighbour.reload();
  await expect(neighbour.incident(call)).toBeVisible();
  await expect(neighbour.incident(practice)).toHaveCount(0);
});
