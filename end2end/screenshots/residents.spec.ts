// Pictures of the pages of residents beside their calls.

import { BROWSERS } from "../support/browsers.ts";
import { age, close, pageIsKept, worker } from "../support/device.ts";
import { HousingService } from "../support/housing.ts";
import { YARD } from "../support/places.ts";
import { Program } from "../support/program.ts";
import { DEVICE_STATES } from "../support/push.ts";
import type { Visitor } from "../support/visitor.ts";
import { LOOKS, expect, test } from "./look.ts";

test("pictures of a line on which no neighbour can be reached", async ({ enter, picture }) => {
  for (const look of LOOKS) {
    const alone = await enter("resident-0501", look);
    await expect(alone.page.getByTestId("reach")).toHaveAttribute("data-houses", "0", { timeout: 30_000 });
    await picture(alone, "reach-nobody", look);
    await alone.context.close();
  }
});

test("pictures of the devices", async ({ enter, picture }) => {
  for (const look of LOOKS) {
    for (const { state, userAgent, script } of DEVICE_STATES) {
      const somebody = await enter("resident-1204", { ...look, userAgent });
      await somebody.context.addInitScript(script);
      await somebody.open("/devices");
      await expect(somebody.page.getByTestId("this-device")).toHaveAttribute("data-state", state);
      await picture(somebody, `devices-${state}`, look);
      await somebody.context.close();
    }
  }
});

test("pictures of the sign-in page with a housing service", async ({ guest, picture }) => {
  const service = await HousingService.started("resident-1204");
  const own = await Program.started();
  await own.stop();
  await own.start(service.settings(own.origin));
  for (const look of LOOKS) {
    const somebody = await guest({ ...look, origin: own.origin });
    await somebody.open("/sign-in");
    await picture(somebody, "sign-in-service", look);
    await somebody.page.getByTestId("by-service").click();
    await somebody.page.locator("#no").click();
    await expect(somebody.page.getByRole("alert")).toBeVisible();
    await picture(somebody, "sign-in-service-cancelled", look);
    await somebody.context.close();
  }
  await own.end();
  await service.close();
});

test("pictures of the way to the home screen", async ({ guest, picture }) => {
  for (const look of LOOKS) {
    for (const { browser, userAgent } of BROWSERS) {
      const somebody = await guest({ ...look, userAgent });
      await somebody.open("/install");
      await picture(somebody, `install-${browser}`, look);
      await somebody.context.close();
    }
  }
});

test("pictures of the page about a person", async ({ enter, picture }) => {
  const neighbour = await enter("resident-1204");
  const caller = await enter("resident-1203", { place: YARD });
  const call = await caller.call();
  await expect(neighbour.incident(call)).toBeVisible();
  for (const look of LOOKS) {
    const somebody = await enter("resident-1203", look);
    await expect(async () => {
      await somebody.open("/me");
      await expect(somebody.page.getByTestId("use").first()).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 30_000 });
    await picture(somebody, "me", look);
    await somebody.page.getByTestId("withdraw-ask").click();
    await picture(somebody, "me-withdraw", look);
    await somebody.open("/me/leave?problem=invalid");
    await picture(somebody, "me-leave", look);
    await somebody.context.close();
  }
});

test("pictures without a network", async ({ guest, picture, office }) => {
  for (const look of LOOKS) {
    const show = (somebody: Visitor, what: string) => picture(somebody, what, look);
    const enter = async (before = async (_: Visitor): Promise<unknown> => undefined) => {
      const somebody = await guest(look);
      somebody.expects(/./);
      await before(somebody);
      await somebody.enter("resident-1203");
      return somebody;
    };
    const press = async (somebody: Visitor) => {
      await somebody.context.setOffline(true);
      await somebody.hold();
      await somebody.ownCallIs("retrying");
    };

    const caller = await enter();
    await pageIsKept(caller);
    await caller.context.setOffline(true);
    await expect(caller.page.getByTestId("no-connection")).toBeVisible();
    await show(caller, "no-connection");
    await press(caller);
    await show(caller, "own-kept");
    await age(caller, 11);
    await caller.page.reload();
    await caller.ownCallIs("unsent");
    await show(caller, "own-unsent");
    await caller.page.getByTestId("discard").click();
    await press(caller);
    const next = await caller.newTab();
    await close(caller);
    await caller.context.setOffline(false);
    await (await worker(caller)).evaluate(() => (self as unknown as { deliver(): Promise<void> }).deliver());
    await caller.context.setOffline(true);
    await next.open("/");
    await next.ownCallIs("delivered");
    await show(next, "own-delivered");
    await next.page.evaluate(async () => {
      const name = (await caches.keys()).find((name) => name.startsWith("iutsai-files-"))!;
      await (await caches.open(name)).put("/pkg/iutsai_bg.wasm", new Response("", { status: 500 }));
    });
    await next.page.reload();
    await expect(next.page.locator(".of-kept-page")).toBeVisible();
    await show(next, "kept-not-awake");
    await next.button.click();
    await expect(next.page.getByTestId("no-answer")).toBeVisible();
    await show(next, "no-answer");
    await next.context.close();
    await office.endCalls();

    const forbidden = await enter((somebody) =>
      somebody.context.addInitScript(() => {
        indexedDB.open = () => {
          throw new DOMException("not here", "SecurityError");
        };
      }),
    );
    await press(forbidden);
    await show(forbidden, "own-kept-by-page");
    await forbidden.context.close();

    const signedOut = await enter();
    await signedOut.context.clearCookies();
    await signedOut.hold();
    await signedOut.ownCallIs("sign-in");
    await show(signedOut, "own-sign-in");
    await signedOut.context.close();
    await office.endCalls();
  }
});
