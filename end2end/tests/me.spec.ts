// The page about a person, with who saw their location, the choice about it, the file with everything, and leaving.

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";
import { locationsAsked, spyOnLocation } from "../support/spied.ts";
import type { Visitor } from "../support/visitor.ts";

test("somebody who joined sees who saw their location, pauses, withdraws, and leaves", async ({
  resident,
  stranger,
  visitor,
}) => {
  test.setTimeout(120_000);
  const admin = await visitor("admin");
  await admin.open("/admin/people/import");
  await admin.page.locator("textarea[name=csv]").fill("line,house\n101-1,1601\n");
  await admin.page.locator("main form button").click();
  await admin.page.getByTestId("confirm").click();
  await admin.open("/admin/people?line=101-1");
  await admin.page.locator("[data-testid=house][data-house='1601']").getByTestId("invite").click();
  const code = await admin.page.getByTestId("code").innerText();
  const kim = await stranger({ place: YARD });
  await kim.open(`/join/${code}`);
  await kim.page.locator("input[name=name]").fill("kim-1601");
  await kim.page.locator("input[name=password]").fill("correct horse");
  await kim.page.locator("input[name=consent]").check();
  await kim.page.locator("main form button").click();
  await kim.isConnected();

  const neighbour = await resident("resident-1204");
  const call = await kim.call();
  await expect(neighbour.incident(call)).toBeVisible();
  await expect(neighbour.markers).toHaveCount(1);
  await expect(async () => {
    await kim.open("/me");
    await expect(kim.page.locator("[data-testid=use][data-viewer='resident-1204']")).toHaveCount(1, { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await expect(kim.page.getByTestId("use").first()).toContainText("101-1 라인 1204호");
  await expect(kim.page.getByTestId("location")).toHaveAttribute("data-state", "given");
  await isAccessible(kim, "who saw a location");
  const download = kim.page.waitForEvent("download");
  await kim.page.getByTestId("data").click();
  expect((await download).suggestedFilename()).toBe("iutsai-me.json");

  await kim.page.getByTestId("pause").click();
  await expect(kim.page.getByTestId("done")).toBeVisible();
  await kim.goHome();
  await kim.page.locator(".own-call").getByTestId("resolve").click();
  await expect(kim.page.locator(".own-call").getByTestId("resolve")).toBeHidden();
  await expect(neighbour.markers).toHaveCount(0);
  const second = await kim.call();
  await expect(neighbour.incident(second)).toBeVisible();
  await expect(neighbour.markers).toHaveCount(0);

  await kim.open("/me");
  await kim.page.getByTestId("withdraw-ask").click();
  await isAccessible(kim, "before withdrawing");
  await kim.page.getByTestId("withdraw").click();
  await expect(kim.page.getByTestId("location")).toHaveAttribute("data-state", "withdrawn");
  await expect(kim.page.getByTestId("use")).toHaveCount(0);

  await kim.page.getByTestId("leave").click();
  await expect(kim.page.getByTestId("alone")).toBeVisible();
  await isAccessible(kim, "before leaving");
  await kim.page.locator("input[name=password]").fill("wrong horse");
  await kim.page.getByTestId("leave-now").click();
  await expect(kim.page.getByRole("alert")).toContainText("비밀번호");
  await kim.page.locator("input[name=password]").fill("correct horse");
  await kim.page.getByTestId("leave-now").click();
  await expect(kim.page).toHaveURL(/\/sign-in$/);
  await kim.signIn("kim-1601", "correct horse");
  await expect(kim.page.getByRole("alert")).toBeVisible();
});

/** The bodies of this page's presses, and of the places that follow them. */
function sentBy(somebody: Visitor): { lat?: number | null; lng?: number | null; accuracy?: number | null }[] {
  const sent: ReturnType<typeof sentBy> = [];
  somebody.page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() === "POST" && /^\/alert(\/[0-9a-f-]{36}\/location)?$/.test(pathname)) {
      sent.push(request.postDataJSON() as (typeof sent)[number]);
    }
  });
  return sent;
}

async function endOwnCall(of: Visitor): Promise<void> {
  const resolve = of.page.locator(".own-call").getByTestId("resolve");
  await resolve.click();
  await expect(resolve).toBeHidden();
}

test("with the location turned off the page neither asks for it nor sends it, and after consent it does", async ({
  resident,
  visitor,
}) => {
  const neighbour = await resident("resident-1204");
  const caller = await visitor("resident-1203", { place: YARD });
  await spyOnLocation(caller.page);
  const sent = sentBy(caller);
  await caller.open("/me");
  await caller.page.getByTestId("withdraw-ask").click();
  await caller.page.getByTestId("withdraw").click();
  await expect(caller.page.getByTestId("location")).toHaveAttribute("data-state", "withdrawn");

  await caller.goHome();
  const without = await caller.call();
  await expect(neighbour.incident(without)).toBeVisible();
  await expect(caller.page.locator(".own-call")).toContainText("위치 사용을 꺼 두어서");
  expect(await locationsAsked(caller.page), "questions to the browser").toBe(0);
  expect(sent).toHaveLength(1);
  expect([sent[0]!.lat ?? null, sent[0]!.lng ?? null, sent[0]!.accuracy ?? null]).toEqual([null, null, null]);
  await expect(caller.page.getByTestId("allow-location")).toBeHidden();
  await endOwnCall(caller);

  await caller.open("/me");
  await caller.page.getByTestId("give").click();
  await expect(caller.page.getByTestId("location")).toHaveAttribute("data-state", "given");
  await caller.goHome();
  const located = await caller.call();
  await expect(neighbour.incident(located)).toBeVisible();
  await expect.poll(() => sent.slice(1).some(({ lat }) => lat === YARD.latitude)).toBe(true);
  expect(await locationsAsked(caller.page)).toBeGreaterThan(0);
  await expect(neighbour.markers).toHaveCount(1);
});

test("a page that is open learns that the location was turned off or on elsewhere", async ({ resident }) => {
  const neighbour = await resident("resident-1204");
  const caller = await resident("resident-1203", { place: YARD });
  // The first place may be refused, which is how the page learns of it.
  caller.expects(/status of 403/);
  const elsewhere = await caller.newTab();
  await elsewhere.open("/me");
  await elsewhere.page.getByTestId("pause").click();
  await expect(elsewhere.page.getByTestId("location")).toHaveAttribute("data-state", "paused");

  const without = await caller.call();
  await expect(neighbour.incident(without)).toBeVisible();
  await expect(caller.page.locator(".own-call")).toContainText("위치 사용을 꺼 두어서");
  await expect(neighbour.markers).toHaveCount(0);
  await endOwnCall(caller);

  await elsewhere.page.getByTestId("give").click();
  await expect(elsewhere.page.getByTestId("location")).toHaveAttribute("data-state", "given");
  await caller.call();
  await expect(neighbour.markers).toHaveCount(1);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`without JavaScript, the choice about the location is made by forms, ${colorScheme}`, async ({ visitor }) => {
    const somebody = await visitor("resident-1301", { colorScheme, javaScriptEnabled: false });
    await somebody.open("/me");
    await somebody.page.getByTestId("pause").click();
    await expect(somebody.page.getByTestId("location")).toHaveAttribute("data-state", "paused");
    await somebody.page.getByTestId("give").click();
    await expect(somebody.page.getByTestId("location")).toHaveAttribute("data-state", "given");
    await expect(somebody.page.getByTestId("done")).toBeVisible();
  });

  test(`the page about a person is accessible and fits a small phone, ${colorScheme}`, async ({ visitor }) => {
    const viewport = { width: 320, height: 640 };
    for (const locale of ["ko-KR", "en-US"]) {
      const somebody = await visitor("resident-0501", { colorScheme, locale, viewport });
      for (const path of ["/me", "/me?done=given", "/me/leave", "/me/leave?problem=invalid"]) {
        await somebody.open(path);
        await isAccessible(somebody, `${path}, ${locale}`);
        const width = await somebody.page.evaluate(() => document.documentElement.scrollWidth);
        expect(width, path).toBeLessThanOrEqual(viewport.width);
      }
    }
  });
}

test("the home page leads to it", async ({ resident }) => {
  const caller = await resident("resident-1203");
  await caller.page.getByTestId("me").click();
  await expect(caller.page).toHaveURL(/\/me$/);
  await expect(caller.page.getByRole("heading", { level: 1 })).toBeVisible();
});
