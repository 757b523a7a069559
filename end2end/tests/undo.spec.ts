// The caller takes a call back within seconds by one tap, or ends it with a few words.

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { canBeAhead, letPass } from "../support/spied.ts";

test("a press by mistake is taken back with one tap, everywhere, and no other call of the house is", async ({
  resident,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const first = await caller.call();
  await expect(neighbour.incident(first)).toBeVisible();

  await expect(caller.button).toBeEnabled();
  const mistake = await caller.call();
  await expect(neighbour.incident(mistake)).toBeVisible();
  await caller.page.getByTestId("undo").click();

  await expect(neighbour.openCards).toHaveAttribute("data-presses", "1");
  await expect(neighbour.openCards).toHaveAttribute("data-alert", first);
  await expect(caller.page.getByTestId("undo")).toBeHidden();
  await expect(caller.openCards).toHaveAttribute("data-alert", first);
});

test("the only call is over with it, and the alarm is quiet", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  await caller.call();
  await expect(neighbour.page.getByTestId("silence")).toBeVisible();
  await expect(caller.page.getByTestId("undo")).toBeVisible();
  await isAccessible(caller, "the seconds of undo");
  // Judging the page may take longer than the button stays.
  await expect(caller.button).toBeEnabled();
  await caller.call();
  await caller.page.getByTestId("undo").click();
  await caller.page.getByTestId("cancel").click();
  await caller.ownCallIs("ended");
  await expect(neighbour.alarm).toHaveCount(0);
});

test("after five seconds it is gone, and the call can still be cancelled", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  await canBeAhead(caller.page);
  await caller.goHome();
  await caller.call();
  await expect(caller.page.getByTestId("undo")).toBeVisible();
  await letPass(caller.page, 6);
  await expect(caller.page.getByTestId("undo")).toBeHidden();
  await caller.page.getByTestId("cancel").click();
  await caller.ownCallIs("ended");
});

test("the keyboard comes to undo before the other ends", async ({ resident }) => {
  const caller = await resident("resident-1203");
  await caller.call();
  await caller.page.locator(".skip-link").focus();
  const walked: string[] = [];
  for (let steps = 0; steps < 40 && walked.at(-1) !== "cancel"; steps += 1) {
    await caller.page.keyboard.press("Tab");
    const focused = await caller.page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
    if (focused) walked.push(focused);
  }
  const ends = walked.filter((name) => ["undo", "write-note", "resolve", "cancel"].includes(name));
  expect(ends).toEqual(["undo", "write-note", "resolve", "cancel"]);
});

test("the caller writes how it ended, and the neighbours read it", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const call = await caller.call();
  await expect(neighbour.incident(call)).toBeVisible();
  await caller.page.getByTestId("write-note").click();
  await caller.page.locator(".own-call input[name=note]").fill("구급차가 왔어요");
  await caller.page.getByTestId("resolve").click();
  await caller.ownCallIs("ended");
  await expect(neighbour.incident(call).getByTestId("note")).toHaveText("구급차가 왔어요");
});
