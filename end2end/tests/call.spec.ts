// The main job, which is a press, the neighbours' alarm, an answer that everyone sees, and an end.

import { expect, test } from "../support/fixtures.ts";
import { YARD } from "../support/places.ts";

test("a press alarms the line, a neighbour accepts, and everyone sees who", async ({ resident }) => {
  const motion = { reducedMotion: "no-preference" } as const;
  const caller = await resident("resident-1203", { ...motion, place: YARD });
  const neighbour = await resident("resident-1204", motion);
  const upstairs = await resident("resident-1301");
  await expect(neighbour.alarm).toHaveCount(0);
  await caller.ownCallIs("quiet");

  const call = await caller.call({ kind: "medical", text: "아이가 숨을 못 쉬어요" });

  for (const visitor of [neighbour, upstairs]) {
    const incoming = visitor.alarm.locator(visitor.incident(call));
    await expect(incoming).toHaveAttribute("data-open", "true");
    await expect(incoming.getByRole("heading")).toHaveText("1203호에서 도움을 요청해요");
    await expect(incoming).toContainText("응급 환자");
    await expect(incoming).toContainText("아이가 숨을 못 쉬어요");
    await expect(visitor.page.getByRole("alert").filter({ has: visitor.incident(call) })).toBeVisible();
  }
  // Their own browsers' acknowledgements, counted by house.
  await caller.ownCallIs("reached");
  await expect(caller.callState).toContainText("이웃 2집");
  await expect(caller.alarm, "nobody is alarmed by their own call").toHaveCount(0);

  await neighbour.incident(call).getByTestId("accept").click();

  await caller.ownCallIs("coming");
  await expect(caller.callState).toHaveText("오고 있어요: 1204호");
  await expect(upstairs.incident(call).getByTestId("coming")).toContainText("1204호");
  await expect(neighbour.incident(call).getByTestId("coming")).toContainText("1204호");
  await expect(neighbour.incident(call).getByTestId("accept")).toBeHidden();
  await expect(upstairs.incident(call).getByTestId("accept"), "another may come as well").toBeVisible();

  await upstairs.incident(call).getByTestId("accept").click();
  await expect(caller.callState).toContainText("1204호");
  await expect(caller.callState).toContainText("1301호");
});

test("another line hears nothing of it", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const elsewhere = await resident("resident-0501");

  const call = await caller.call();
  await expect(neighbour.incident(call)).toBeVisible();
  // The other line's next call shows that nothing is still under way to it.
  const theirs = await elsewhere.call();
  await expect(elsewhere.incident(theirs)).toBeVisible();

  await expect(elsewhere.incident(call)).toHaveCount(0);
  await expect(elsewhere.alarm).toHaveCount(0);
  await expect(neighbour.incident(theirs)).toHaveCount(0);
  await elsewhere.reload();
  await expect(elsewhere.incident(theirs)).toBeVisible();
  await expect(elsewhere.incident(call)).toHaveCount(0);
});

test("the administrator sees every line's calls and ends one", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const elsewhere = await resident("resident-0501");
  const admin = await resident("admin");
  await expect(admin.button, "the office has no flat to call from").toHaveCount(0);

  const call = await caller.call();
  const other = await elsewhere.call();
  await expect(admin.incident(call)).toContainText("101-1 라인");
  await expect(admin.incident(other)).toContainText("101-2 라인");
  await expect(admin.incident(call).getByTestId("accept")).toBeHidden();
  await expect(admin.markers).toHaveCount(1);

  await admin.incident(call).getByTestId("resolve").click();

  await caller.ownCallIs("ended");
  await expect(caller.callState).toHaveText("상황이 끝났어요.");
  await expect(admin.incident(call)).toHaveAttribute("data-open", "false");
  await expect(admin.incident(call)).toContainText("관리사무소");
  await expect(admin.markers).toHaveCount(0);
  await expect(admin.incident(other)).toHaveAttribute("data-open", "true");
});

test("a reload keeps the open call, for the neighbour and for the caller", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  const call = await caller.call({ text: "도와주세요" });
  await caller.ownCallIs("reached");

  await neighbour.reload();
  await expect(neighbour.alarm.locator(neighbour.incident(call))).toContainText("도와주세요");
  await expect(neighbour.markers).toHaveCount(1);

  await caller.reload();
  await caller.ownCallIs("reached");
  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await caller.reload();
  await caller.ownCallIs("coming");
  await expect(caller.callState).toContainText("1204호");
});

test("who comes later finds the open call and how it stands", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const call = await caller.call();
  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");

  const late = await resident("resident-1301");

  await expect(late.alarm.locator(late.incident(call)).getByTestId("coming")).toContainText("1204호");
});

test("the caller takes a call back, and it is over for everyone", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const call = await caller.call();
  await expect(neighbour.alarm).toBeVisible();

  await caller.page.locator(".own-call").getByTestId("cancel").click();

  await caller.ownCallIs("ended");
  await expect(caller.callState).toHaveText("요청을 취소했어요.");
  await expect(neighbour.alarm).toHaveCount(0);
  await expect(neighbour.incident(call)).toHaveAttribute("data-open", "false");
  await expect(neighbour.incident(call)).toContainText("취소됨");
  await caller.page.getByTestId("dismiss").click();
  await caller.ownCallIs("quiet");
});

test("who cannot come after all takes that back, and who arrives says so", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  const call = await caller.call();
  const incoming = neighbour.incident(call);

  await incoming.getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await incoming.getByTestId("withdraw").click();
  await caller.ownCallIs("reached");
  await expect(incoming.getByTestId("coming")).toHaveCount(0);

  await incoming.getByTestId("accept").click();
  await caller.ownCallIs("coming");
  await incoming.getByTestId("arrived").click();
  await expect(caller.callState).toHaveText("도착했어요: 1204호");
});

test("when nobody was reached for ten seconds, the page says to call 119", async ({ resident }) => {
  const caller = await resident("resident-1203");
  // Neither the own house nor another line nor the office is a neighbour who was reached.
  const sameHouse = await resident("resident-1203");
  await resident("resident-0501");
  await resident("admin");

  const recorded = caller.recorded();
  await caller.hold();
  const sent = Date.now();
  const call = await recorded;
  await expect(caller.callState).toHaveText("요청이 접수됐어요. 이웃에게 알리고 있어요.");
  await expect(caller.call119).toBeHidden();

  await caller.ownCallIs("nobody");
  // This checks the rule itself, not a speed, because the page's clock ticks once a second.
  expect(Date.now() - sent, "not before ten seconds have passed").toBeGreaterThan(9_000);
  await expect(caller.callState).toContainText("119에 전화하세요");
  await expect(caller.call119).toBeVisible();
  await expect(sameHouse.incident(call)).toBeVisible();

  // A neighbour who comes home is reached after all.
  await resident("resident-1204");
  await caller.ownCallIs("reached");
  await expect(caller.call119).toBeHidden();
});

test("what a caller writes is shown as text, wherever it is shown", async ({ resident }) => {
  const text = `<img src=x onerror="document.title='pwned'"><b>굵게</b></script><script>document.title='pwned'</script>`;
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");

  const call = await caller.call({ text });
  for (const { page, incident, markers } of [neighbour, caller].map((visitor) => ({
    page: visitor.page,
    incident: visitor.incident(call),
    markers: visitor.markers,
  }))) {
    await expect(incident.getByText(text)).toBeVisible();
    await expect(incident.locator("img, b, script")).toHaveCount(0);
    await expect(markers).toHaveText("1203");
    await expect(page).not.toHaveTitle("pwned");
  }

  await neighbour.open(`/call/${call}`);
  await expect(neighbour.page.getByText(text)).toBeVisible();
  await expect(neighbour.page.locator("main img, main b")).toHaveCount(0);

  await caller.open(`/call?text=${encodeURIComponent(`">${text}`)}`);
  await expect(caller.page.locator("input[name=text]")).toHaveValue(`">${text}`);
  await expect(caller.page.locator("main img, main b")).toHaveCount(0);
  await expect(caller.page).not.toHaveTitle("pwned");
});
