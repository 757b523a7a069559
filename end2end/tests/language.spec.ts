// Korean first, English beside it.

import type { Page } from "@playwright/test";

import { expect, test } from "../support/fixtures.ts";
import type { Visitor } from "../support/visitor.ts";

test("a browser that asks for Korean, or for no known language, gets Korean", async ({ stranger, resident }) => {
  for (const locale of ["ko-KR", "de-DE"]) {
    const somebody = await stranger({ locale });
    await somebody.open("/sign-in");
    await speaks(somebody, "ko");
    await expect(somebody.page.getByRole("heading", { name: "로그인" })).toBeVisible();
    await expect(somebody.page).toHaveTitle("로그인 · 이웃사이");
    const neighbour = await resident("resident-1204", { locale });
    await speaks(neighbour, "ko");
    await expect(neighbour.button).toContainText("도움 요청");
    const footer = neighbour.page.getByRole("contentinfo");
    await expect(footer).toContainText("이웃사이는 119에 신고하지 않아요.");
    await expect(footer).toContainText("경보는 이 화면이 열려 있고 경보음이 켜져 있을 때만 울려요.");
    await expect(footer.getByRole("link", { name: "119에 전화하기" })).toHaveAttribute(
      "href",
      "tel:119",
    );
  }
});

test("a browser that asks for English gets English", async ({ stranger, resident }) => {
  const somebody = await stranger({ locale: "en-US" });
  await somebody.open("/sign-in");
  await speaks(somebody, "en");
  await expect(somebody.page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(somebody.page).toHaveTitle("Sign in · Iutsai");

  const caller = await resident("resident-1203", { locale: "en-US" });
  const neighbour = await resident("resident-1204", { locale: "en-US" });
  const korean = await resident("resident-1301");
  await speaks(neighbour, "en");
  const call = await caller.call({ kind: "medical" });
  await expect(neighbour.alarm.getByRole("heading")).toHaveText("Call for help from flat 1203");
  await expect(korean.alarm.getByRole("heading")).toHaveText("1203호에서 도움을 요청해요");
  await neighbour.incident(call).getByRole("button", { name: "I am coming" }).click();
  await expect(caller.callState).toHaveText("On the way: flat 1204");
  await expect(korean.incident(call).getByTestId("coming")).toContainText("1204호");
});

test("the switch changes the words in place, in the middle of a call, and is remembered", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const call = await caller.call();
  await expect(neighbour.alarm.getByRole("heading")).toHaveText("1203호에서 도움을 요청해요");
  await neighbour.page.evaluate(() => ((window as unknown as { sameDocument: boolean }).sameDocument = true));

  await neighbour.page.getByTestId("locale").click();

  await speaks(neighbour, "en");
  await expect(neighbour.alarm.getByRole("heading")).toHaveText("Call for help from flat 1203");
  expect(await neighbour.page.evaluate(() => (window as unknown as { sameDocument?: boolean }).sameDocument)).toBe(true);
  await neighbour.reload();
  await speaks(neighbour, "en");
  await neighbour.open(`/call/${call}`);
  await speaks(neighbour, "en");
  await neighbour.page.getByTestId("locale").click();
  await speaks(neighbour, "ko");
});

test("without JavaScript the switch is a link that keeps the address", async ({ visitor }) => {
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  await caller.open("/call?kind=fire");
  await caller.page.getByTestId("locale").click();
  await speaks(caller, "en");
  await expect(caller.page).toHaveURL(`${caller.origin}/call?kind=fire`);
  await expect(caller.page.getByRole("heading", { name: "Call your neighbours for help?" })).toBeVisible();
});

test("a translator leaves the page alone, and its words go on changing", async ({ resident }) => {
  const caller = await resident("resident-1203", { locale: "en-US" });
  const neighbour = await resident("resident-1204", { locale: "en-US" });
  for (const { page } of [caller, neighbour]) {
    expect(await translate(page), "words that a translator has replaced").toBe(0);
  }

  const call = await caller.call({ text: "도와주세요" });
  for (const { page } of [caller, neighbour]) {
    expect(await translate(page)).toBe(0);
  }
  await neighbour.incident(call).getByRole("button", { name: "I am coming" }).click();
  await expect(caller.callState).toHaveText("On the way: flat 1204");
  await caller.page.locator(".own-call").getByTestId("resolve").click();
  await expect(neighbour.incident(call)).toHaveAttribute("data-open", "false");
  await caller.ownCallIs("ended");
  await expect(caller.callState).toHaveText("The call is over.");

  // Shows that this test can fail, because the same translator replaces the words of a page that allows it.
  await caller.page.evaluate(() => document.documentElement.removeAttribute("translate"));
  expect(await translate(caller.page)).toBeGreaterThan(10);
});

/**
 * Translates a page as Chrome does. Each text becomes a new one within `font`, unless the page or a part of it forbids
 * that. Returns how many texts were replaced.
 */
async function translate(page: Page): Promise<number> {
  return page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: Text[] = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const isCode = text.parentElement!.closest("script, style");
      if (text.parentElement!.translate && !isCode && text.nodeValue!.trim()) found.push(text as Text);
    }
    for (const text of found) {
      const [outer, inner] = [document.createElement("font"), document.createElement("font")];
      inner.textContent = `«${text.nodeValue}»`;
      outer.append(inner);
      text.replaceWith(outer);
    }
    return found.length;
  });
}

async function speaks(visitor: Visitor, language: "ko" | "en"): Promise<void> {
  await expect(visitor.page.locator("html")).toHaveAttribute("lang", language);
}
