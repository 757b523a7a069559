// The past calls of a line, with what happened when.

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

test("a resident reads who accepted, who withdrew and how it ended, and another line does not", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const call = await caller.call({ kind: "medical", text: "비밀이에요" });
  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await neighbour.incident(call).getByTestId("withdraw").click();
  await caller.ownCallIs("reached");
  await caller.page.getByTestId("write-note").click();
  await caller.page.locator(".own-call input[name=note]").fill("이제 괜찮아요");
  await caller.page.getByTestId("resolve").click();
  await caller.ownCallIs("ended");

  await neighbour.page.getByTestId("past-calls").click();
  await expect(neighbour.page).toHaveURL(`${neighbour.origin}/calls`);
  const past = neighbour.page.locator(`[data-testid=past-call][data-alert="${call}"]`);
  await expect(async () => {
    await neighbour.page.reload();
    await expect(past).toContainText("끝났다고 했어요", { timeout: 1_000 });
  }).toPass();
  await expect(past.locator(".timeline li")).toHaveText([
    /도움 요청$/,
    /1204호 · 가겠다고 했어요$/,
    /1204호 · 못 가게 됐어요$/,
    /1203호 · 끝났다고 했어요$/,
  ]);
  await expect(past.getByTestId("note")).toHaveText("이제 괜찮아요");
  await expect(neighbour.page.locator("main")).not.toContainText("비밀이에요");
  await isAccessible(neighbour, "past calls");

  const elsewhere = await visitor("resident-0501");
  await elsewhere.open("/calls");
  await expect(elsewhere.page.locator(`[data-alert="${call}"]`)).toHaveCount(0);
  elsewhere.expects(/status of 403/);
  await elsewhere.open("/calls?line=101-1");
  await expect(elsewhere.page.getByRole("alert")).toContainText("우리 라인");
  await expect(elsewhere.page.getByTestId("past-call")).toHaveCount(0);
});

test("the office chooses a line, without any script", async ({ visitor }) => {
  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open("/calls");
  const choice = admin.page.getByTestId("choose-line");
  await choice.locator("select[name=line]").selectOption("101-1");
  await choice.getByRole("button").click();
  await expect(admin.page).toHaveURL(/\/calls\?line=101-1$/);
  await expect(admin.page.getByTestId("past-call").first()).toBeVisible();
});
