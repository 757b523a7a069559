// Firefox, another browser than the one that the other tests drive. It is pushed to while our pages are closed, by a
// push service of the test; Firefox itself decrypts the messages, wakes the worker and shows the notification.

import type { Locator } from "@playwright/test";

import { Cable } from "../support/cable.ts";
import { isAlarmedOnce, kept, pageIsKept } from "../support/device.ts";
import { Firefox, firefoxProgram } from "../support/firefox.ts";
import { test as base, expect } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";
import { Program } from "../support/program.ts";
import type { Visitor } from "../support/visitor.ts";

/** The words of the neighbours' alarm, and of those that take its place. */
const ALARM = "1203호에서 도움을 요청했어요";
const OVER = "1203호 요청이 끝났어요";
// The worker's answer to the tap, or the server's push to the devices of the house that comes, whichever is later.
const COMING = /간다고 알렸어요$/;

interface OfATest {
  firefox: Firefox;
  /** A resident of 1204 in Firefox, with the home page open and connected. */
  neighbour: Visitor;
}

const test = base.extend<OfATest, { program: Program }>({
  program: [
    async ({}, use) => {
      const contact = "mailto:office@iutsai.example";
      const program = await Program.started({ IUTSAI_PUSH_HOSTS: "loopback", IUTSAI_PUSH_CONTACT: contact });
      await use(program);
      await program.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  firefox: async ({}, use, info) => {
    const firefox = await Firefox.started();
    await use(firefox);
    if (info.status !== info.expectedStatus) {
      const { answers, refused } = firefox.pushService;
      const body = JSON.stringify({ answers, refused });
      await info.attach("push-service.json", { body, contentType: "application/json" });
    }
    await firefox.end();
  },

  neighbour: async ({ firefox, program, arrival }, use) => {
    const neighbour = await arrival(firefox.context, program.origin);
    await neighbour.enter("resident-1204");
    await use(neighbour);
  },
});

test.skip(!firefoxProgram(), "there is no Firefox (firefox-esr, or the program that IUTSAI_FIREFOX names)");

// One program and one browser at a time, which takes its while to start.
test.describe.configure({ mode: "default", timeout: 240_000 });

test("a neighbour in Firefox whose pages are closed is shown a call and its end", async ({
  firefox,
  neighbour,
  resident,
}) => {
  const caller = await resident("resident-1203");
  await subscribe(neighbour);
  expect(firefox.pushService.subscriptions).toBe(1);
  await firefox.closePages();

  await caller.call({ kind: "medical", text: "a secret" });

  const body = expect.stringContaining("101-1 라인");
  await expect.poll(() => firefox.shown()).toMatchObject([{ title: ALARM, body }]);
  const [pushed] = firefox.pushService.pushed;
  expect(pushed!.headers).toMatchObject({ ttl: "600", urgency: "high" });
  expect(pushed!.body.includes("secret")).toBe(false);
  await expect(caller.page.locator("[data-testid=ledger]")).toContainText("1204호");
  const devices = await neighbour.newTab();
  await devices.open("/devices");
  expect(await notifications(devices)).toMatchObject([{ title: ALARM, actions: ["accept"] }]);
  await expect(async () => {
    await devices.page.reload();
    await expect(listed(devices).locator("[data-part=worked]")).toBeVisible({ timeout: 1_000 });
  }, "the device reports that it showed it").toPass();

  await caller.page.locator(".own-call").getByTestId("resolve").click();

  await expect.poll(() => firefox.shown()).toMatchObject([{ title: OVER }]);
  await expect.poll(() => firefox.pushService.answers).toEqual([100, 100]);
  expect(firefox.pushService.refused).toEqual([]);
});

test("a neighbour comes from Firefox's notification, and the caller sees it", async ({
  firefox,
  neighbour,
  resident,
}) => {
  const caller = await resident("resident-1203");
  await subscribe(neighbour);
  await firefox.closePages();
  await caller.call();
  await expect.poll(() => firefox.shown()).toMatchObject([{ title: ALARM }]);

  await firefox.tap("accept");

  await expect.poll(() => firefox.shown()).toMatchObject([{ title: expect.stringMatching(COMING) }]);
  await caller.ownCallIs("coming");
  await expect(caller.page.locator(".own-call")).toContainText("1204호");
});

test("a tap beside the action opens the home page in Firefox, with the call", async ({
  firefox,
  neighbour,
  resident,
}) => {
  const caller = await resident("resident-1203");
  await subscribe(neighbour);
  await firefox.closePages();
  const call = await caller.call();
  await expect.poll(() => firefox.shown()).toMatchObject([{ title: ALARM }]);

  const opened = firefox.context.waitForEvent("page");
  await firefox.tap("");

  const page = await opened;
  await expect(page).toHaveURL(`${neighbour.origin}/`);
  await expect(page.locator("html[data-hydrated]")).toBeAttached();
  await expect(page.locator(`[data-testid=incident][data-alert="${call}"]`)).toBeVisible();
});

test("the test message of a device arrives in Firefox, and a removed device is unsubscribed", async ({
  firefox,
  neighbour,
}) => {
  await subscribe(neighbour);
  const device = listed(neighbour);
  await device.getByRole("button", { name: "시험 알림 보내기" }).click();
  await expect.poll(() => firefox.shown()).toHaveLength(1);
  await expect.poll(() => firefox.pushService.answers).toEqual([100]);

  await device.getByRole("button", { name: "지우기" }).click();

  await expect(device).toHaveCount(0);
  await expect.poll(() => firefox.pushService.subscriptions).toBe(0);
});

test("a press in Firefox alarms a neighbour, and Firefox shows that help comes", async ({ neighbour, resident }) => {
  const other = await resident("resident-1301");
  await other.arm();

  const call = await neighbour.call({ kind: "fire", text: "연기가 나요" });

  await expect(other.incident(call)).toContainText("연기가 나요");
  await expect.poll(() => other.sounded()).toBe(1);
  await other.incident(call).getByTestId("accept").click();
  await neighbour.ownCallIs("coming");
  await expect(neighbour.page.locator(".own-call")).toContainText("1301호");
});

test("a call sounds in Firefox and is accepted there", async ({ neighbour, resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  await neighbour.arm();

  const call = await caller.call({ kind: "intruder" });

  await expect(neighbour.alarm).toBeVisible();
  await expect.poll(() => neighbour.sounded()).toBe(1);
  await expect(neighbour.markers).toHaveCount(1);
  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await expect(caller.page.locator(".own-call")).toContainText("1204호");
});

test("Firefox has the page without a network, and keeps a press until it is back", async ({
  firefox,
  program,
  arrival,
  resident,
}) => {
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  const cable = await Cable.laid(program.listensOn);
  const caller = await arrival(firefox.context, cable.origin);
  await caller.enter("resident-1203");
  await pageIsKept(caller);
  caller.expects(/connection to (the server at )?ws:/);
  cable.cut();
  await caller.page.reload();
  await expect(caller.page.locator("html[data-hydrated][data-kept]")).toBeAttached();

  await caller.hold();
  await caller.ownCallIs("retrying");
  const [press] = await kept(caller);
  const recorded = caller.recorded();
  cable.mend();

  expect(await recorded).toBe(press!.key);
  await caller.ownCallIs("reached");
  await isAlarmedOnce(neighbour, press!.key);
  await cable.remove();
});

/** Turns notifications on at /devices, as people do. */
async function subscribe(visitor: Visitor): Promise<void> {
  await visitor.open("/devices");
  const device = visitor.page.getByTestId("this-device");
  await expect(device).toHaveAttribute("data-state", "off");
  await visitor.page.getByTestId("turn-on").click();
  await expect(device).toHaveAttribute("data-state", "on");
}

/** This browser in the list of the person's devices, where those of other tests stand as well. */
function listed({ page }: Visitor): Locator {
  const here = page.locator("[data-part=here]:not([hidden])");
  return page.getByTestId("device-list").locator("[data-device]").filter({ has: here });
}

/** Returns the notifications that the browser keeps for us. */
async function notifications({ page }: Visitor): Promise<{ title: string; actions: string[] }[]> {
  return page.evaluate(async () => {
    const all = await (await navigator.serviceWorker.ready).getNotifications();
    return all.map((notification) => {
      const { title, actions } = notification as Notification & { actions: { action: string }[] };
      return { title, actions: actions.map(({ action }) => action) };
    });
  });
}
