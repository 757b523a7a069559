// Pictures of calls, from the press to the end.

import { HungDisk } from "../support/hung-disk.ts";
import { GATE, YARD } from "../support/places.ts";
import type { Details, Visitor } from "../support/visitor.ts";
import { LOOKS, expect, test } from "./look.ts";

test("pictures", async ({ guest, enter, picture, text }) => {
  for (const look of LOOKS) {
    const somebody = await guest(look);
    await somebody.open("/sign-in");
    await picture(somebody, "sign-in", look);
  }
  const callers: Visitor[] = [];
  const neighbours: Visitor[] = [];
  for (const look of LOOKS) {
    const caller = await enter("resident-1203", { ...look, place: YARD });
    const neighbour = await enter("resident-1204", look);
    await neighbour.arm();
    await picture(neighbour, "quiet", look);
    callers.push(caller);
    neighbours.push(neighbour);
  }
  const upstairs = await enter("resident-1301");

  const call = await callers[0]!.call({ kind: "medical", text });
  for (const [index, look] of LOOKS.entries()) {
    await expect(neighbours[index]!.incident(call)).toBeVisible();
    await expect(neighbours[index]!.markers).toHaveCount(1);
    await picture(neighbours[index]!, "incoming", look);
    await callers[index]!.ownCallIs("reached");
    await picture(callers[index]!, "own-reached", look);
  }

  await neighbours[0]!.incident(call).getByTestId("accept").click();
  await upstairs.incident(call).getByTestId("accept").click();
  for (const [index, look] of LOOKS.entries()) {
    await expect(neighbours[index]!.incident(call).getByTestId("coming")).toContainText("1301");
    await expect(neighbours[index]!.incident(call).getByTestId("withdraw")).toBeVisible();
    await picture(neighbours[index]!, "accepted", look);
    await expect(callers[index]!.callState).toContainText("1301");
    await picture(callers[index]!, "own-accepted", look);
  }
});

test("pictures of many calls", async ({ enter, picture, text }) => {
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
  const elsewhere = await enter("resident-0501");

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
      await picture(somebody, what, look);
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
      await picture(somebody, what, look);
      await somebody.incident(line).getByTestId("more").click();
      await picture(somebody, `${what}-opened`, look);
    }
  }

  await neighbours[0]!.incident(first).getByTestId("accept").click();
  await upstairs.incident(third).getByTestId("accept").click();
  for (const [index, look] of LOOKS.entries()) {
    await expect(neighbours[index]!.incident(first).getByTestId("arrived")).toBeVisible();
    await expect(offices[index]!.incident(third)).toHaveClass(/answered/);
    await picture(neighbours[index]!, "many-calls-accepted", look);
    await picture(offices[index]!, "many-calls-accepted-office", look);
  }
});

test("pictures of a sign-in that did not last, and of a call that nobody comes to", async ({ guest, enter, picture }) => {
  const callers: Visitor[] = [];
  for (const look of LOOKS) {
    const somebody = await guest(look);
    await somebody.open("/sign-in?problem=cookie");
    await picture(somebody, "sign-in-cookie", look);
    callers.push(await enter("resident-1203", look));
  }
  await callers[0]!.call();
  for (const [index, look] of LOOKS.entries()) {
    await expect(callers[index]!.page.locator(".own-call")).toHaveAttribute("data-state", "nobody", { timeout: 60_000 });
    await picture(callers[index]!, "own-nobody", look);
  }
  await enter("resident-1204");
  for (const [index, look] of LOOKS.entries()) {
    await expect(callers[index]!.page.locator(".own-call")).toHaveAttribute("data-state", "nobody-comes", {
      timeout: 90_000,
    });
    await picture(callers[index]!, "own-nobody-comes", look);
  }
});

test("pictures of an escalation", async ({ enter, picture, text, office }) => {
  const clerk = await enter("admin");
  const set = async (path: string, data: object) => {
    expect((await clerk.context.request.post(`${clerk.origin}${path}`, { data })).ok()).toBe(true);
  };
  await set("/api/lines/neighbours", { line: "101-1", neighbours: "101-2" });
  await set("/api/escalation", { neighbours: 1, administrators: 1 });
  for (const look of LOOKS) {
    const admin = await enter("admin", look);
    await admin.open("/admin/escalation");
    await picture(admin, "escalation", look);
    await admin.open("/admin/escalation?problem=invalid");
    await picture(admin, "escalation-invalid", look);
    const next = await enter("resident-0501", look);
    await next.arm();
    const caller = await enter("resident-1203", { ...look, place: YARD });
    const call = await caller.call({ kind: "medical", text });
    await expect(next.incident(call)).toBeVisible({ timeout: 60_000 });
    await picture(next, "incoming-of-another-line", look);
    await expect(caller.page.getByTestId("escalated")).toContainText("101-2");
    await picture(caller, "own-escalated", look);
    await next.incident(call).getByTestId("accept").click();
    await expect(caller.callState).toContainText("501");
    await picture(caller, "own-accepted-by-another-line", look);
    for (const somebody of [admin, next, caller]) await somebody.context.close();
    await office.endCalls();
  }
  await set("/api/escalation", { neighbours: 30, building: 30, administrators: 30, arrival: 5 });
  await set("/api/lines/neighbours", { line: "101-1", neighbours: "" });
});

test("pictures of a call that cannot be recorded", async ({ enter, picture, office, program }) => {
  for (const look of LOOKS) {
    // A neighbour without acknowledgements would leave it at "heard"; a page acknowledges, so its answer is held back.
    const neighbour = await enter("resident-1204", look);
    const caller = await enter("resident-1203", { ...look, place: YARD });
    caller.expects(/./);
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
    await picture(caller, "own-heard", look);
    await disk.mended();
    await caller.ownCallIs("recorded");
    await caller.context.close();
    await neighbour.context.close();
    await office.endCalls();
  }
});
