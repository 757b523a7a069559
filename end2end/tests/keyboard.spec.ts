// Keys that are held, repeated or part of a syllable. They answer no question, because only a key pressed for it calls.

import type { Page } from "@playwright/test";

import { callsOf } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import type { Visitor } from "../support/visitor.ts";

test("Enter that is held down on the button asks, and does not answer", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const calls = callsOf(caller);
  await caller.button.focus();

  await holdEnter(caller.page);

  await isAsked(caller);
  await caller.ownCallIs("quiet");
  expect(calls()).toEqual([]);
});

test("Enter that is held down in the text asks, and does not answer", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const calls = callsOf(caller);
  await caller.page.locator("input[name=text]").fill("아파요");

  await holdEnter(caller.page);

  await isAsked(caller);
  await caller.ownCallIs("quiet");
  expect(calls()).toEqual([]);
});

test("the Enter that ends a syllable and the two that follow it call nobody", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const calls = callsOf(caller);
  const text = caller.page.locator("input[name=text]");
  await text.focus();
  const keys = await caller.context.newCDPSession(caller.page);
  await keys.send("Input.imeSetComposition", { text: "아파요", selectionStart: 3, selectionEnd: 3 });

  // The input method handles this one, whose key code is 229 (UI Events, section 7.3.1).
  const process = { key: "Process", code: "Enter", windowsVirtualKeyCode: 229 };
  await keys.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...process });
  await keys.send("Input.insertText", { text: "아파요" });
  await keys.send("Input.dispatchKeyEvent", { type: "keyUp", ...process });

  await expect(text).toHaveValue("아파요");
  await expect(caller.page.getByRole("dialog")).toBeHidden();
  await caller.page.keyboard.press("Enter");
  await isAsked(caller);
  await caller.page.keyboard.press("Enter");
  await expect(caller.page.getByRole("dialog"), "the safe answer had the focus").toBeHidden();
  await expect(text, "nothing is lost").toHaveValue("아파요");
  await caller.ownCallIs("quiet");
  expect(calls()).toEqual([]);
});

test("two keys make a call that is meant", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const calls = callsOf(caller);
  await caller.page.locator("input[name=text]").fill("아파요");
  await caller.page.keyboard.press("Enter");
  await isAsked(caller);
  const recorded = caller.recorded();

  await caller.page.keyboard.press("Shift+Tab");
  await expect(caller.page.getByTestId("alert-confirm")).toBeFocused();
  await caller.page.keyboard.press("Enter");

  const call = await recorded;
  expect(calls()).toEqual([call]);
});

/** Keeps Enter down for as long as it takes to repeat a few times. A second `down` of a key that is down is a repeat. */
async function holdEnter(page: Page): Promise<void> {
  await page.keyboard.down("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  for (let repeats = 0; repeats < 5; repeats += 1) {
    await page.keyboard.down("Enter");
  }
  await page.keyboard.up("Enter");
}

/** The question is open, and the answer that calls nobody has the focus. */
async function isAsked(caller: Visitor): Promise<void> {
  const dialog = caller.page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole("button", { name: "그만두기" })).toBeFocused();
}
