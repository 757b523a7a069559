// The alert button, with the presses that call and those that do not, and a press that is never lost.

import type { Page } from "@playwright/test";

import { NO_NETWORK } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";
import type { Visitor } from "../support/visitor.ts";

test("a short touch calls nobody and says so", async ({ resident }) => {
  const caller = await resident("resident-1203", { reducedMotion: "no-preference" });
  const calls = callsOf(caller);

  await caller.button.click();
  await expect(caller.page.getByText("짧게 눌러서 요청하지 않았어요")).toBeVisible();

  // Slipping off the button is letting go of it.
  await caller.button.hover();
  await caller.page.mouse.down();
  await expect(caller.button).toHaveClass(/held/);
  await caller.page.mouse.move(0, 0);
  await expect(caller.button).not.toHaveClass(/held/);
  await caller.page.mouse.up();

  await caller.ownCallIs("quiet");
  await expect(caller.page.getByRole("dialog")).toHaveCount(0);
  // The call that follows is the first one, because none was on its way.
  const call = await caller.call();
  expect(await calls()).toEqual([call]);
});

test("a neighbour's call that comes while the button is held or words are written takes neither away", async ({
  resident,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const text = caller.page.locator("input[name=text]");
  await text.pressSequentially("문이 ");
  const first = await neighbour.call();
  await expect(caller.incident(first)).toBeVisible();
  await text.pressSequentially("안 열려요");
  await expect(text).toHaveValue("문이 안 열려요");
  await neighbour.page.locator(".own-call").getByTestId("cancel").click();
  await expect(caller.alarm).toHaveCount(0);

  await caller.button.hover();
  const second = neighbour.call();
  await neighbour.page.waitForTimeout(600);
  const sent = caller.recorded();
  await caller.page.mouse.down();
  await expect(caller.incident(await second)).toBeVisible();
  const own = await sent;
  await caller.page.mouse.up();
  await expect(neighbour.incident(own)).toBeVisible();
});

test("a finger that holds the button calls", async ({ resident }) => {
  const caller = await resident("resident-1203", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    reducedMotion: "no-preference",
  });
  const neighbour = await resident("resident-1204");
  await caller.button.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await caller.button.boundingBox())!;
  const finger = await caller.context.newCDPSession(caller.page);
  const recorded = caller.recorded();

  await finger.send("Input.dispatchTouchEvent", {
    type: "touchStart",
    touchPoints: [{ x: x + width / 2, y: y + height / 2 }],
  });
  const call = await recorded;
  await finger.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });

  await expect(neighbour.incident(call)).toBeVisible();
});

test("with the keyboard alone one calls and answers", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const calls = callsOf(caller);
  const { keyboard } = caller.page;
  const dialog = caller.page.getByRole("dialog");

  await tabTo(caller.page, "alert-button");
  await keyboard.press("Enter");
  await expect(dialog).toBeVisible();
  await keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(caller.button, "the focus comes back").toBeFocused();

  await keyboard.press("Space");
  await expect(dialog).toBeVisible();
  await tabTo(caller.page, "alert-confirm");
  const recorded = caller.recorded();
  await keyboard.press("Enter");
  const call = await recorded;
  expect(await calls()).toEqual([call]);

  await expect(neighbour.incident(call)).toBeVisible();
  await tabTo(neighbour.page, "accept");
  await neighbour.page.keyboard.press("Enter");
  await caller.ownCallIs("coming");
});

test("who cannot hold has a button that asks", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await caller.say({ kind: "fire", text: "연기가 나요" });

  await caller.page.getByTestId("alert-press").click();
  const dialog = caller.page.getByRole("dialog", { name: "이웃에게 도움을 요청할까요?" });
  await expect(dialog).toContainText("101-1 라인의 모든 이웃에게 경보가 울려요. 1203호에서 요청해요.");
  const recorded = caller.recorded();
  await dialog.getByTestId("alert-confirm").click();
  const call = await recorded;

  await expect(neighbour.incident(call)).toContainText("화재");
  await expect(neighbour.incident(call)).toContainText("연기가 나요");
});

test("a browser that refuses to tell where it is calls all the same", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");

  const call = await caller.call();

  await caller.ownCallIs("reached");
  await expect(neighbour.alarm.locator(neighbour.incident(call))).toContainText("위치 없음");
  await expect(neighbour.markers).toHaveCount(0);
});

test("a press without a network is kept, and is one call when the network is back", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  const calls = callsOf(caller);
  caller.expects(NO_NETWORK);

  await caller.context.setOffline(true);
  await caller.hold();
  await caller.ownCallIs("retrying");
  await expect(caller.callState).toContainText("연결이 없어요");
  await expect(caller.call119).toBeVisible();
  await expect.poll(async () => (await calls()).length, "it tries again").toBeGreaterThan(1);
  const recorded = caller.recorded();
  await caller.context.setOffline(false);
  const call = await recorded;

  await caller.ownCallIs("reached");
  await expect(neighbour.incident(call)).toBeVisible();
  expect(new Set(await calls()), "every try was the same call").toEqual(new Set([call]));
  await neighbour.hasOneOpenCall(call);
});

test("a reload in the middle of a press without a network loses nothing", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const calls = callsOf(caller);
  caller.expects(NO_NETWORK);

  // The pages load, and only what is sent to /alert gets nowhere.
  await caller.context.route("**/alert", (route) => route.abort());
  await caller.hold();
  await caller.ownCallIs("retrying");
  await caller.context.unrouteAll();
  // The page warns before it is left with a call that was not sent.
  caller.page.once("dialog", (dialog) => void dialog.accept());
  const recorded = caller.recorded();
  await caller.reload();
  const call = await recorded;

  await expect(neighbour.incident(call)).toBeVisible();
  expect(new Set(await calls())).toEqual(new Set([call]));
  await neighbour.hasOneOpenCall(call);
});

test("a press of somebody who was signed out waits for them to sign in", async ({ stranger, resident }) => {
  // A session of their own, because signing out ends it.
  const caller = await stranger();
  await caller.page.clock.install();
  await caller.open("/sign-in");
  await caller.signIn("resident-1203", "neighbour");
  await caller.isConnected();
  const neighbour = await resident("resident-1204");
  caller.expects(/401|ERR_|WebSocket connection to/);

  const otherTab = await caller.context.newPage();
  await otherTab.goto(`${caller.origin}/`);
  await otherTab.getByTestId("sign-out").click();
  await expect(otherTab).toHaveURL(`${caller.origin}/sign-in`);
  await expect(caller.connection).toHaveAttribute("data-state", "signed-out");

  await caller.hold();
  await caller.ownCallIs("sign-in");
  const opened = caller.context.waitForEvent("page");
  await caller.page.locator(".own-call a[href^='/sign-in']").click();
  const signInPage = await opened;
  // The page that has just been signed in to finds the press, or the one that pressed is quicker.
  const recorded = caller.context.waitForEvent("response", {
    predicate: (response) => new URL(response.url()).pathname === "/alert" && response.status() === 202,
  });
  await signInPage.locator("input[name=name]").fill("resident-1203");
  await signInPage.locator("input[name=password]").fill("neighbour");
  await signInPage.locator("form[action='/sign-in'] button[type=submit]").click();

  const { id } = (await (await recorded).json()) as { id: string };
  // A page that is signed out looks for a session every half a minute.
  await expect(async () => {
    await caller.page.clock.runFor("00:05");
    await expect(caller.connection).toHaveAttribute("data-state", "connected", { timeout: 1_000 });
  }).toPass();
  await caller.ownCallIs("reached");
  await expect(neighbour.incident(id)).toBeVisible();
});

/** The ids that the page's calls were sent with, every try of them. */
function callsOf(visitor: Visitor): () => Promise<(string | null)[]> {
  const keys: Promise<string | null>[] = [];
  visitor.page.on("request", (request) => {
    if (request.method() === "POST" && new URL(request.url()).pathname === "/alert") {
      keys.push(request.headerValue("idempotency-key"));
    }
  });
  return () => Promise.all(keys);
}

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, testId: string): Promise<void> {
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
  for (let presses = 0; (await focused()) !== testId; presses += 1) {
    expect(presses, `Tab reaches ${testId}`).toBeLessThan(40);
    await page.keyboard.press("Tab");
  }
}
