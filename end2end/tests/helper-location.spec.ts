// Where a helper is, on the map of everybody who has the call, from the tap that shows it until it ends.

import type { Locator } from "@playwright/test";

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { isAt, isInside } from "../support/map.ts";
import { GATE, YARD } from "../support/places.ts";
import { canBeAhead, letPass, screenOf, screenThat } from "../support/spied.ts";
import type { Visitor } from "../support/visitor.ts";

const helpers = (of: Visitor): Locator => of.page.getByTestId("helper-marker");
const button = (of: Visitor): Locator => of.page.getByTestId("show-where");
const state = (of: Visitor): Locator => of.page.getByTestId("where-state");

/** On the way from the gate to the yard. */
const CLOSER = { latitude: 37.5025, longitude: 127.043, accuracy: 20 };

test("a helper is on the caller's map only after a tap, moves, and leaves with the next one", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const helper = await resident("resident-1204", { place: GATE });
  const other = await resident("resident-1301");
  const posts: string[] = [];
  helper.page.on("request", (request) => {
    if (request.url().endsWith("/location")) posts.push(request.url());
  });
  const id = await caller.call();
  await expect(button(helper)).toBeHidden();
  await helper.incident(id).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await expect(button(helper)).toHaveText("내 위치 함께 보이기");
  await expect(state(helper)).toContainText("이 요청을 받은 이웃과 관리사무소가 볼 수 있어요");
  expect(posts, "the browser permits it, and the person has not asked for it").toEqual([]);
  await caller.page.getByTestId("ledger").locator("summary").click();
  const row = caller.page.getByTestId("ledger-house").filter({ hasText: "1204호" });
  await expect(row).toHaveText("1204호 · 오고 있어요");

  await button(helper).click();

  for (const somebody of [caller, other, helper]) {
    await expect(helpers(somebody)).toHaveText("1204");
    await isAt(helpers(somebody), GATE);
  }
  await isInside(helpers(caller), caller.map);
  await expect(caller.markers, "the caller's own").toHaveText("1203");
  await isAt(caller.markers, YARD);
  await expect(row).toHaveText("1204호 · 오고 있어요 · 지도에 보여요");
  await expect(state(helper)).toContainText("내 위치가 지도에 보여요");
  await isAccessible(helper, "the helper's page");
  await isAccessible(caller, "the caller's page");

  await helper.context.setGeolocation(CLOSER);
  await isAt(helpers(caller), CLOSER);

  await expect(button(helper)).toHaveText("내 위치 그만 보이기");
  await button(helper).click();
  for (const somebody of [caller, other, helper]) await expect(helpers(somebody)).toHaveCount(0);
  await expect(row).toHaveText("1204호 · 오고 있어요");
  await expect(button(helper)).toHaveText("내 위치 함께 보이기");
});

test("it goes on after a reload, and ends with a withdrawal until the next tap", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const helper = await resident("resident-1204", { place: GATE });
  const id = await caller.call();
  await helper.incident(id).getByTestId("accept").click();
  await button(helper).click();
  await isAt(helpers(caller), GATE);

  await helper.reload();
  await helper.context.setGeolocation(CLOSER);
  await isAt(helpers(caller), CLOSER);

  await helper.incident(id).getByTestId("withdraw").click();
  await expect(helpers(caller)).toHaveCount(0);
  await helper.incident(id).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await expect(button(helper)).toHaveText("내 위치 함께 보이기");
  await button(helper).click();
  await isAt(helpers(caller), CLOSER);

  await helper.incident(id).getByTestId("arrived").click();
  await expect(helpers(caller)).toHaveCount(0);
  await expect(button(helper)).toBeHidden();
});

test("while a helper is shown, the screen stays on", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const helper = await visitor("resident-1204", { place: GATE });
  await screenThat(helper.page, "stays on");
  await helper.goHome();
  const id = await caller.call();
  await helper.incident(id).getByTestId("accept").click();
  await expect(button(helper)).toBeVisible();
  expect(await screenOf(helper.page)).toEqual({ asked: 0, staysOn: false });

  await button(helper).click();

  await isAt(helpers(caller), GATE);
  await expect.poll(() => screenOf(helper.page)).toEqual({ asked: 1, staysOn: true });
});

test("a helper whose browser forbids it is shown nowhere, and reads why", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const helper = await resident("resident-1204");
  const id = await caller.call();
  await helper.incident(id).getByTestId("accept").click();

  await button(helper).click();

  await expect(state(helper)).toContainText("브라우저가 위치 사용을 막고 있어");
  await expect(helpers(caller)).toHaveCount(0);
  await button(helper).click();
  await expect(button(helper)).toHaveText("내 위치 함께 보이기");
});

test("a location without news for a minute is grey, and its age is beside it", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await visitor("resident-1204");
  await canBeAhead(neighbour.page);
  await neighbour.goHome();
  await caller.call();
  await isAt(neighbour.markers, YARD);
  await expect(neighbour.markers).toHaveAttribute("data-age", "");

  // The caller's phone is gone, and the call stays.
  await caller.page.close();

  await letPass(neighbour.page, 30);
  await expect(neighbour.markers).toHaveAttribute("data-age", "30초 전");
  await expect(neighbour.markers).not.toHaveClass(/stale/);
  await letPass(neighbour.page, 30);
  await expect(neighbour.markers).toHaveClass(/stale/);
  await expect(neighbour.openCards.getByTestId("location-age")).toHaveText("위치 1분 전");
});
