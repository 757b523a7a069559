// A second factor protects administrators, people end their own sessions, and a tick stands before an account is
// deleted. Each test has a program of its own, because the accounts of the shared one must keep signing in with the
// password alone.

import { isAccessible } from "../support/axe.ts";
import { expect, test as base } from "../support/fixtures.ts";
import { Program } from "../support/program.ts";
import { codeOf } from "../support/totp.ts";
import type { Visitor } from "../support/visitor.ts";

const PASSWORD = "neighbour";
const PAGE = "/me/sign-in";

const test = base.extend<{ own: Program }>({
  own: async ({ everybody }, use) => {
    const own = await Program.started();
    await use(own);
    // Pages that were still open would complain of a server that is gone.
    for (const visitor of everybody) {
      await visitor.context.close();
    }
    await own.end();
  },
});

/** Signs in by the form, and waits for the page behind it. */
async function enter(somebody: Visitor, name: string): Promise<void> {
  await somebody.open("/sign-in");
  await somebody.signIn(name, PASSWORD);
  await expect(somebody.page).toHaveURL(`${somebody.origin}/`);
}

/** Begins the set-up, and returns the secret that the page shows. */
async function begin({ page }: Visitor): Promise<string> {
  const form = page.getByTestId("form-begin");
  await form.locator("input[name=password]").fill(PASSWORD);
  await form.locator("button").click();
  return (await page.getByTestId("secret").getAttribute("data-secret"))!;
}

async function confirm({ page }: Visitor, code: string): Promise<void> {
  const form = page.getByTestId("form-confirm");
  await form.locator("input[name=code]").fill(code);
  await form.locator("button").click();
}

test("without JavaScript, an administrator sets up a second factor and signs in with it", async ({ stranger, own }) => {
  const admin = await stranger({ origin: own.origin, javaScriptEnabled: false });
  await enter(admin, "admin");
  await admin.open(PAGE);
  const secret = await begin(admin);
  await expect(admin.page.locator("svg.qr")).toBeVisible();
  await confirm(admin, "12345");
  await expect(admin.page.getByTestId("problem")).toBeVisible();
  await confirm(admin, codeOf(secret));
  const codes = await admin.page.getByTestId("recovery-code").allInnerTexts();
  expect(new Set(codes).size).toBe(10);
  await admin.page.getByTestId("codes-done").click();
  await expect(admin.page.getByTestId("factor-on")).toBeVisible();
  await expect(admin.page.getByTestId("codes-left")).toContainText("10");

  await admin.context.clearCookies();
  await admin.open("/sign-in?next=%2Fadmin%2Fpeople");
  await admin.signIn("admin", PASSWORD);
  const step = admin.page.getByTestId("second-step");
  await expect(step).toBeVisible();
  await step.locator("input[name=code]").first().fill("000");
  await step.locator("button").first().click();
  await expect(admin.page.getByRole("alert")).toContainText("코드가 맞지 않");
  await step.locator("input[name=code]").first().fill(codeOf(secret, 1));
  await step.locator("button").first().click();
  await expect(admin.page).toHaveURL(`${own.origin}/admin/people`);

  await admin.context.clearCookies();
  await admin.open("/sign-in");
  await admin.signIn("admin", PASSWORD);
  const lost = admin.page.getByTestId("phone-lost");
  await lost.locator("summary").click();
  await lost.locator("input[name=code]").fill(codes[0]!.toLowerCase());
  await lost.locator("button").click();
  await expect(admin.page).toHaveURL(`${own.origin}/`);

  await admin.open(PAGE);
  await expect(admin.page.getByTestId("codes-left")).toContainText("9");
  const off = admin.page.getByTestId("turn-off");
  await off.locator("summary").click();
  await off.locator("input[name=password]").fill(PASSWORD);
  await off.locator("input[name=code]").fill(codes[1]!);
  await off.locator("button").click();
  await expect(admin.page.getByTestId("done")).toBeVisible();
  await admin.context.clearCookies();
  await enter(admin, "admin");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`every state of the second factor is accessible, ${colorScheme}`, async ({ stranger, own }) => {
    const look = { colorScheme, viewport: { width: 390, height: 844 }, origin: own.origin } as const;
    const admin = await stranger(look);
    await admin.enter("admin");
    await admin.open(PAGE);
    await isAccessible(admin, "off");
    const secret = await begin(admin);
    await isAccessible(admin, "a set-up that has begun");
    await confirm(admin, codeOf(secret));
    await expect(admin.page.getByTestId("recovery-code")).toHaveCount(10);
    await isAccessible(admin, "recovery codes");
    await admin.page.getByTestId("codes-done").click();
    await admin.page.getByTestId("turn-off").locator("summary").click();
    await isAccessible(admin, "on");
    const again = await stranger(look);
    await again.open("/sign-in");
    await again.signIn("admin", PASSWORD);
    await again.page.getByTestId("phone-lost").locator("summary").click();
    await isAccessible(again, "the form for the code");
  });
}

test("where it is required, an administrator sets it up first, and then sees the office's pages", async ({ stranger, own }) => {
  await own.stop();
  await own.start({ IUTSAI_REQUIRE_SECOND_FACTOR: "1" });
  const admin = await stranger({ origin: own.origin });
  await admin.open("/sign-in?next=%2Fadmin%2Fpeople");
  await admin.signIn("admin", PASSWORD);
  await expect(admin.page).toHaveURL(`${own.origin}${PAGE}`);
  await expect(admin.page.getByTestId("required")).toBeVisible();
  await isAccessible(admin, "a second factor that is required");
  await confirm(admin, codeOf(await begin(admin)));
  await admin.page.getByTestId("codes-done").click();
  await admin.open("/admin/people");
  await expect(admin.page.getByTestId("people")).toBeVisible();
});

test("a person ends the session of another device, and it is cut off", async ({ stranger, own }) => {
  const [here, there] = [await stranger({ origin: own.origin }), await stranger({ origin: own.origin })];
  await there.enter("resident-1203");
  await enter(here, "resident-1203");
  await here.open("/devices");
  await here.page.getByTestId("my-sign-in").click();
  await expect(here.page.getByTestId("session")).toHaveCount(2);
  const other = here.page.getByTestId("session").filter({ hasNot: here.page.getByTestId("here") });
  await expect(other).toContainText("Chrome");
  await isAccessible(here, "the own sessions");
  there.expects(/status of 401|WebSocket/);
  await other.getByTestId("end").click();
  await expect(here.page.getByTestId("done")).toBeVisible();
  await expect(here.page.getByTestId("session")).toHaveCount(1);
  await expect(there.connection).not.toHaveAttribute("data-state", "connected");
});

test("the account of somebody who moved out is deleted only after a tick", async ({ stranger, own }) => {
  const admin = await stranger({ origin: own.origin });
  await admin.enter("admin");
  await admin.open("/admin/people?line=101-1");
  const person = admin.page.locator("[data-testid=person][data-name='resident-1204']");
  await person.locator("summary").first().click();
  await expect(person.getByTestId("move-out")).toBeHidden();
  await person.getByTestId("moving-out").locator("summary").click();
  await isAccessible(admin, "moving out");
  await person.getByTestId("move-out").click();
  // The browser asks for the tick and sends nothing.
  await expect(admin.page).toHaveURL(`${own.origin}/admin/people?line=101-1`);
  await person.locator("input[name=confirmed]").check();
  await person.getByTestId("move-out").click();
  await expect(admin.page.getByTestId("done")).toContainText("resident-1204");
  await expect(person).toHaveCount(0);
});
