// A call reaches a closed page. It is tested what the service worker shows of a push, and that a neighbour comes from
// there.

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { ClosedBrowser, DEVICE_STATES, pushOf } from "../support/push.ts";
import type { Visitor } from "../support/visitor.ts";

test("a neighbour whose pages are all closed accepts from the notification, and the caller sees it", async ({
  resident,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await ClosedBrowser.of(await resident("resident-1204"));
  const call = await caller.call({ kind: "medical" });

  await neighbour.push(pushOf(call));
  await expect.poll(() => neighbour.shown()).toMatchObject([{ title: "1203호에서 도움을 요청했어요" }]);
  await neighbour.tap("accept");

  await caller.ownCallIs("coming");
  await expect(caller.page.locator(".own-call")).toContainText("1204호");
  expect(await neighbour.shown()).toMatchObject([{ title: "간다고 알렸어요", outcome: "coming" }]);
});

test("a worker that the browser has ended is woken, and shows the call once however often it is pushed", async ({
  resident,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await ClosedBrowser.of(await resident("resident-1204"));
  const call = await caller.call();

  await neighbour.stopWorker();
  await neighbour.push(pushOf(call));
  await neighbour.push(pushOf(call));

  await expect.poll(() => neighbour.shown()).toHaveLength(1);
  await neighbour.tap("accept");
  await caller.ownCallIs("coming");
});

test("the end of a call replaces its alarm", async ({ resident }) => {
  const neighbour = await ClosedBrowser.of(await resident("resident-1204"));
  const call = "01890a5d-ac96-774b-bcce-b302099a8057";
  await neighbour.push(pushOf(call));
  await expect.poll(() => neighbour.shown()).toMatchObject([{ title: "1203호에서 도움을 요청했어요" }]);
  await neighbour.push(pushOf(call, { title: "1203호 요청이 끝났어요", class: "over", silent: true }));
  await expect.poll(() => neighbour.shown()).toMatchObject([{ title: "1203호 요청이 끝났어요" }]);
});

test("an accept of a call that is over is shown as that, and never as sent", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await ClosedBrowser.of(await resident("resident-1204"));
  const call = await caller.call();
  await neighbour.push(pushOf(call));
  await caller.page.locator(".own-call").getByTestId("resolve").click();
  await caller.ownCallIs("ended");
  await neighbour.tap("accept");
  expect(await neighbour.shown()).toMatchObject([{ title: "이미 끝난 요청이에요", outcome: "over" }]);
});

test("a push that cannot be read is shown all the same", async ({ resident }) => {
  const neighbour = await ClosedBrowser.of(await resident("resident-1204"));
  await neighbour.push("nothing that the server writes");
  await expect.poll(() => neighbour.shown()).toMatchObject([{ title: "이웃이 도움을 요청했을 수 있어요" }]);
});

// --- the page of the devices ------------------------------------------------------------------------------------------

test("every state of the permission has words of its own and is accessible", async ({ visitor }) => {
  test.setTimeout(180_000);
  for (const { state, userAgent, script, words } of DEVICE_STATES) {
    const somebody = await visitor("resident-1204", { userAgent });
    await somebody.context.addInitScript(script);
    await somebody.open("/devices");
    await stateIs(somebody, state, words);
    await isAccessible(somebody, `devices: ${state}`);
  }
});

test("a push service that cannot be reached is named, with what to do meanwhile", async ({ visitor }) => {
  const somebody = await visitor("resident-1204");
  await somebody.context.grantPermissions(["notifications"], { origin: somebody.origin });
  await somebody.open("/devices");
  await stateIs(somebody, "off", "아직 등록되지 않았어요");
  // No browser of a test has a push service.
  somebody.expects(/Push API in incognito mode/);
  await somebody.page.getByTestId("turn-on").click();
  await stateIs(somebody, "unreachable", "화면을 열어 두세요");
});

test("a device is named, listed with when it last worked, and removed", async ({ visitor }) => {
  const somebody = await visitor("resident-1301");
  await somebody.context.grantPermissions(["notifications"], { origin: somebody.origin });
  await somebody.context.addInitScript(() => {
    const subscription = {
      endpoint: "https://fcm.googleapis.com/fcm/send/of-a-test",
      unsubscribe: async () => true,
      toJSON: () => ({
        endpoint: "https://fcm.googleapis.com/fcm/send/of-a-test",
        keys: {
          p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
          auth: "BTBZMqHH6r4Tts7J_aSIgg",
        },
      }),
    };
    let subscribed = false;
    Object.assign(PushManager.prototype, {
      getSubscription: async () => (subscribed ? subscription : null),
      subscribe: async () => {
        subscribed = true;
        return subscription;
      },
    });
  });
  await somebody.open("/devices");
  await stateIs(somebody, "off", "아직 등록되지 않았어요");
  await somebody.page.locator("input[name=device]").fill("안방 전화기");
  await somebody.page.getByTestId("turn-on").click();
  await stateIs(somebody, "on", "화면이 닫혀 있어도 알림을 받아요");
  const listed = somebody.page.getByTestId("device-list").locator("[data-device]");
  await expect(listed).toHaveCount(1);
  await expect(listed).toContainText("안방 전화기");
  await expect(listed).toContainText("아직 울린 적이 없어요");
  await isAccessible(somebody, "devices: on");
  await listed.getByRole("button", { name: "지우기" }).click();
  await expect(listed).toHaveCount(0);
  await expect(somebody.page.getByTestId("push-result")).toContainText("지웠어요");
});

async function stateIs(visitor: Visitor, state: string, words: string): Promise<void> {
  const section = visitor.page.getByTestId("this-device");
  await expect(section).toHaveAttribute("data-state", state);
  await expect(section.locator("[data-when]:not([hidden])")).toHaveCount(1);
  await expect(section).toContainText(words);
}
