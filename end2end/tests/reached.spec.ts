// The caller's view of the neighbours' devices, with those that have the call, sounded it, or showed it.

import { expect, test } from "../support/fixtures.ts";
import { canBeAhead, canBeHidden, letPass, show } from "../support/spied.ts";

test("delivered, sounded and seen are three numbers", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const loud = await visitor("resident-1204");
  await canBeHidden(loud.page);
  await loud.goHome();
  await loud.arm();
  await show(loud.page, false);
  const silent = await visitor("resident-1301");
  await canBeHidden(silent.page, false);
  await silent.goHome();

  const call = await caller.call();

  const shows = (sounded: number, seen: number) =>
    expect(caller.callState).toContainText(
      `이웃 2집의 기기에 전달됐어요. 경보음이 울린 집 ${sounded}곳, 화면에 뜬 집 ${seen}곳이에요.`,
    );
  await expect.poll(() => loud.sounded()).toBe(1);
  await shows(1, 0);
  await show(silent.page, true);
  await expect(silent.incident(call)).toBeVisible();
  await shows(1, 1);
  await show(loud.page, true);
  await shows(1, 2);
  await caller.reload();
  await shows(1, 2);
});

test("a call that devices have and neither sound nor show names 119 after ten seconds", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  await canBeAhead(caller.page);
  await caller.goHome();
  const silent = await visitor("resident-1204");
  await canBeHidden(silent.page, false);
  await silent.goHome();
  await caller.call();
  await caller.ownCallIs("reached");
  await expect(caller.call119).toBeHidden();

  await letPass(caller.page, 11);
  await caller.ownCallIs("nobody-comes");

  await expect(caller.callState).toContainText("지금 119에 전화하세요");
  await expect(caller.call119).toBeVisible();
  await show(silent.page, true);
  await caller.ownCallIs("reached");
  await expect(caller.call119).toBeHidden();
});

test("119 returns when nobody accepts within a minute, and when the only helper withdraws", async ({
  resident,
  visitor,
}) => {
  const caller = await visitor("resident-1203");
  await canBeAhead(caller.page);
  await caller.goHome();
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  const call = await caller.call();
  await caller.ownCallIs("reached");
  await expect(caller.call119).toBeHidden();

  // A part of it changes nothing, also not when the page's clock has ticked.
  await letPass(caller.page, 20);
  await caller.page.waitForTimeout(1_500);
  await caller.ownCallIs("reached");
  await letPass(caller.page, 41);
  await caller.ownCallIs("nobody-comes");
  await expect(caller.callState).toContainText("경보음이 울린 집 1곳");
  await expect(caller.call119).toBeVisible();

  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await expect(caller.call119).toBeHidden();
  await neighbour.incident(call).getByTestId("withdraw").click();
  await caller.ownCallIs("nobody-comes");
  await expect(caller.call119).toBeVisible();
});
