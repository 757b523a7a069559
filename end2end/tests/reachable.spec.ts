// The number above the button, of those whom a call could alarm before anybody calls, goes up and down with the
// neighbours.

import type { APIRequestContext } from "@playwright/test";

import { isAccessible } from "../support/axe.ts";
import { loseNetwork } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import type { Visitor } from "../support/visitor.ts";

/** A number changes every ten seconds at most. */
const CHANGES_WITHIN = 30_000;

/** The keys of RFC 8291, appendix A. */
const KEYS = {
  p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
  auth: "BTBZMqHH6r4Tts7J_aSIgg",
};

const reach = ({ page }: Visitor) => page.getByTestId("reach");

const isReached = (visitor: Visitor, houses: number) =>
  expect(reach(visitor)).toHaveAttribute("data-houses", String(houses), { timeout: CHANGES_WITHIN });

/** Adds a device that has shown a push just now; gives back what removes it. */
async function deviceOf(request: APIRequestContext, origin: string): Promise<() => Promise<void>> {
  const subscriptions = `${origin}/api/push/subscriptions`;
  const endpoint = `https://fcm.googleapis.com/fcm/send/reach-${Date.now()}`;
  const data = { endpoint, keys: KEYS, device: "a phone", language: "ko" };
  const added = await request.post(subscriptions, { data });
  expect(added.ok(), await added.text()).toBe(true);
  const { id } = (await added.json()) as { id: string };
  expect((await request.post(`${subscriptions}/${id}/shown`)).ok()).toBe(true);
  return async () => {
    expect((await request.delete(`${subscriptions}/${id}`)).ok()).toBe(true);
  };
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`the number goes up when a neighbour arms and down when they leave, ${colorScheme}`, async ({ resident }) => {
    test.setTimeout(180_000);
    const look = { colorScheme, reducedMotion: "reduce" } as const;
    const caller = await resident("resident-1203", look);
    await isReached(caller, 0);
    await expect(reach(caller)).toContainText("먼저 119에 전화하세요");
    await expect(reach(caller).locator("a[href='tel:119']")).toBeVisible();
    await expect(caller.page.locator(".small-print")).toContainText("119에 신고하지 않아요");
    await isAccessible(caller, "nobody can be reached");
    await caller.arm();
    const neighbour = await resident("resident-1204");
    await neighbour.arm();
    await isReached(caller, 1);
    await expect(reach(caller)).toContainText("지금 이웃 1세대에 닿을 수 있어요");
    await expect(reach(caller).locator("a")).toBeHidden();
    await isAccessible(caller, "somebody can be reached");
    await neighbour.page.goto("about:blank");
    await isReached(caller, 0);
  });
}

test("while a neighbour calls, the page is about that call and not about a number", async ({ resident }) => {
  const somebody = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await isReached(somebody, 0);
  await expect(reach(somebody)).toBeVisible();

  const call = await neighbour.call();

  await expect(somebody.incident(call)).toBeVisible();
  await expect(reach(somebody)).toBeHidden();
});

test("without scripts the page has the number of when it was opened", async ({ resident, visitor }) => {
  test.setTimeout(120_000);
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  const upstairs = await resident("resident-1301");
  await isReached(upstairs, 1);
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  await caller.open("/");
  await isReached(caller, 1);
  await expect(reach(caller)).toContainText("화면을 열었을 때의 수");
});

test("a house counts by push alone, and no more when its device is removed", async ({ resident, visitor }) => {
  test.setTimeout(180_000);
  const caller = await resident("resident-1203");
  await isReached(caller, 0);
  const neighbour = await visitor("resident-1204");
  const remove = await deviceOf(neighbour.context.request, neighbour.origin);
  try {
    await isReached(caller, 1);
  } finally {
    await remove();
  }
  await isReached(caller, 0);
});

test("a page without a connection shows no number rather than an old one", async ({ resident }) => {
  test.setTimeout(120_000);
  const caller = await resident("resident-1203");
  await isReached(caller, 0);
  await loseNetwork(caller);
  await expect(reach(caller)).toHaveAttribute("data-houses", "");
  await expect(reach(caller)).toContainText("확인하지 못하고 있어요");
  await caller.context.setOffline(false);
  await isReached(caller, 0);
});

test("the office sees which households no device reaches", async ({ resident, visitor }) => {
  test.setTimeout(120_000);
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  await isReached(caller, 1);
  const admin = await visitor("admin");
  await admin.open("/admin/people");
  const row = admin.page.locator("[data-testid=reach-by-line] tr[data-line='101-1']");
  await row.locator("summary").click();
  await expect(row).toContainText("1301호");
  await expect(row).not.toContainText("1204호");
  await isAccessible(admin, "households that no device reaches");
});
