// An administrator filters the records of acts, downloads them for a reason, and signs the monthly check.

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

const PAGE = "/admin/audit";

test("an act of the office is in the records, and the address filters them", async ({ visitor }) => {
  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open("/admin/people?line=101-2");
  const person = admin.page.locator("[data-testid=person][data-name='resident-0501']");
  await person.locator("summary").first().click();
  await person.getByTestId("end-sessions").click();
  await expect(admin.page.getByTestId("done")).toContainText("resident-0501");
  await admin.page.getByRole("navigation").getByText("기록", { exact: true }).click();
  await expect(admin.page).toHaveURL(`${admin.origin}${PAGE}`);

  await admin.page.locator("select[name=act]").selectOption("sessions-ended");
  await admin.page.locator("[data-testid=filters] input[name=whose]").fill("resident-0501");
  await admin.page.getByTestId("filters").getByRole("button").click();
  await expect(admin.page).toHaveURL(/act=sessions-ended/);
  const records = admin.page.getByTestId("record");
  await expect(records.first()).toContainText("admin");
  await expect(records.first()).toContainText("127.0.0.1");
  await expect(records.first()).toContainText("기기 로그아웃");
  for (const record of await records.all()) {
    await expect(record).toHaveAttribute("data-act", "sessions-ended");
  }
});

test("a download asks for a reason and is a record itself", async ({ visitor }) => {
  const admin = await visitor("admin");
  await admin.open(PAGE);
  await isAccessible(admin, "the records");
  const form = admin.page.getByTestId("audit-csv");
  await form.getByRole("button").click();
  await expect(admin.page, "the browser asks for the reason").toHaveURL(`${admin.origin}${PAGE}`);
  await form.locator("input[name=reason]").fill("정보 주체의 열람 요청");
  const begun = admin.page.waitForEvent("download");
  await form.getByRole("button").click();
  expect((await begun).suggestedFilename()).toBe("iutsai-audit.csv");
  await admin.open(`${PAGE}?act=downloaded`);
  await expect(admin.page.getByTestId("record").first()).toContainText("정보 주체의 열람 요청");
});

test("the check of a month is signed with a note", async ({ visitor }) => {
  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open(PAGE);
  const form = admin.page.getByTestId("check");
  const month = await form.locator("select[name=month]").inputValue();
  await form.locator("input[name=note]").fill("이상 없음");
  await form.getByRole("button").click();
  await expect(admin.page.getByTestId("done")).toBeVisible();
  const signed = admin.page.locator(`[data-testid=signed][data-month='${month}']`);
  await expect(signed).toContainText("admin");
  await expect(signed).toContainText("이상 없음");
});

test("filters that make no sense are named, and the page works in English and on a small phone", async ({ stranger }) => {
  const admin = await stranger({ locale: "en-US", viewport: { width: 320, height: 640 }, colorScheme: "dark" });
  await admin.enter("admin");
  admin.expects(/status of 422/);
  await admin.open(`${PAGE}?from=yesterday`);
  await expect(admin.page.getByRole("alert")).toContainText("These filters cannot be used");
  await admin.open(PAGE);
  await expect(admin.page.getByRole("heading", { level: 1 })).toHaveText("Access records");
  await isAccessible(admin, "the records, dark and small");
  expect(await admin.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
});

test("a resident reads whose page it is", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  caller.expects(/status of 403/);
  await caller.open(PAGE);
  await expect(caller.page.getByTestId("administrators-only")).toBeVisible();
  await expect(caller.page.getByTestId("record")).toHaveCount(0);
});
