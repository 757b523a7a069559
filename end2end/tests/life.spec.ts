// The whole life of a call: three residents on two lines and the management office, from the press to the end.

import { expect, test } from "../support/fixtures.ts";
import { isAt } from "../support/map.ts";
import { GATE, YARD } from "../support/places.ts";
import type { Visitor } from "../support/visitor.ts";

/** Whom a call can alarm is read once a second, and every open call is looked at every ten. */
const STEPS_WITHIN = 60_000;

async function post(admin: Visitor, path: string, data: object): Promise<void> {
  const answer = await admin.context.request.post(`${admin.origin}${path}`, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
}

test.afterEach(async ({ visitor }) => {
  const admin = await visitor("admin");
  await post(admin, "/api/escalation", { neighbours: 30, building: 30, administrators: 30, arrival: 5 });
  await post(admin, "/api/lines/neighbours", { line: "101-1", neighbours: "" });
});

test("from the press over two helpers, of whom none stays, to the one who arrives", async ({ resident, visitor }) => {
  test.setTimeout(300_000);
  const office = await visitor("admin");
  await office.goHome();
  await post(office, "/api/lines/neighbours", { line: "101-1", neighbours: "101-2" });
  await post(office, "/api/escalation", { neighbours: 2 });
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  const next = await resident("resident-0501");
  await neighbour.arm();
  await next.arm();
  const steps = (of: Visitor) => of.page.getByTestId("escalated");
  const row = (flat: string) => caller.page.getByTestId("ledger-house").filter({ hasText: flat });

  const call = await caller.call({ kind: "medical", text: "one press" });
  const here = neighbour.incident(call);
  const there = next.incident(call);
  await expect(here).toBeVisible();
  await caller.page.getByTestId("ledger").locator("summary").click();
  await expect(row("1204호")).toHaveAttribute("data-state", "seen");
  await isAt(neighbour.markers, YARD);

  // Nobody accepts, so the line beside is alarmed. The office sees the call from the press on.
  await expect(there).toBeVisible({ timeout: STEPS_WITHIN });
  await expect.poll(() => next.sounded()).toBe(1);
  await expect(steps(caller)).toContainText("101-2 라인에도 알렸어요");
  await expect(row("501호")).toHaveAttribute("data-state", "seen");
  await expect(office.incident(call)).toBeVisible();

  // Two accept. The accept of one silences nobody who has not answered.
  await here.getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await expect(there.getByTestId("accept")).toBeVisible();
  await there.getByTestId("accept").click();
  await expect(caller.callState).toContainText("1204호");
  await expect(caller.callState).toContainText("101-2 라인 501호");
  await expect(row("1204호")).toHaveAttribute("data-state", "coming");
  await expect(row("501호")).toHaveAttribute("data-state", "coming");

  // One withdrawal leaves a helper, and nothing sounds. With the last one everybody is alarmed again.
  await here.getByTestId("withdraw").click();
  await expect(caller.callState).not.toContainText("1204호");
  await expect(caller.callState).toContainText("501호");
  const sounded = await Promise.all([neighbour.sounded(), next.sounded()]);
  await there.getByTestId("withdraw").click();
  await caller.ownCallIs("reached");
  await expect.poll(() => neighbour.sounded()).toBe(sounded[0]! + 1);
  await expect.poll(() => next.sounded(), { timeout: STEPS_WITHIN }).toBe(sounded[1]! + 1);

  // The step is taken again, in a round of its own.
  await expect(steps(caller)).toContainText("101-2 라인에 다시 알렸어요", { timeout: STEPS_WITHIN });

  await there.getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await caller.context.setGeolocation(GATE);
  await isAt(neighbour.markers, GATE);
  await isAt(next.markers, GATE);
  await there.getByTestId("arrived").click();
  await expect(caller.callState).toContainText("도착했어요: 101-2 라인 501호");
  await expect(row("501호")).toHaveAttribute("data-state", "arrived");

  await caller.page.locator(".own-call").getByTestId("resolve").click();
  for (const somebody of [neighbour, next, office]) await expect(somebody.openCards).toHaveCount(0);
  await expect(neighbour.alarm).toBeHidden();
  await expect(next.alarm).toBeHidden();
  await expect(neighbour.markers).toHaveCount(0);
});
