// The page that shows how to put the home page on the home screen of each kind of phone.

import { isAccessible } from "../support/axe.ts";
import { BROWSERS } from "../support/browsers.ts";
import { expect, test } from "../support/fixtures.ts";
import { DEVICE_STATES } from "../support/push.ts";

const PHONE = { width: 320, height: 640 };

test("every browser gets its own steps first and open, and those of the others fold out", async ({ stranger }) => {
  for (const { browser, userAgent } of BROWSERS) {
    const somebody = await stranger({ userAgent, viewport: PHONE });
    const files: string[] = [];
    somebody.page.on("request", (request) => files.push(request.url()));
    await somebody.open("/install");
    const ways = somebody.page.locator("details[data-browser]");
    await expect(ways).toHaveCount(BROWSERS.length);
    await expect(ways.first()).toHaveAttribute("data-browser", browser);
    await expect(ways.first().getByRole("listitem").first()).toBeVisible();
    await expect(ways.first()).toContainText("이 기기");
    await expect(somebody.page.locator("details[open]")).toHaveCount(1);

    await ways.nth(1).locator("summary").click();

    await expect(ways.nth(1).getByRole("listitem").first()).toBeVisible();
    expect(await somebody.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
    expect(files.filter((file) => file.includes(".wasm"))).toEqual([]);
  }
});

test("the steps are there without JavaScript", async ({ stranger }) => {
  const somebody = await stranger({ javaScriptEnabled: false, userAgent: BROWSERS[0]!.userAgent });
  await somebody.open("/install");
  const steps = somebody.page.locator("details[data-browser=iphone]").getByRole("listitem");
  await expect(steps).toHaveCount(4);
  await expect(steps.nth(2)).toContainText("홈 화면에 추가");
});

test("KakaoTalk is left by one tap, and other browsers are offered no such thing", async ({ stranger }) => {
  for (const { browser, userAgent } of BROWSERS) {
    const somebody = await stranger({ userAgent });
    await somebody.open("/install");
    const out = somebody.page.locator("a[href^='kakaotalk:']");
    if (browser === "kakaotalk") {
      const address = encodeURIComponent(`${somebody.origin}/install`);
      await expect(out).toHaveAttribute("href", `kakaotalk://web/openExternal?url=${address}`);
    } else {
      await expect(out).toHaveCount(0);
    }
  }
});

for (const { locale, browser } of [
  { locale: "ko-KR", browser: "kakaotalk" },
  { locale: "en-US", browser: "iphone" },
]) {
  test(`the page of the home screen is accessible, ${locale}`, async ({ stranger }) => {
    const { userAgent } = BROWSERS.find((one) => one.browser === browser)!;
    const somebody = await stranger({ locale, userAgent, reducedMotion: "reduce" });
    await somebody.open("/install");
    await somebody.page.evaluate(() => document.querySelectorAll("details").forEach((way) => (way.open = true)));
    await isAccessible(somebody, `the page of the home screen, ${locale}`);
  });
}

test("the home page and the page of the devices lead there", async ({ resident, visitor }) => {
  const neighbour = await resident("resident-1204");
  const link = neighbour.page.getByRole("contentinfo").getByRole("link", { name: "홈 화면에 두는 방법" });
  await link.click();
  await expect(neighbour.page.getByRole("heading", { level: 1 })).toHaveText("홈 화면에 이웃사이 두기");

  const { userAgent, script } = DEVICE_STATES.find(({ state }) => state === "ios")!;
  const phone = await visitor("resident-1204", { userAgent });
  await phone.context.addInitScript(script);
  await phone.open("/devices");
  await phone.page.locator("#push-state a[href='/install']:visible").click();
  await expect(phone.page.locator("details[open]")).toHaveAttribute("data-browser", "iphone");
});

test("a page that was opened from the home screen does not offer it again", async ({ resident }) => {
  const neighbour = await resident("resident-1204");
  const link = neighbour.page.getByRole("link", { name: "홈 화면에 두는 방법" });
  await expect(link).toBeVisible();
  // Only an installed page is standalone, so its rules are made to hold here.
  await neighbour.page.evaluate(() => {
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
    for (const rule of rules) {
      if (rule instanceof CSSMediaRule && rule.conditionText === "(display-mode: standalone)") {
        rule.media.mediaText = "all";
      }
    }
  });
  await expect(link).toBeHidden();
});

test("the manifest that the page names can be installed", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.open("/install");
  const manifest = await somebody.page.evaluate(async () => {
    const { href } = document.querySelector<HTMLLinkElement>("link[rel=manifest]")!;
    return (await (await fetch(href)).json()) as Record<string, unknown>;
  });
  const { name, id, lang, start_url, display, icons } = manifest;
  expect({ name, id, lang, start_url, display }).toEqual({
    name: "이웃사이",
    id: "/",
    lang: "ko",
    start_url: "/",
    display: "standalone",
  });
  for (const { src, sizes, type } of icons as { src: string; sizes: string; type: string }[]) {
    const drawn = await somebody.page.evaluate(async (src) => {
      const picture = new Image();
      picture.src = src;
      await picture.decode();
      return `${picture.naturalWidth}x${picture.naturalHeight}`;
    }, src);
    if (type === "image/png") expect(drawn, src).toBe(sizes);
  }
});
