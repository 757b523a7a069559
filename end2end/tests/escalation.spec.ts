// A call that nobody comes to alarms the next line, which sees whose it is and may come. The office sets the rules
// without scripts.

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import type { Visitor } from "../support/visitor.ts";

const PAGE = "/admin/escalation";

/** Whom a call can alarm is read once a second, and every open call is looked at every ten. */
const STEPS_WITHIN = 60_000;

const DEFAULTS = { neighbours: 30, building: 30, administrators: 30, arrival: 5 };

const number = (admin: Visitor, ring: string) => admin.page.locator(`input[name=${ring}]`);
const off = (admin: Visitor, ring: string) => admin.page.locator(`input[name=${ring}_off]`);
const escalated = ({ page }: Visitor) => page.getByTestId("escalated");

/** Makes two lines neighbours of each other, or of nobody. */
async function neighbours(admin: Visitor, line: string, others: string): Promise<void> {
  const data = { line, neighbours: others };
  const answer = await admin.context.request.post(`${admin.origin}/api/lines/neighbours`, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
}

test.afterEach(async ({ visitor }) => {
  const admin = await visitor("admin");
  const answer = await admin.context.request.post(`${admin.origin}/api/escalation`, { data: DEFAULTS });
  expect(answer.ok(), await answer.text()).toBe(true);
  await neighbours(admin, "101-1", "");
});

test("the office sets the rules without scripts and reads what is wrong with others", async ({ visitor }) => {
  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open(PAGE);
  await expect(admin.page.locator(".office-nav [aria-current=page]")).toHaveText("알림 넓히기");
  await expect(number(admin, "neighbours")).toHaveValue("30");
  await expect(off(admin, "neighbours")).not.toBeChecked();
  await number(admin, "neighbours").fill("0");
  await off(admin, "building").check();
  await number(admin, "arrival").fill("9");
  await admin.page.getByTestId("save").click();
  await expect(admin.page.getByTestId("done")).toContainText("10초 안에");
  await expect(number(admin, "neighbours")).toHaveValue("0");
  await expect(off(admin, "building")).toBeChecked();
  await expect(number(admin, "arrival")).toHaveValue("9");

  await number(admin, "neighbours").fill("soon");
  await admin.page.getByTestId("save").click();
  await expect(admin.page.getByRole("alert")).toContainText("초는 0부터 3600까지, 분은 1부터 240까지");
  await expect(number(admin, "neighbours")).toHaveValue("0");
});

test("the page of the rules is accessible, and nobody but an administrator sees the rules", async ({ visitor }) => {
  const admin = await visitor("admin", { locale: "en-US" });
  await admin.open(PAGE);
  await expect(admin.page.getByRole("heading", { level: 1 })).toHaveText("Escalation");
  await isAccessible(admin, "the rules");
  await admin.open(`${PAGE}?problem=invalid`);
  await isAccessible(admin, "rules that cannot be");
  const resident = await visitor("resident-1203");
  resident.expects(/status of 403/);
  await resident.open(PAGE);
  await expect(resident.page.getByTestId("administrators-only")).toBeVisible();
  await expect(number(resident, "neighbours")).toHaveCount(0);
});

test("a call that nobody accepts comes to the next line, which reads whose it is and may come", async ({
  resident,
  visitor,
}) => {
  test.setTimeout(180_000);
  const admin = await visitor("admin");
  await neighbours(admin, "101-1", "101-2");
  const rules = { data: { neighbours: 1 } };
  expect((await admin.context.request.post(`${admin.origin}/api/escalation`, rules)).ok()).toBe(true);
  const caller = await resident("resident-1203");
  const next = await resident("resident-0501");
  await next.arm();
  const call = await caller.call({ kind: "medical", text: "a neighbour, please" });

  const card = next.incident(call);
  await expect(card).toBeVisible({ timeout: STEPS_WITHIN });
  await expect(card.getByRole("heading")).toHaveText("101-1 라인 1203호에서 도움을 요청해요");
  await expect(card.getByTestId("elsewhere")).toBeVisible();
  await expect.poll(() => next.sounded()).toBe(1);
  await expect(escalated(next)).toContainText("101-2 라인에도 알렸어요 · ");
  await expect(escalated(caller)).toContainText("101-2 라인에도 알렸어요 · ");
  await isAccessible(next, "a call of another line");
  await isAccessible(caller, "an own call that was escalated");

  const plain = await visitor("resident-0501", { javaScriptEnabled: false });
  await plain.open(`/call/${call}?house=1203&line=101-1`);
  await expect(plain.page.getByRole("heading", { name: "101-1 라인 1203호의 도움 요청" })).toBeVisible();
  await expect(escalated(plain)).toContainText("101-2 라인에도 알렸어요");
  await expect(plain.page.getByTestId("accept")).toBeVisible();

  await card.getByTestId("accept").click();
  await expect(caller.callState).toContainText("101-2 라인 501호");
  await card.getByTestId("arrived").click();
  await caller.ownCallIs("coming");
  await expect(caller.callState).toContainText("도착했어요: 101-2 라인 501호");
  await caller.page.getByTestId("resolve").click();
  await expect(next.alarm).toBeHidden();

  // A page that is opened now shows nothing of the other line any more.
  await next.reload();
  await expect(next.openCards).toHaveCount(0);
});

test("a line that was not alarmed has nothing of a call", async ({ resident, visitor }) => {
  const admin = await visitor("admin");
  const rules = { data: { neighbours: 3600 } };
  expect((await admin.context.request.post(`${admin.origin}/api/escalation`, rules)).ok()).toBe(true);
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const elsewhere = await resident("resident-0501");
  const call = await caller.call();
  await expect(neighbour.incident(call)).toBeVisible();
  await expect(neighbour.incident(call).getByTestId("elsewhere")).toBeHidden();
  await expect(escalated(neighbour)).toBeHidden();
  await elsewhere.reload();
  await expect(elsewhere.openCards).toHaveCount(0);
});
