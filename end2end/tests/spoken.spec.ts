// The words that a screen reader is given, in their order, as docs/accessibility.md lists them.

import type { Page } from "@playwright/test";

import { expect, test } from "../support/fixtures.ts";

/** Collects the text of each live region whenever it changes. */
async function listen(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const spoken: string[] = [];
    (globalThis as unknown as { spoken: string[] }).spoken = spoken;
    const observer = new MutationObserver((changes) => {
      const live = "[role=status], [role=alert], [aria-live]";
      const regions = changes.flatMap(({ target, addedNodes }) => {
        const element = target instanceof Element ? target : target.parentElement;
        const added = [...addedNodes].filter((node) => node instanceof Element);
        // A region that comes with its words is read, too.
        const inside = added.flatMap((node) => [...(node.matches(live) ? [node] : []), ...node.querySelectorAll(live)]);
        return [element?.closest(live), ...inside];
      });
      for (const region of regions) {
        if (!region || region.getAttribute("aria-live") === "off") continue;
        const words = (region.textContent ?? "").replace(/\s+/g, " ").trim();
        if (words && spoken.at(-1) !== words) spoken.push(words);
      }
    });
    observer.observe(document, { subtree: true, childList: true, characterData: true });
  });
}

/** Checks that these words were given in this order, whatever else was. */
async function spoke(page: Page, expected: string[]): Promise<void> {
  await expect
    .poll(async () => {
      const spoken = await page.evaluate(() => (globalThis as unknown as { spoken: string[] }).spoken);
      let from = 0;
      return expected.filter((words) => {
        const place = spoken.findIndex((one, index) => index >= from && one.includes(words));
        if (place >= 0) from = place;
        return place < 0;
      });
    })
    .toEqual([]);
}

test("the caller gets each step in words, and a neighbour who calls, who comes and who arrives", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  const neighbour = await visitor("resident-1204");
  const upstairs = await visitor("resident-1301");
  for (const somebody of [caller, neighbour, upstairs]) {
    await listen(somebody.page);
    await somebody.goHome();
  }
  const call = await caller.call({ kind: "medical" });
  await expect(caller.callState).toContainText("이웃 2집");
  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await neighbour.incident(call).getByTestId("arrived").click();
  await expect(caller.callState).toContainText("도착했어요: 1204호");
  await caller.page.getByTestId("resolve").click();
  await caller.ownCallIs("ended");

  await spoke(caller.page, [
    "이웃 2집의 기기에 전달됐어요",
    "오고 있어요: 1204호",
    "도착했어요: 1204호",
    "상황이 끝났어요",
  ]);
  await spoke(upstairs.page, ["1203호에서 도움을 요청해요", "오는 이웃: 1204호", "1204호 도착"]);
});
