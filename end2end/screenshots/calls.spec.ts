// Pictures of calls, from the press to the end.

import { type Coming, expect, test } from "../support/fixtures.ts";
import { HungDisk } from "../support/hung-disk.ts";
import { GATE, YARD } from "../support/places.ts";
import type { Details, Visitor } from "../support/visitor.ts";
import { LOOKS, WORDS, picture } from "./look.ts";

test("pictures", async ({ stranger }, { project: { name: language } }) => {
  const { locale, text } = WORDS[language]!;
  const people = LOOKS.map((look) => ({ look, coming: { ...look, locale } satisfies Coming }));
  for (const { look, coming } of people) {
    const somebody = await stranger(coming);
    await somebody.open("/sign-in");
    await picture(somebody, "sign-in", look, language);
  }
  const enter = async (name: string, coming: Coming) => {
    const somebody = await stranger(coming);
    await somebody.enter(name);
    return somebody;
  };
  const callers: Visitor[] = [];
  const neighbours: Visitor[] = [];
  for (const { look, coming } of people) {
    const caller = await enter("resident-1203", { ...coming, place: YARD });
    const neighbour = await enter("resident-1204", coming);
    await neighbour.arm();
    await picture(neighbour, "quiet", look, language);
    callers.push(caller);
    neighbours.push(neighbour);
  }
  const upstairs = await enter("resident-1301", { locale });

  const call = await callers[0]!.call({ kind: "medical", text });
  for (const [index, { look }] of people.entries()) {
    await expect(neighbours[index]!.incident(call)).toBeVisible();
    await expect(neighbours[index]!.markers).toHaveCount(1);
    await picture(neighbours[index]!, "incoming", look, language);
    await callers[index]!.ownCallIs("reached");
    await picture(callers[index]!, "own-reached", look, language);
  }

  await neighbours[0]!.incident(call).getByTestId("accept").click();
  await upstairs.incident(call).getByTestId("accept").click();
  for (const [index, { look }] of people.entries()) {
    await expect(neighbours[index]!.incident(call).getByTestId("coming")).toContainText("1301");
    await expect(neighbours[index]!.incident(call).getByTestId("withdraw")).toBeVisible();
    await picture(neighbours[index]!, "accepted", look, language);
    await expect(callers[index]!.callState).toContainText("1301");
    await picture(callers[index]!, "own-accepted", look, language);
  }
});

test("pictures of many calls", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale, text } = WORDS[language]!;
  const enter = async (name: string, coming: Coming) => {
    const somebody = await stranger({ locale, ...coming });
    await somebody.enter(name);
    return somebody;
  };
  const press = async (caller: Visitor, details: Details = {}) => {
    await expect(caller.button).toBeEnabled();
    return caller.call(details);
  };
  const callers: Visitor[] = [];
  const neighbours: Visitor[] = [];
  const offices: Visitor[] = [];
  for (const look of LOOKS) {
    callers.push(await enter("resident-1203", { ...look, place: YARD }));
    neighbours.push(await enter("resident-1204", look));
    offices.push(await enter("admin", look));
    await neighbours.at(-1)!.arm();
  }
  const upstairs = await enter("resident-1301", { place: GATE });
  const elsewhere = await enter("resident-0501", {});

  await press(callers[0]!, { kind: "medical" });
  await press(callers[0]!);
  await press(callers[0]!, { kind: "fire" });
  const first = await press(callers[0]!, { text });
  for (const [index, look] of LOOKS.entries()) {
    for (const [somebody, what] of [
      [neighbours[index]!, "four-presses"],
      [offices[index]!, "four-presses-office"],
      [callers[index]!, "own-four-presses"],
    ] as const) {
      await expect(somebody.openCards).toHaveAttribute("data-presses", "4");
      await picture(somebody, what, look, language);
    }
  }

  const second = await press(upstairs, { kind: "fire", text });
  const third = await press(neighbours[0]!, { kind: "other" });
  const fourth = await press(elsewhere, { kind: "intruder" });
  for (const [index, look] of LOOKS.entries()) {
    for (const [somebody, line, what] of [
      [neighbours[index]!, second, "many-calls"],
      [offices[index]!, fourth, "many-calls-office"],
    ] as const) {
      await expect(somebody.incident(line)).toHaveClass(/compact/);
      await picture(somebody, what, look, language);
      await somebody.incident(line).getByTestId("more").click();
      await picture(somebody, `${what}-opened`, look, language);
    }
  }

  await neighbours[0]!.incident(first).getByTestId("accept").click();
  await upstairs.incident(third).getByTestId("accept").click();
  for (const [index, look] of LOOKS.entries()) {
    await expect(neighbours[index]!.incident(first).getByTestId("arrived")).toBeVisible();
    await expect(offices[index]!.incident(third)).toHaveClass(/answered/);
    await picture(neighbours[index]!, "many-calls-accepted", look, language);
    await picture(offices[index]!, "many-calls-accepted-office", look, language);
  }
});

test("pictures of a sign-in that did not last, and of a call that nobody comes to", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  const people = LOOKS.map((look) => ({ look, coming: { ...look, locale } satisfies Coming }));
  const callers: Visitor[] = [];
  for (const { look, coming } of people) {
    const somebody = await stranger(coming);
    await somebody.open("/sign-in?problem=cookie");
    await picture(somebody, "sign-in-cookie", look, language);
    const caller = await stranger(coming);
    await caller.enter("resident-1203");
    callers.push(caller);
  }
  await callers[0]!.call();
  for (const [index, { look }] of people.entries()) {
    await expect(callers[index]!.page.locator(".own-call")).toHaveAttribute("data-state", "nobody", { timeout: 60_000 });
    await picture(callers[index]!, "own-nobody", look, language);
  }
  const neighbour = await stranger({ locale });
  await neighbour.enter("resident-1204");
  for (const [index, { look }] of people.entries()) {
    await expect(callers[index]!.page.locator(".own-call")).toHaveAttribute("data-state", "nobody-comes", {
      timeout: 90_000,
    });
    await picture(callers[index]!, "own-nobody-comes", look, language);
  }
});

test("pictures of an escalation", async ({ stranger, office }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale, text } = WORDS[language]!;
  const clerk = await stranger({ locale });
  await clerk.enter("admin");
  const set = async (path: string, data: object) => {
    expect((await clerk.context.request.post(`${clerk.origin}${path}`, { data })).ok()).toBe(true);
  };
  await set("/api/lines/neighbours", { line: "101-1", neighbours: "101-2" });
  await set("/api/escalation", { neighbours: 1, administrators: 1 });
  for (const look of LOOKS) {
    const coming = { ...look, locale };
    const admin = await stranger(coming);
    await admin.enter("admin");
    await admin.open("/admin/escalation");
    await picture(admin, "escalation", look, language);
    await admin.open("/admin/escalation?problem=invalid");
    await picture(admin, "escalation-invalid", look, language);
    const next = await stranger(coming);
    await next.enter("resident-0501");
    await next.arm();
    const caller = await stranger({ ...coming, place: YARD });
    await caller.enter("resident-1203");
    const call = await caller.call({ kind: "medical", text });
    await expect(next.incident(call)).toBeVisible({ timeout: 60_000 });
    await picture(next, "incoming-of-another-line", look, language);
    await expect(caller.page.getByTestId("escalated")).toContainText("101-2");
    await picture(caller, "own-escalated", look, language);
    await next.incident(call).getByTestId("accept").click();
    await expect(caller.callState).toContainText("501");
    await picture(caller, "own-accepted-by-another-line", look, language);
    for (const somebody of [admin, next, caller]) await somebody.context.close();
    await office.endCalls();
  }
  await set("/api/escalation", { neighbours: 30, building: 30, administrators: 30, arrival: 5 });
  await set("/api/lines/neighbours", { line: "101-1", neighbours: "" });
});

test("pictures of a call that cannot be recorded", async ({ stranger, office, program }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    // A neighbour without acknowledgements would leave it at "heard"; a page acknowledges, so its answer is held back.
    const neighbour = await stranger({ ...look, locale });
    await neighbour.enter("resident-1204");
    const caller = await stranger({ ...look, locale, place: YARD });
    caller.expects(/./);
    await caller.enter("resident-1203");
    await caller.page.routeWebSocket(/\/an-ws$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        if (!String(message).includes("type:receipt")) socket.send(message);
      });
    });
    await caller.reload();
    const disk = await HungDisk.of(program);
    await caller.hold();
    await caller.ownCallIs("heard");
    await picture(caller, "own-heard", look, language);
    await disk.mended();
    await caller.ownCallIs("recorded");
    await caller.context.close();
    await neighbour.context.close();
    await office.endCalls();
  }
});
