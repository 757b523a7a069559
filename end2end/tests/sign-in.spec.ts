// The people who get in, and the pages to which they go.

import { expect, test } from "../support/fixtures.ts";

test("a wrong password and an unknown name are refused in the same words", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.open("/sign-in");
  for (const [name, password] of [["resident-1203", "wrong"], ["nobody", "neighbour"]] as const) {
    await somebody.signIn(name, password);
    await expect(somebody.page).toHaveURL(/\/sign-in\?/);
    await expect(somebody.page.getByRole("alert")).toHaveText("아이디 또는 비밀번호가 맞지 않아요. 다시 확인해 주세요.");
  }
  expect(await somebody.context.cookies()).toEqual([]);
  await somebody.open("/");
  await expect(somebody.page).toHaveURL(/\/sign-in/);
});

test("a stranger is asked to sign in, and goes on to the wanted page", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.open("/call?kind=fire");
  await expect(somebody.page).toHaveURL(/\/sign-in\?next=/);

  await somebody.signIn("resident-1301", "neighbour");

  await expect(somebody.page).toHaveURL(`${somebody.origin}/call?kind=fire`);
  await expect(somebody.page.getByText("1301호에서 요청해요")).toBeVisible();
});

test("a sign-in leads to no other site", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.open("/sign-in?next=//example.com/");
  await somebody.signIn("resident-1301", "neighbour");
  await expect(somebody.page).toHaveURL(`${somebody.origin}/`);
});

test("the page holds no token that a script could read", async ({ resident }) => {
  const neighbour = await resident("resident-1204");
  const [session, ...others] = (await neighbour.context.cookies()).filter(({ name }) => name !== "lang");
  expect(others).toEqual([]);
  expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax" });
  expect(await neighbour.page.evaluate(() => document.cookie)).not.toContain(session!.name);
  const kept = await neighbour.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(kept).not.toContain(session!.value);
});

test("signing out ends it, in every tab", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.open("/sign-in");
  await expect(somebody.page.getByText("resident-1204"), "the demo names who can sign in").toBeVisible();
  await somebody.signIn("resident-1204", "neighbour");
  await somebody.isConnected();
  const tab = await somebody.anotherTab();
  somebody.expects(/401|WebSocket connection to/);

  await somebody.page.getByTestId("sign-out").click();

  await expect(somebody.page).toHaveURL(`${somebody.origin}/sign-in`);
  await expect(tab.connection).toHaveAttribute("data-state", "signed-out");
  await tab.open("/");
  await expect(tab.page).toHaveURL(/\/sign-in/);
});
