// The button without the parts that it can do without. With the wasm blocked, and without any script, a call gets
// through and its page is truthful.

import { expect, test } from "../support/fixtures.ts";
import type { Visitor } from "../support/visitor.ts";

test("with the wasm blocked, the button leads to the page that asks, and then to the page of the call", async ({
  visitor,
  resident,
}) => {
  const neighbour = await resident("resident-1204");
  const caller = await visitor("resident-1203");
  await caller.blockWasm();
  await caller.open("/");
  // The words come by an animation, also to people who want no motion, as here.
  await expect(caller.page.getByText("화면이 아직 다 켜지지 않아")).toBeVisible();

  await callByForms(caller, neighbour);
});

test("without JavaScript, too", async ({ visitor, resident }) => {
  const neighbour = await resident("resident-1204");
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  await caller.open("/");
  await expect(caller.page.locator("noscript p")).toBeVisible();
  await expect(caller.page.locator("noscript p")).toContainText("자바스크립트 없이는");

  await callByForms(caller, neighbour);
});

test("without JavaScript a neighbour answers, takes it back, and the caller ends the call", async ({
  visitor,
  resident,
}) => {
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  const watching = await resident("resident-1301");
  await caller.open("/call");
  await caller.page.getByTestId("alert-confirm").click();
  await expect(caller.page).toHaveURL(/\/call\/[0-9a-f-]{36}$/);
  const address = new URL(caller.page.url()).pathname;
  const call = address.slice("/call/".length);
  const neighbour = await visitor("resident-1204", { javaScriptEnabled: false });

  await neighbour.open(address);
  await expect(neighbour.page.getByRole("heading", { name: "1203호의 도움 요청" })).toBeVisible();
  await neighbour.page.getByTestId("accept").click();
  await expect(neighbour.callState).toContainText("1204호");
  await caller.ownCallIs("coming");
  await expect(watching.incident(call).getByTestId("coming")).toContainText("1204호");

  await neighbour.page.getByTestId("withdraw").click();
  await expect(neighbour.page.getByTestId("accept")).toBeVisible();
  await caller.ownCallIs("reached");

  await caller.page.getByTestId("resolve").click();
  await caller.ownCallIs("ended");
  await expect(watching.alarm).toHaveCount(0);
  await neighbour.ownCallIs("ended");
});

test("without JavaScript and with nobody there, the call's page names 119 after ten seconds", async ({
  visitor,
}) => {
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  await caller.open("/call");
  await caller.page.getByTestId("alert-confirm").click();

  await caller.ownCallIs("recorded");
  await caller.ownCallIs("nobody");
  await expect(caller.call119).toBeVisible();
});

test("the confirming page sent twice makes one call", async ({ visitor, resident }) => {
  const neighbour = await resident("resident-1204");
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  await caller.open("/call");
  const inputs = await caller.page.locator("form[action='/alert'] input[type=hidden]").all();
  const form: Record<string, string> = {};
  for (const input of inputs) {
    form[(await input.getAttribute("name"))!] = await input.inputValue();
  }

  // Sends twice, as an impatient finger does, or a browser that sends a form again.
  const send = () => caller.context.request.post(`${caller.origin}/alert`, { form, maxRedirects: 0 });
  const answers = await Promise.all([send(), send()]);

  expect(answers.map((answer) => answer.status())).toEqual([303, 303]);
  const address = `/call/${form.idempotencyKey}`;
  expect(answers.map((answer) => answer.headers()["location"])).toEqual([address, address]);
  await caller.page.getByTestId("alert-confirm").click();
  await expect(caller.page).toHaveURL(`${caller.origin}${address}`);
  await caller.ownCallIs("reached");
  await neighbour.hasOneOpenCall();
});

test("a form that cannot be sent comes back with its text", async ({ visitor }) => {
  const caller = await visitor("resident-1203", { javaScriptEnabled: false });
  await caller.open("/call?kind=fire&text=abc");
  await expect(caller.page.locator("input[name=kind][value=fire]")).toBeChecked();
  await caller.context.clearCookies();

  await caller.page.getByTestId("alert-confirm").click();

  // Nobody is signed in any more. After signing in the same press is there again.
  await expect(caller.page).toHaveURL(/\/sign-in\?/);
  await caller.signIn("resident-1203", "neighbour");
  await expect(caller.page).toHaveURL(/\/call\?/);
  await expect(caller.page.locator("input[name=text]")).toHaveValue("abc");
  await caller.page.getByTestId("alert-confirm").click();
  await expect(caller.page).toHaveURL(/\/call\/[0-9a-f-]{36}$/);
});

/** From the home page's button to the neighbour who comes. */
async function callByForms(caller: Visitor, neighbour: Visitor): Promise<void> {
  const { page } = caller;
  await caller.describe({ kind: "intruder", text: "누가 문을 열려고 해요" });
  await caller.button.click();
  await expect(page).toHaveURL(/\/call\?/);
  await expect(page.getByText("1203호에서 요청해요")).toBeVisible();
  await expect(page.locator("input[name=kind][value=intruder]")).toBeChecked();
  await expect(page.locator("input[name=text]")).toHaveValue("누가 문을 열려고 해요");

  await page.getByTestId("alert-confirm").click();

  await expect(page).toHaveURL(/\/call\/[0-9a-f-]{36}$/);
  const call = new URL(page.url()).pathname.slice("/call/".length);
  const incoming = neighbour.alarm.locator(neighbour.incident(call));
  await expect(incoming).toContainText("침입");
  await expect(incoming).toContainText("누가 문을 열려고 해요");
  await expect(incoming).toContainText("위치 없음");
  // The page loads itself again.
  await caller.ownCallIs("reached");
  await expect(caller.callState).toContainText("이웃 1집");
  await incoming.getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await expect(caller.callState).toHaveText("오고 있어요: 1204호");
}

test("the button stays where it is when the page comes to life", async ({ visitor }) => {
  const neighbour = await visitor("resident-1204", { viewport: { width: 390, height: 800 } });
  let letThrough = () => {};
  const painted = new Promise<void>((done) => (letThrough = done));
  await neighbour.context.route("**/*.wasm*", async (route) => {
    await painted;
    await route.continue();
  });
  await neighbour.open("/");
  const parts = ["alert-button", "devices"].map((part) => neighbour.page.getByTestId(part));
  const tops = () => Promise.all(parts.map(async (part) => (await part.boundingBox())!.y));
  const before = await tops();

  letThrough();

  await neighbour.isConnected();
  expect(await tops()).toEqual(before);
});
