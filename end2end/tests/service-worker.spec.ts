// The service worker while no page is open. It sends kept presses by the rules of the page, and the next page shows
// what became of them.

import { NO_NETWORK, type Outbox, age, callsOf, close, kept, pageIsKept, worker } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { Program } from "../support/program.ts";
import type { Visitor } from "../support/visitor.ts";

declare const iutsaiOutbox: Outbox;

test("a kept press is sent with no page open, and the next page shows that it is recorded", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  await caller.context.grantPermissions(["background-sync"], { origin: caller.origin });
  const calls = callsOf(caller);
  const press = await pressOffline(caller);
  await expect.poll(() => wakings(caller), "the browser is asked to wake the worker").toEqual(["presses"]);
  const bystander = await caller.newTab();
  await close(caller);
  await caller.context.setOffline(false);

  // Chromium does so unasked if it has not tried yet while the network was gone; else in five minutes.
  await wake(bystander);

  await expect(neighbour.incident(press)).toBeVisible();
  expect(new Set(calls())).toEqual(new Set([press]));
  await expect.poll(() => neighbour.sounded()).toBe(1);
  const before = calls().length;
  await bystander.goHome();
  await bystander.ownCallIs("reached");
  await expect.poll(() => kept(bystander)).toEqual([]);
  expect(calls().length, "the page sends nothing any more").toBe(before);
});

test("a press sent without a page is shown as recorded, also where nothing more can be known", async ({ resident }) => {
  const caller = await resident("resident-1203");
  await pageIsKept(caller);
  await pressAndClose(caller);
  await deliver(caller);
  await caller.context.setOffline(true);
  const next = await caller.newTab();

  await next.open("/");

  await next.ownCallIs("delivered");
  await expect(next.callState).toHaveText(
    "앞서 누른 도움 요청이 접수됐어요(방금). 이 화면이 닫혀 있는 동안 기기가 보냈어요.",
  );
  await next.page.getByTestId("dismiss").click();
  await next.ownCallIs("quiet");
  expect(await kept(next)).toEqual([]);
});

test("the worker sends nothing old, nothing of somebody else, and nothing while nobody is signed in", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const press = await pressAndClose(caller, 11);
  const calls = callsOf(caller);
  await deliver(caller);

  await makeYoung(caller);
  const own = await caller.context.cookies();
  const others = await (await visitor("resident-1301")).context.cookies();
  for (const cookies of [others, []]) {
    await caller.context.clearCookies();
    await caller.context.addCookies(cookies);
    await deliver(caller);
  }
  expect(calls()).toEqual([]);

  await caller.context.addCookies(own);
  await deliver(caller);
  expect(calls()).toEqual([press]);
});

test("the greatest age of a press that is sent unasked is the program's setting", async ({ stranger }) => {
  const program = await Program.started({ IUTSAI_PRESS_ASKS_AFTER: "60" });
  try {
    const caller = await stranger({ origin: program.origin });
    await caller.enter("resident-1203");
    const press = await pressOffline(caller);
    expect(await kept(caller), "it states so itself").toMatchObject([{ key: press, asksAfter: 60_000 }]);
    const next = await caller.newTab();
    await close(caller);
    await age(next, 1);
    await caller.context.setOffline(false);
    const calls = callsOf(caller);

    await deliver(caller);
    expect(calls(), "the worker leaves it").toEqual([]);
    await next.goHome();
    await next.ownCallIs("unsent");
    expect(calls(), "the page asks before it sends").toEqual([]);

    const recorded = next.recorded();
    await next.page.getByTestId("send-now").click();
    expect(await recorded).toBe(press);
    await next.context.close();
  } finally {
    await program.end();
  }
});

test("a press without a greatest age asks after ten minutes", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const press = await pressAndClose(caller, 11);
  await (await worker(caller)).evaluate(async () => {
    for (const { asksAfter: _, ...press } of await iutsaiOutbox.all()) await iutsaiOutbox.keep(press);
  });
  const calls = callsOf(caller);

  await deliver(caller);
  expect(calls()).toEqual([]);

  await makeYoung(caller);
  await deliver(caller);
  expect(calls()).toEqual([press]);
});

test("a refusal that only the worker received is shown when the person comes back", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const press = await pressAndClose(caller);
  caller.expects(/status of 400/);
  await caller.context.route("**/alert", (route) =>
    route.fulfill({
      status: 400,
      contentType: "application/problem+json",
      json: { type: "/problems/invalid", title: "Invalid", status: 400, detail: "This is not a call." },
    }),
  );
  await deliver(caller);
  await caller.context.unrouteAll();
  const next = await caller.newTab();

  await next.goHome();

  await next.ownCallIs("refused");
  await expect(next.callState).toContainText("This is not a call.");
  await expect(next.call119).toBeVisible();
  expect(await kept(next)).toMatchObject([{ key: press }]);
  await next.reload();
  await next.ownCallIs("refused");
  await next.page.getByTestId("dismiss").click();
  await expect.poll(() => kept(next)).toEqual([]);
});

test("a press that cannot be sent yet stays, and the browser is asked to wake the worker again", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const press = await pressAndClose(caller);
  caller.expects(/status of 503/);
  await caller.context.route("**/alert", (route) => route.fulfill({ status: 503 }));

  await expect(deliver(caller)).rejects.toThrow("POST /alert: status 503");

  await caller.context.unrouteAll();
  const next = await caller.newTab();
  const recorded = next.recorded();
  await next.goHome();
  expect(await recorded).toBe(press);
});

test("a proxy's error page while the server restarts ends no press", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const press = await pressAndClose(caller);
  caller.expects(/status of 40[145]/);
  for (const status of [404, 405, 401]) {
    await caller.context.route("**/alert", (route) =>
      route.fulfill({ status, contentType: "text/html", body: "<html><title>nginx</title>" }),
    );
    await expect(deliver(caller)).rejects.toThrow(`POST /alert: status ${status}`);
    await caller.context.unrouteAll();
  }
  const next = await caller.newTab();
  const recorded = next.recorded();
  await next.goHome();
  expect(await recorded).toBe(press);
});

/** Presses without a network in a tab that is then closed; gives back the key. The network is back afterwards. */
async function pressAndClose(caller: Visitor, minutesAgo = 0): Promise<string> {
  const press = await pressOffline(caller);
  await caller.context.newPage();
  await close(caller);
  await age(caller, minutesAgo);
  await caller.context.setOffline(false);
  return press;
}

async function pressOffline(caller: Visitor): Promise<string> {
  await worker(caller);
  caller.expects(NO_NETWORK);
  await caller.context.setOffline(true);
  await caller.hold();
  await caller.ownCallIs("retrying");
  const [press] = await kept(caller);
  return press!.key;
}

/** Returns the tags by which the browser was asked to wake the worker. */
function wakings({ page }: Visitor): Promise<string[]> {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    return (registration as unknown as { sync: { getTags(): Promise<string[]> } }).sync.getTags();
  });
}

/** Makes all kept presses young, by the worker's own hands, because no page is open. */
async function makeYoung(visitor: Visitor): Promise<void> {
  await (await worker(visitor)).evaluate(async () => {
    for (const { key } of await iutsaiOutbox.all()) await iutsaiOutbox.want(key, Date.now());
  });
}

/** Runs the worker's delivery, as when it is woken. Waits until it is done, and fails as it does. */
async function deliver(visitor: Visitor): Promise<void> {
  await (await worker(visitor)).evaluate(() => (self as unknown as { deliver(): Promise<void> }).deliver());
}

/** The browser wakes the worker as it does when there is a network again. */
async function wake(bystander: Visitor): Promise<void> {
  const devtools = await bystander.context.newCDPSession(bystander.page);
  const registration = new Promise<string>((known) =>
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) =>
      registrations
        .filter(({ scopeURL }) => scopeURL === `${bystander.origin}/`)
        .forEach(({ registrationId }) => known(registrationId)),
    ),
  );
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.dispatchSyncEvent", {
    origin: bystander.origin,
    registrationId: await registration,
    tag: "presses",
    lastChance: false,
  });
  await devtools.detach();
}
