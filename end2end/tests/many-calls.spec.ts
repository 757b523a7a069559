// Several open calls at once. Those of one house are one card, and from the third house on a house is a line.

import type { Locator, Page } from "@playwright/test";

import { isAccessible } from "../support/axe.ts";
import { type Coming, type Name, expect, test } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";
import { canBeAhead, letPass } from "../support/spied.ts";
import type { Visitor } from "../support/visitor.ts";

const WORDS = ["연기가 나요", "문이 안 열려요", "아이가 숨을 못 쉬어요", "불이 번져요"];
const PHONE = { width: 390, height: 844 };

test("four presses of a house are one card with their number, the newest words first", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  const admin = await resident("admin");
  await neighbour.arm();

  const calls = await pressFourTimes(caller);

  for (const visitor of [neighbour, admin, caller]) {
    const card = visitor.openCards;
    await expect(card).toHaveAttribute("data-presses", "4");
    await expect(card, "one card and no other").toHaveAttribute("data-alert", calls.at(-1)!);
    await expect(card.locator(".presses")).toHaveText("요청 4번");
    await expect(card.locator(".incident-text")).toHaveText(WORDS.at(-1)!);
    const lines = card.getByTestId("press");
    await expect(lines).toHaveText([...WORDS].reverse().map((words) => new RegExp(words)));
    for (const [index, call] of [...calls].reverse().entries()) {
      await expect(lines.nth(index)).toHaveAttribute("data-alert", call);
    }
  }
  await expect.poll(() => neighbour.sounded(), "each press sounds").toBe(4);
  await expect(neighbour.markers, "the house is on the map once").toHaveCount(1);
  await expect(neighbour.markers).toHaveAttribute("data-alert", calls.at(-1)!);
});

test("who comes to a house that pressed four times comes to every call, and the office ends every one", async ({
  resident,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const admin = await resident("admin");
  const calls = await pressFourTimes(caller);
  await expect(neighbour.openCards).toHaveAttribute("data-presses", "4");
  const accepted = acceptsOf(neighbour);

  await neighbour.alarm.getByTestId("accept").click();

  await caller.ownCallIs("coming");
  await expect(neighbour.openCards).toHaveClass(/answered/);
  await expect(neighbour.openCards.locator(".nobody")).toBeHidden();
  expect(accepted().sort()).toEqual([...calls].sort());

  // A caller who presses again needs a neighbour once more, and the card does not hide it.
  const again = await press(caller, "한 번 더");
  await expect(neighbour.openCards).not.toHaveClass(/answered/);
  await expect(neighbour.openCards.locator(".nobody")).toHaveText("새 요청에는 아직 가는 이웃이 없어요");
  await neighbour.alarm.getByTestId("accept").click();
  await expect(neighbour.openCards).toHaveClass(/answered/);
  expect(accepted().slice(4)).toEqual([again]);

  await expect(admin.openCards).toHaveAttribute("data-presses", "5");
  await admin.openCards.getByTestId("resolve").click();
  await caller.ownCallIs("ended");
  for (const call of [...calls, again]) {
    await expect(admin.incident(call)).toHaveAttribute("data-open", "false");
    await expect(neighbour.incident(call)).toHaveAttribute("data-open", "false");
  }
});

test("the caller ends all calls of the house at once", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await press(caller, WORDS[0]!);
  await press(caller, WORDS[1]!);
  await expect(neighbour.openCards).toHaveAttribute("data-presses", "2");

  const cancel = caller.page.locator(".own-call").getByTestId("cancel");
  await expect(cancel).toHaveText("요청 모두 취소");
  await cancel.click();

  await caller.ownCallIs("ended");
  await expect(neighbour.alarm).toHaveCount(0);
});

test("the third house is a line, which opens, and its button comes to that house", async ({ resident }) => {
  const { caller, other, neighbour, calls } = await threeHouses(resident);
  await neighbour.arm();
  const line = neighbour.incident(calls.other);
  await expect(neighbour.incident(calls.caller)).not.toHaveClass(/compact/);
  await expect(line).toHaveClass(/compact/);
  await expect(line.getByRole("heading")).toHaveText("1301호");
  await expect(line.locator(".incident-text")).toBeHidden();

  await line.getByTestId("more").click();
  await expect(line.locator(".incident-text")).toHaveText(WORDS[1]!);
  const accepted = acceptsOf(neighbour);
  await line.getByTestId("accept").click();

  await other.ownCallIs("coming");
  expect(accepted()).toEqual([calls.other]);
  await expect(line, "a helper sees the whole card").not.toHaveClass(/compact/);
  await expect(line.getByTestId("arrived")).toBeVisible();
  await expect(neighbour.incident(calls.caller).locator(".nobody")).toBeVisible();
  await expect(neighbour.page.getByTestId("silence"), "the other house still sounds").toBeVisible();
  await waits(caller);
});

test("a line is accepted without being opened, and by the keyboard alone it opens and is accepted", async ({
  resident,
}) => {
  const { other, neighbour, calls } = await threeHouses(resident);
  const line = neighbour.incident(calls.other);
  const { page } = neighbour;
  // So that Tab begins at the top of the page.
  await neighbour.reload();
  await expect(line.getByTestId("accept"), "within reach before the line is open").toBeVisible();

  await tabInto(page, line, "more");
  await page.keyboard.press("Enter");
  await expect(line.locator(".incident-text")).toBeVisible();
  await tabInto(page, line, "accept");
  await page.keyboard.press("Enter");
  await other.ownCallIs("coming");

  await line.getByTestId("withdraw").click();
  await waits(other);
  await expect(line).toHaveClass(/compact/);
  await line.getByTestId("accept").click();
  await other.ownCallIs("coming");
});

test("the office opens a line and ends that call and no other", async ({ resident }) => {
  const { caller, other, neighbour, calls } = await threeHouses(resident);
  const elsewhere = await resident("resident-0501");
  const admin = await resident("admin");
  const theirs = await press(elsewhere, WORDS[3]!);
  await expect(admin.openCards).toHaveCount(4);
  for (const call of [calls.caller, calls.other]) await expect(admin.incident(call)).not.toHaveClass(/compact/);
  for (const call of [calls.own, theirs]) await expect(admin.incident(call)).toHaveClass(/compact/);

  const line = admin.incident(theirs);
  await expect(line.getByTestId("resolve")).toBeHidden();
  await line.getByTestId("more").click();
  const sent = admin.page.waitForRequest((request) => new URL(request.url()).pathname.endsWith("/resolve"));
  await line.getByTestId("resolve").click();
  const address = Object.fromEntries(new URL((await sent).url()).searchParams);
  expect(address, "it names whose call it is").toEqual({ house: "501", line: "101-2" });

  await elsewhere.ownCallIs("ended");
  await expect(admin.openCards).toHaveCount(3);
  for (const visitor of [caller, other, neighbour]) await waits(visitor);
});

test("many calls are accessible, wide and narrow", async ({ resident }) => {
  const narrow = await resident("resident-1204", { viewport: PHONE });
  const admin = await resident("admin");
  const { caller, neighbour, calls } = await threeHouses(resident);
  await press(caller, WORDS[3]!);
  for (const visitor of [neighbour, narrow, admin]) {
    const house = visitor.incident(calls.caller);
    await expect(house).toHaveAttribute("data-presses", "2");
    const line = visitor.incident(visitor === admin ? calls.own : calls.other);
    await expect(line).toHaveClass(/compact/);
    await isAccessible(visitor, "a house that pressed twice, and a line");
    await line.getByTestId("more").click();
    await expect(line.locator(".incident-text")).toBeVisible();
    await isAccessible(visitor, "an open line");
  }
  await isAccessible(caller, "two presses of one's own");
  await neighbour.incident(calls.other).getByTestId("accept").click();
  await expect(neighbour.incident(calls.other).getByTestId("arrived")).toBeVisible();
  await isAccessible(neighbour, "one of many accepted");
});

test("on a phone the way to help lies under the thumb, and nothing moves when the sound is turned off", async ({
  resident,
}) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204", { viewport: PHONE });
  await neighbour.arm();
  await press(caller, WORDS[0]!);
  await expect(neighbour.page.getByTestId("silence")).toBeVisible();
  const accept = await isUnderThumb(neighbour.alarm.getByTestId("accept"));
  const head = await neighbour.page.locator(".alarm-head").boundingBox();
  const silence = (await neighbour.page.getByTestId("silence").boundingBox())!;
  expect(silence.y + silence.height, "silence is in the alarm's head").toBeLessThanOrEqual(head!.y + head!.height + 1);

  await neighbour.page.getByTestId("silence").click();
  await expect(neighbour.page.getByTestId("silence")).toBeHidden();
  expect(await neighbour.alarm.getByTestId("accept").boundingBox()).toEqual(accept);
});

test("on a caller's phone 119 lies under the thumb, and pressing again is the quiet thing below it", async ({
  visitor,
}) => {
  const caller = await visitor("resident-1203", { viewport: PHONE });
  await canBeAhead(caller.page);
  await caller.goHome();
  const round = (await caller.button.boundingBox())!;
  const red = await background(caller.button);
  await caller.call();
  await caller.ownCallIs("recorded");
  await letPass(caller.page, 11);
  await caller.ownCallIs("nobody");

  const call119 = await isUnderThumb(caller.call119);
  await expect(caller.button).toHaveText("한 번 더 요청");
  const again = (await caller.button.boundingBox())!;
  expect(again.y).toBeGreaterThan(call119.y + call119.height);
  expect(again.height).toBeLessThan(round.height / 2);
  expect(await background(caller.button)).not.toBe(red);
});

test("on a wide screen the open call comes first and the map stands beside it", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  await press(caller, WORDS[0]!);
  await expect(neighbour.alarm).toBeVisible();
  const alarm = (await neighbour.alarm.boundingBox())!;
  const map = (await neighbour.map.boundingBox())!;
  const button = (await neighbour.button.boundingBox())!;
  expect(map.x).toBeGreaterThanOrEqual(alarm.x + alarm.width);
  expect(Math.abs(map.y - alarm.y)).toBeLessThan(40);
  expect(button.y).toBeGreaterThan(alarm.y + alarm.height);
  const wide = (await neighbour.page.locator("main").boundingBox())!;
  expect(map.x + map.width, "the map reaches the right edge").toBeGreaterThan(wide.x + wide.width - 40);
});

/** Presses with these words as soon as the page is ready for another press. */
async function press(caller: Visitor, text: string): Promise<string> {
  await expect(caller.button).toBeEnabled();
  return caller.call({ text });
}

async function pressFourTimes(caller: Visitor): Promise<string[]> {
  const calls: string[] = [];
  for (const words of WORDS) calls.push(await press(caller, words));
  return calls;
}

/** 1203, 1301 and 1204 call, in this order. On the page of 1204 the own call and that of 1203 are full cards. */
async function threeHouses(resident: (name: Name, coming?: Coming) => Promise<Visitor>) {
  const caller = await resident("resident-1203", { place: YARD });
  const other = await resident("resident-1301");
  const neighbour = await resident("resident-1204");
  const calls = {
    caller: await press(caller, WORDS[0]!),
    other: await press(other, WORDS[1]!),
    own: await press(neighbour, WORDS[2]!),
  };
  for (const visitor of [caller, other, neighbour]) await waits(visitor);
  await expect(neighbour.openCards).toHaveCount(3);
  return { caller, other, neighbour, calls };
}

/** The own call is open, neighbours have it, and nobody comes. After a while the page advises to call 119, too. */
async function waits(visitor: Visitor): Promise<void> {
  await expect(visitor.callState).toHaveAttribute("data-state", /^(reached|nobody-comes)$/);
}

/** The calls that this page accepts from now on. */
function acceptsOf(visitor: Visitor): () => string[] {
  const accepted: string[] = [];
  visitor.page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/accept") {
      accepted.push((request.postDataJSON() as { alert: string }).alert);
    }
  });
  return () => [...accepted];
}

/** Presses Tab until this part of the card has the focus. */
async function tabInto(page: Page, card: Locator, testId: string): Promise<void> {
  const part = card.getByTestId(testId);
  const isFocused = () => part.evaluate((element) => element === document.activeElement);
  for (let presses = 0; !(await isFocused()); presses += 1) {
    expect(presses, `Tab reaches ${testId}`).toBeLessThan(40);
    await page.keyboard.press("Tab");
  }
}

/** Without scrolling it is on the screen, in its lower half. */
async function isUnderThumb(target: Locator): Promise<{ y: number; height: number }> {
  await expect(target).toBeInViewport({ ratio: 1 });
  const box = (await target.boundingBox())!;
  expect(box.y).toBeGreaterThan(PHONE.height / 2);
  return box;
}

function background(target: Locator): Promise<string> {
  return target.evaluate((element) => getComputedStyle(element).backgroundColor);
}
