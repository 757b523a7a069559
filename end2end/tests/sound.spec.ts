// An armed device, which can sound, or its page states that it cannot. The tests have two tabs, a silent switch, a
// screen that goes off, and a storage that keeps nothing.

import { expect, test } from "../support/fixtures.ts";
import {
  canBeHidden,
  freezeSound,
  prepareFrozenSound,
  screenOf,
  screenThat,
  show,
  spyOnDevice,
  takeSoundAway,
} from "../support/spied.ts";
import type { Visitor } from "../support/visitor.ts";

const ARMED = "경보음 켜짐";
const ELSEWHERE = "다른 탭에서 경보음이 켜져 있어요. 이 탭에서는 소리가 나지 않아요.";
const SILENT = "경보음은 켜 두었지만 브라우저가 소리를 막고 있어요.";
const MAY_GO_OFF = "이 기기는 화면이 저절로 꺼지면 경보가 울리지 않아요.";

test("a tab whose sound is taken away gives the call to the other one, and says so", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const [first, second] = await twoArmedTabs(await visitor("resident-1204"));
  await caller.call();
  await expect.poll(() => first.sounded()).toBe(1);

  await takeSoundAway(first.page);

  await expect.poll(() => second.sounded(), "the other tab goes on with it").toBe(1);
  await expect(second.page.getByTestId("silence")).toBeVisible();
  await expect(first.page.getByTestId("silence")).toBeHidden();
  await expect(first.page.getByText(ELSEWHERE)).toBeVisible();
  await expect(second.page.getByText(ARMED)).toBeVisible();
});

test("a tab whose audio claims to run and stands still gives its right to the other one", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const [first, second] = await twoArmedTabs(await visitor("resident-1204"));
  await freezeSound(first.page, true);
  await expect(first.page.getByText(ELSEWHERE)).toBeVisible();

  await caller.call();

  await expect.poll(() => second.sounded()).toBe(1);
  expect(await first.sounded()).toBe(0);
  await freezeSound(first.page, false);
  await expect(first.page.getByText(ARMED), "it can sound again").toBeVisible();
  expect(await first.sounded(), "the other tab sounds still").toBe(0);
});

test("a tab alone whose sound was taken away says so, and sounds the open call after a tap", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await visitor("resident-1204");
  await spyOnDevice(neighbour.page);
  await neighbour.goHome();
  await neighbour.arm();
  await takeSoundAway(neighbour.page);
  await expect(neighbour.page.getByText(SILENT)).toBeVisible();
  const call = await caller.call();
  await expect(neighbour.alarm.locator(neighbour.incident(call))).toBeVisible();
  expect(await neighbour.sounded()).toBe(0);

  await neighbour.page.getByRole("contentinfo").click({ position: { x: 1, y: 1 } });

  await expect.poll(() => neighbour.sounded()).toBe(1);
  await expect(neighbour.page.getByText(ARMED)).toBeVisible();
});

test("a tab alone whose sound was taken away has it again when the page is shown", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const neighbour = await visitor("resident-1204");
  await spyOnDevice(neighbour.page);
  await canBeHidden(neighbour.page);
  await neighbour.goHome();
  await neighbour.arm();
  await show(neighbour.page, false);
  await takeSoundAway(neighbour.page);
  await expect(neighbour.page.getByText(SILENT)).toBeVisible();

  await show(neighbour.page, true);

  await expect(neighbour.page.getByText(ARMED)).toBeVisible();
  await caller.call();
  await expect.poll(() => neighbour.sounded()).toBe(1);
});

test("once armed, sound passes the silent switch of a device that has one", async ({ visitor }) => {
  const neighbour = await visitor("resident-1204");
  await neighbour.page.addInitScript(() => {
    Object.defineProperty(navigator, "audioSession", { value: { type: "auto" } });
  });
  const session = () =>
    neighbour.page.evaluate(() => (navigator as unknown as { audioSession: { type: string } }).audioSession.type);
  await neighbour.goHome();
  expect(await session(), "a page that is not armed leaves other sound alone").toBe("auto");

  await neighbour.arm();

  expect(await session()).toBe("playback");
});

test("the screen stays on while the page is armed and shown, also after it was hidden", async ({ visitor }) => {
  const neighbour = await visitor("resident-1204");
  await canBeHidden(neighbour.page);
  await screenThat(neighbour.page, "stays on");
  await neighbour.goHome();
  expect(await screenOf(neighbour.page)).toEqual({ asked: 0, staysOn: false });

  await neighbour.arm();
  await expect.poll(() => screenOf(neighbour.page)).toEqual({ asked: 1, staysOn: true });
  await expect(neighbour.page.getByText(MAY_GO_OFF)).toBeHidden();

  await show(neighbour.page, false);
  expect(await screenOf(neighbour.page)).toEqual({ asked: 1, staysOn: false });
  await show(neighbour.page, true);
  await expect.poll(() => screenOf(neighbour.page)).toEqual({ asked: 2, staysOn: true });
});

test("where the screen cannot be kept on, the page says so", async ({ visitor }) => {
  const neighbour = await visitor("resident-1204");
  await screenThat(neighbour.page, "refuses");
  await neighbour.goHome();
  await expect(neighbour.page.getByText(MAY_GO_OFF)).toBeHidden();

  await neighbour.arm();

  await expect(neighbour.page.getByText(MAY_GO_OFF)).toBeVisible();
});

for (const storage of ["refuses to keep anything", "is forbidden"] as const) {
  test(`a call is silenced once where the storage ${storage}`, async ({ resident, visitor }) => {
    const caller = await resident("resident-1203");
    const other = await resident("resident-1301");
    const neighbour = await visitor("resident-1204");
    await neighbour.page.addInitScript((storage) => {
      const refuse = () => {
        throw new DOMException("it is full, or forbidden", "QuotaExceededError");
      };
      if (storage === "is forbidden") {
        Object.defineProperty(window, "localStorage", { get: refuse });
        Object.defineProperty(window, "sessionStorage", { get: refuse });
      } else {
        Storage.prototype.setItem = refuse;
      }
    }, storage);
    await neighbour.goHome();
    await neighbour.arm();
    await caller.call();
    await expect.poll(() => neighbour.sounded()).toBe(1);

    await neighbour.page.getByTestId("silence").click();

    await expect(neighbour.page.getByTestId("silence")).toBeHidden();
    // The page looks at the calls again once a second.
    await neighbour.page.waitForTimeout(1_500);
    await expect(neighbour.page.getByTestId("silence")).toBeHidden();
    expect(await neighbour.sounded()).toBe(1);
    await other.call();
    await expect.poll(() => neighbour.sounded(), "the next one sounds").toBe(2);
  });
}

test("a drill says in the title of the tab that it is one", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();

  const status = await caller.page.evaluate(async () => {
    const answer = await fetch("/alert", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
      body: JSON.stringify({ line: "101-1", house: "1203", text: "", drill: true }),
    });
    return answer.status;
  });

  expect(status).toBe(202);
  await expect.poll(() => neighbour.sounded()).toBe(1);
  await expect(neighbour.page).toHaveTitle("훈련: 1203호에서 도움을 요청해요");
  await expect(neighbour.alarm.getByRole("heading")).toHaveText("훈련: 1203호에서 도움을 요청해요");
});

/** Two tabs of one neighbour. The first was armed first, so it has the right to sound. */
async function twoArmedTabs(first: Visitor): Promise<[Visitor, Visitor]> {
  await spyOnDevice(first.context);
  await prepareFrozenSound(first.context);
  await first.goHome();
  await first.arm();
  const second = await first.anotherTab();
  await second.arm();
  return [first, second];
}
