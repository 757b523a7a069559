// The office's board on a wall. It follows the calls without a reload, sounds, names the time since which it is not
// connected, and shows itself to a screen that nobody signs in at, until the office revokes that screen's link.

import { isAccessible } from "../support/axe.ts";
import { NO_NETWORK } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { GATE, YARD } from "../support/places.ts";
import type { Visitor } from "../support/visitor.ts";

const BOARD = "/admin/board";
const DISPLAYS = "/admin/board/displays";

/** The houses that call, from the top of the list. */
const houses = ({ page }: Visitor) =>
  page.getByTestId("board-call").evaluateAll((cards) => cards.map((card) => card.getAttribute("data-house")));

const ready = ({ page }: Visitor) => page.getByTestId("board-ready");

/** Opens the board and waits until its stream has begun. */
async function openBoard(somebody: Visitor, path = BOARD): Promise<void> {
  await somebody.open(path);
  await expect(ready(somebody)).toHaveAttribute("data-state", "connected");
}

/** Makes a screen by the office's form; returns its link. */
async function madeDisplay(admin: Visitor, name: string): Promise<string> {
  await admin.open(DISPLAYS);
  await admin.page.locator("input[name=name]").fill(name);
  await admin.page.getByTestId("make-display").click();
  const link = admin.page.getByTestId("display-link");
  await expect(admin.page.locator("svg.qr")).toBeVisible();
  return (await link.getAttribute("href"))!.replace(admin.origin, "");
}

/** Has the page remember that it was not loaded again. */
const mark = ({ page }: Visitor) => page.evaluate(() => void ((window as { marked?: boolean }).marked = true));
const isMarked = ({ page }: Visitor) => page.evaluate(() => Boolean((window as { marked?: boolean }).marked));

test("an administrator comes to the board, and a call and who comes to it appear without a reload", async ({
  resident,
  visitor,
}) => {
  const admin = await visitor("admin");
  await admin.open("/admin/people");
  await admin.page.locator(".office-nav").getByRole("link", { name: "상황판" }).click();
  await expect(ready(admin)).toHaveAttribute("data-state", "connected");
  await expect(admin.page.getByTestId("board-now")).toContainText("지금은 도움 요청이 없어요");
  await expect(admin.page.getByTestId("board-clock")).toContainText(/\d\d:\d\d/);
  await mark(admin);

  const neighbour = await resident("resident-1204");
  const caller = await resident("resident-1203", { place: YARD });
  const call = await caller.call({ kind: "medical" });
  const card = admin.page.getByTestId("board-call");
  await expect(card).toContainText("1203호");
  await expect(card).toContainText("응급 환자");
  await expect(card).toHaveClass(/unanswered newest/);
  await expect(admin.page.getByTestId("board-pin")).toHaveText("! 1203호");
  await expect(admin.page.getByTestId("board-steps")).toContainText("닿음 1");

  await neighbour.incident(call).getByTestId("accept").click();
  await expect(admin.page.getByTestId("board-who")).toContainText("1204호 가는 중");
  await expect(card).toHaveClass(/ answered/);
  await expect(admin.page.getByTestId("board-pin")).toHaveText("→ 1203호");
  await neighbour.incident(call).getByTestId("arrived").click();
  await expect(admin.page.getByTestId("board-who")).toContainText("1204호 도착");

  await caller.page.locator(".own-call").getByTestId("resolve").click();
  await expect(card).toHaveCount(0);
  await expect(admin.page.getByTestId("board-pin")).toHaveCount(0);
  await expect(admin.page.getByTestId("board-ended")).toContainText(/마지막 \d\d:\d\d/);
  expect(await isMarked(admin), "nobody loaded the page again").toBe(true);
});

test("the oldest call that nobody comes to is first, and a caller off the plan is named below it", async ({
  resident,
  visitor,
}) => {
  const admin = await visitor("admin");
  await openBoard(admin);
  const neighbour = await resident("resident-1204");
  const helped = await resident("resident-1203", { place: YARD });
  const first = await resident("resident-0501");
  const second = await resident("resident-1301", { place: GATE });
  const call = await helped.call();
  await first.call();
  await second.call();
  await expect(admin.page.getByTestId("board-call")).toHaveCount(3);
  await neighbour.incident(call).getByTestId("accept").click();
  await expect.poll(() => houses(admin)).toEqual(["501", "1301", "1203"]);
  await expect(admin.page.getByTestId("board-heading")).toHaveText("2곳에 아직 아무도 안 가요 · 진행 중 3곳");
  await expect(admin.page.locator(".board-call.newest")).toContainText("1301호");
  const notes = admin.page.locator(".board-notes");
  await expect(notes).toContainText(/1301호: 배치도에서 약 [\d.]+ k?m/);
  await expect(notes).toContainText("위치 없이 요청한 집 1곳");
});

test("the board names that its sound is off, and sounds after a tap until it is silenced", async ({
  resident,
  visitor,
}) => {
  const admin = await visitor("admin");
  // Some browsers let a page sound without a tap. This one does not.
  await admin.context.addInitScript(() => {
    const resume = AudioContext.prototype.resume;
    AudioContext.prototype.resume = function () {
      return navigator.userActivation.hasBeenActive ? resume.call(this) : new Promise(() => {});
    };
    const state = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, "state")!;
    Object.defineProperty(BaseAudioContext.prototype, "state", {
      get() {
        return navigator.userActivation.hasBeenActive ? state.get!.call(this) : "suspended";
      },
    });
  });
  await openBoard(admin);
  const arm = admin.page.getByTestId("board-arm");
  await expect(arm).toHaveText("소리가 꺼져 있어요. 눌러서 켜기");
  await arm.click();
  await expect(admin.page.getByTestId("board-armed")).toBeVisible();
  await expect(arm).toBeHidden();
  expect(await admin.sounded()).toBe(0);

  const caller = await resident("resident-1203");
  await caller.call();
  await expect.poll(() => admin.sounded()).toBe(1);
  await admin.page.getByTestId("board-silence").click();
  await expect(admin.page.getByTestId("board-silence")).toBeHidden();
  const upstairs = await resident("resident-1301");
  await upstairs.call();
  await expect.poll(() => admin.sounded(), "another call sounds").toBe(2);
});

test("the board names since when it is not connected, and goes on when the server is back", async ({
  program,
  visitor,
  resident,
}) => {
  test.setTimeout(180_000);
  const admin = await visitor("admin");
  const caller = await resident("resident-1203");
  [admin, caller].forEach((somebody) => somebody.expects(NO_NETWORK));
  await openBoard(admin);
  await caller.call();
  await expect(admin.page.getByTestId("board-call")).toHaveCount(1);
  await mark(admin);
  const stale = admin.page.getByTestId("board-stale");
  await expect(stale).toBeHidden();
  await program.stop();
  await expect(stale).toBeVisible({ timeout: 30_000 });
  await expect(stale).toContainText(/\d\d:\d\d부터 연결이 끊겼어요/);
  await expect(ready(admin)).toHaveAttribute("data-state", "lost");
  await expect(admin.page.getByTestId("board-call"), "what is known stays").toHaveCount(1);
  await program.start();
  await expect(stale).toBeHidden({ timeout: 60_000 });
  await expect(ready(admin)).toHaveAttribute("data-state", "connected");
  await expect(admin.page.getByTestId("board-call")).toHaveCount(1);
  expect(await isMarked(admin), "nobody loaded the page again").toBe(true);
});

test("a network that is gone without a word is noticed", async ({ visitor }) => {
  const admin = await visitor("admin");
  admin.expects(NO_NETWORK);
  // A cable that was pulled closes no connection, and nothing comes any more.
  await admin.context.addInitScript(() => {
    type Listen = (this: EventSource, type: string, listener: (event: Event) => void) => void;
    const listen = EventSource.prototype.addEventListener as unknown as Listen;
    const cut: Listen = function (type, listener) {
      listen.call(this, type, (event) => {
        if (!document.documentElement.dataset.cut) listener(event);
      });
    };
    EventSource.prototype.addEventListener = cut as unknown as typeof EventSource.prototype.addEventListener;
  });
  await openBoard(admin);
  await admin.page.evaluate(() => void (document.documentElement.dataset.cut = "true"));
  await expect(admin.page.getByTestId("board-stale")).toBeVisible({ timeout: 30_000 });
  await admin.page.evaluate(() => delete document.documentElement.dataset.cut);
  await expect(admin.page.getByTestId("board-stale")).toBeHidden({ timeout: 15_000 });
});

test("a screen shows the board by its link, and nothing else, until the link is revoked", async ({
  visitor,
  resident,
  stranger,
}) => {
  const admin = await visitor("admin");
  const link = await madeDisplay(admin, "관리사무소 벽");
  await admin.open(DISPLAYS);
  const listed = admin.page.getByTestId("display").filter({ hasText: "관리사무소 벽" }).first();
  await expect(listed).toContainText("아직 연결한 적이 없어요");
  await expect(admin.page.locator("body")).not.toContainText("?display=");

  const wall = await stranger();
  wall.expects(/status of 40[13]/);
  await openBoard(wall, link);
  await expect(wall.page, "nobody reads the token off the wall").toHaveURL(`${wall.origin}${BOARD}`);
  await expect(wall.page.getByTestId("board-displays")).toHaveCount(0);
  const caller = await resident("resident-1203");
  await caller.call();
  await expect(wall.page.getByTestId("board-call")).toContainText("1203호");
  await wall.page.reload();
  await expect(wall.page.getByTestId("board-call"), "the link is not needed again").toContainText("1203호");

  for (const path of ["/", "/admin/people", "/admin/statistics", DISPLAYS, "/devices"]) {
    const answer = await wall.context.request.get(`${wall.origin}${path}`, { maxRedirects: 0 });
    expect([answer.status(), answer.headers()["location"]], path).toEqual([303, expect.stringContaining("/sign-in")]);
  }
  for (const path of ["/api/people", "/api/statistics", "/api/displays", "/api/session"]) {
    expect((await wall.context.request.get(`${wall.origin}${path}`)).status(), path).toBe(401);
  }

  await admin.page.reload();
  await expect(listed).toContainText("마지막 연결");
  await openBoard(wall);
  await listed.getByTestId("revoke-display").click();
  await expect(admin.page.getByTestId("done")).toContainText("5초 안에 끊겨요");
  await expect(wall.page.getByTestId("board-revoked")).toBeVisible({ timeout: 5_000 });
  await expect(wall.page.locator("body")).not.toContainText("1203호");
  await wall.open(link);
  await expect(wall.page.getByTestId("board-revoked"), "the link is gone, too").toBeVisible();
});

test("without JavaScript the board is loaded again every ten seconds", async ({ visitor, resident }) => {
  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open(BOARD);
  await expect(ready(admin)).toContainText("소리는 나지 않아요");
  await expect(admin.page.getByTestId("board-call")).toHaveCount(0);
  const caller = await resident("resident-1203", { place: YARD });
  await caller.call({ kind: "fire" });
  await expect(admin.page.getByTestId("board-call")).toContainText("화재", { timeout: 30_000 });
  await expect(admin.page.getByTestId("board-pin")).toHaveText("! 1203호");
});

test("a resident reads whose page it is, and a stranger signs in first", async ({ visitor, stranger }) => {
  const caller = await visitor("resident-1203");
  caller.expects(/status of 403/);
  await caller.open(BOARD);
  await expect(caller.page.getByTestId("administrators-only")).toBeVisible();
  await expect(caller.page.getByTestId("board-now")).toHaveCount(0);
  const somebody = await stranger();
  await somebody.open(BOARD);
  await expect(somebody.page).toHaveURL(/\/sign-in\?next=%2Fadmin%2Fboard/);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the board is accessible and fits, ${colorScheme}`, async ({ visitor, resident }) => {
    const look = { colorScheme, reducedMotion: "reduce" } as const;
    const admin = await visitor("admin", look);
    await openBoard(admin);
    await isAccessible(admin, "an empty board");
    const caller = await resident("resident-1203", { place: YARD });
    const elsewhere = await resident("resident-0501");
    const neighbour = await resident("resident-1204");
    const call = await caller.call({ kind: "medical", text: "아이가 숨을 못 쉬어요" });
    await elsewhere.call({ kind: "fire" });
    await neighbour.incident(call).getByTestId("accept").click();
    await expect(admin.page.getByTestId("board-who").last()).toContainText("1204호");
    await isAccessible(admin, "a board with two calls");
    for (const [width, height] of [[390, 844], [1280, 800], [1920, 1080]] as const) {
      await admin.page.setViewportSize({ width, height });
      const [across, down] = await admin.page.evaluate(() => {
        const { scrollWidth, scrollHeight } = document.documentElement;
        return [scrollWidth, scrollHeight];
      });
      expect(across, `${width}`).toBeLessThanOrEqual(width);
      if (width > 1000) expect(down, `${width}: nobody scrolls on a wall`).toBeLessThanOrEqual(height);
    }
    await admin.open(DISPLAYS);
    await isAccessible(admin, "the displays");
    await madeDisplay(admin, `a look, ${colorScheme}`);
    await isAccessible(admin, "a display's link");
  });
}
