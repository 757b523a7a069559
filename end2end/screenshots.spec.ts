// Pictures of the running pages for people to look at, never compared. They are narrow and wide, light and dark, Korean
// and English. A file is named after its content, such as accepted-390-dark-ko.png.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { BROWSERS } from "./support/browsers.ts";
import { age, close, pageIsKept, worker } from "./support/device.ts";
import { type Coming, expect, test } from "./support/fixtures.ts";
import { HungDisk } from "./support/hung-disk.ts";
import { GATE, YARD } from "./support/places.ts";
import { Program } from "./support/program.ts";
import { DEVICE_STATES } from "./support/push.ts";
import { codeOf } from "./support/totp.ts";
import type { Details, Visitor } from "./support/visitor.ts";

const DIRECTORY = process.env.IUTSAI_SCREENSHOTS ?? fileURLToPath(new URL("../target/screenshots", import.meta.url));

const WORDS: Record<string, { locale: string; text: string }> = {
  ko: { locale: "ko-KR", text: "아이가 숨을 못 쉬어요" },
  en: { locale: "en-US", text: "My child cannot breathe" },
};
const LOOKS = [390, 1280].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({
    colorScheme,
    viewport: { width, height: width < 600 ? 844 : 800 },
  })),
);

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

test("pictures of the numbers", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    const admin = await stranger({ ...look, locale });
    await admin.enter("admin");
    await picture(admin, "home-administrator", look, language);
    await admin.open("/admin/statistics?period=90d");
    await picture(admin, "statistics", look, language);
    await admin.open("/admin/statistics?period=this-month");
    for (const details of await admin.page.locator("details").all()) {
      await details.locator("summary").click();
    }
    await picture(admin, "statistics-tables", look, language);
    admin.expects(/status of 422/);
    await admin.open("/admin/statistics?from=2026-02-30");
    await picture(admin, "statistics-invalid", look, language);
    const resident = await stranger({ ...look, locale });
    resident.expects(/status of 403/);
    await resident.enter("resident-1203");
    await resident.open("/admin/statistics");
    await picture(resident, "statistics-resident", look, language);
    await admin.context.close();
    await resident.context.close();
  }
  // On paper, as wide as A4 without its margins.
  const look = { colorScheme: "light", viewport: { width: 726, height: 1054 } } as const;
  const admin = await stranger({ ...look, locale });
  await admin.enter("admin");
  await admin.open("/admin/statistics?period=last-month");
  await admin.page.emulateMedia({ media: "print" });
  const path = join(DIRECTORY, `statistics-print-${language}.png`);
  await admin.page.screenshot({ path, fullPage: true, animations: "disabled" });
  await admin.page.pdf({ path: join(DIRECTORY, `statistics-print-${language}.pdf`), preferCSSPageSize: true });
});

test("pictures of drills, of the seconds of undo, and of past calls", async ({ stranger, office }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    const enter = async (name: string) => {
      const somebody = await stranger({ ...look, locale });
      await somebody.enter(name);
      return somebody;
    };
    const [caller, neighbour, admin] = [await enter("resident-1203"), await enter("resident-1204"), await enter("admin")];
    await neighbour.arm();
    await admin.open("/admin/drills?line=101-1");
    await admin.page.getByTestId("start-drill").getByRole("button").click();
    await picture(admin, "drills", look, language);
    await admin.page.getByTestId("done").getByTestId("watch").click();
    await expect(neighbour.page.locator("[data-drill=true]").first()).toBeVisible();
    await picture(neighbour, "drill", look, language);
    await office.endCalls();
    await expect(neighbour.alarm).toHaveCount(0);

    await caller.call();
    await expect(caller.page.getByTestId("undo")).toBeVisible();
    await picture(caller, "undo", look, language);
    await caller.ownCallIs("reached");
    await caller.page.getByTestId("ledger").locator("summary").click();
    await caller.page.getByTestId("write-note").click();
    await picture(caller, "own-ledger", look, language);
    await caller.page.getByTestId("cancel").click();
    await caller.ownCallIs("ended");

    const device = await caller.newTab();
    await device.open("/devices");
    await device.page.getByTestId("practise").click();
    await device.ownCallIs("practice");
    await picture(device, "practice-page", look, language);
    await caller.ownCallIs("practice");
    await picture(caller, "practice", look, language);
    await device.open("/calls");
    await picture(device, "past-calls", look, language);
    await admin.open("/calls?line=101-1");
    await picture(admin, "past-calls-office", look, language);
    for (const somebody of [caller, neighbour, admin]) await somebody.context.close();
    await office.endCalls();
  }
});

test("pictures of the people", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  const houses = Array.from({ length: 8 }, (_, number) => `108,108-1,${number + 101}`).join("\n");
  for (const [index, look] of LOOKS.entries()) {
    const admin = await stranger({ ...look, locale });
    admin.expects(/status of 4\d\d/);
    await admin.enter("admin");
    const send = async (table: string) => {
      await admin.open("/admin/people/import");
      await admin.page.locator("textarea[name=csv]").fill(table);
      await admin.page.locator("main form button").click();
    };
    await send("line,house\n108-1,10/1\n,101\n");
    await picture(admin, "people-import-faults", look, language);
    await send(`building,line,house\n${houses}\n108,108-1,2${index}1\n`);
    await picture(admin, "people-import-preview", look, language);
    await admin.page.getByTestId("confirm").click();
    await picture(admin, "people-lines", look, language);
    await admin.open("/admin/people?line=101-1");
    await admin.page.getByTestId("person").first().locator("summary").first().click();
    await picture(admin, "people-line", look, language);
    await admin.open("/admin/people?line=108-1");
    await admin.page.getByTestId("invite-line").click();
    await picture(admin, "people-cards", look, language);
    const code = await admin.page.getByTestId("code").first().innerText();
    if (index === 0) {
      const path = join(DIRECTORY, `people-cards-print-${language}.pdf`);
      await admin.page.pdf({ path, format: "A4", preferCSSPageSize: true });
    }
    const kim = await stranger({ ...look, locale });
    kim.expects(/status of 410/);
    await kim.open(`/join/${code}`);
    await picture(kim, "join", look, language);
    await kim.open("/join/0000-0000-0000");
    await picture(kim, "join-unknown", look, language);
    await admin.context.close();
    await kim.context.close();
  }
});

test("pictures of a line on which no neighbour can be reached", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    const alone = await stranger({ ...look, locale });
    await alone.enter("resident-0501");
    await expect(alone.page.getByTestId("reach")).toHaveAttribute("data-houses", "0", { timeout: 30_000 });
    await picture(alone, "reach-nobody", look, language);
    await alone.context.close();
  }
});

test("pictures of the records", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    const admin = await stranger({ ...look, locale });
    admin.expects(/status of 422/);
    await admin.enter("admin");
    await admin.open("/admin/audit");
    await picture(admin, "audit", look, language);
    await admin.open("/admin/audit?act=locked&who=nobody");
    await picture(admin, "audit-nothing", look, language);
    await admin.open("/admin/audit?from=yesterday");
    await picture(admin, "audit-invalid", look, language);
    await admin.open("/admin/audit");
    const form = admin.page.getByTestId("check");
    if (await form.count()) {
      await form.getByRole("button").click();
    }
    await picture(admin, "audit-signed", look, language);
    await admin.context.close();
  }
});

test("pictures of signing in with a second factor", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    const own = await Program.started({ IUTSAI_REQUIRE_SECOND_FACTOR: "1" });
    const admin = await stranger({ ...look, locale, origin: own.origin });
    const show = (what: string) => picture(admin, what, look, language);
    await admin.open("/sign-in");
    await admin.signIn("admin", "neighbour");
    await show("second-factor-required");
    await admin.page.getByTestId("form-begin").locator("input[name=password]").fill("neighbour");
    await admin.page.getByTestId("form-begin").locator("button").click();
    await show("second-factor-begun");
    const secret = (await admin.page.getByTestId("secret").getAttribute("data-secret"))!;
    await admin.page.getByTestId("form-confirm").locator("input[name=code]").fill(codeOf(secret));
    await admin.page.getByTestId("form-confirm").locator("button").click();
    await show("second-factor-codes");
    await admin.page.getByTestId("codes-done").click();
    await admin.page.getByTestId("turn-off").locator("summary").click();
    await show("second-factor-on");
    await admin.open("/admin/people?line=101-1");
    await admin.page.getByTestId("person").first().locator("summary").first().click();
    await admin.page.getByTestId("moving-out").first().locator("summary").click();
    await show("people-moving-out");
    await admin.context.clearCookies();
    await admin.open("/sign-in");
    await admin.signIn("admin", "neighbour");
    await admin.page.getByTestId("phone-lost").locator("summary").click();
    await show("sign-in-code");
    const resident = await stranger({ ...look, locale, origin: own.origin });
    await resident.open("/sign-in");
    await resident.signIn("resident-1203", "neighbour");
    await resident.open("/me/sign-in");
    await picture(resident, "my-sign-in", look, language);
    await admin.context.close();
    await resident.context.close();
    await own.end();
  }
});

test("pictures of the board", async ({ stranger, office, program }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale, text } = WORDS[language]!;
  const viewport = { width: 1920, height: 1080 };
  const looks = [...LOOKS, ...(["light", "dark"] as const).map((colorScheme) => ({ colorScheme, viewport }))];
  const enter = async (name: string, coming: Coming) => {
    const somebody = await stranger({ ...coming, locale });
    await somebody.enter(name);
    return somebody;
  };
  const caller = await enter("resident-1203", { place: YARD });
  const neighbour = await enter("resident-1204", {});
  const upstairs = await enter("resident-1301", { place: { ...YARD, latitude: YARD.latitude - 0.0004 } });
  const boards: Visitor[] = [];
  for (const look of looks) {
    const admin = await enter("admin", look);
    await admin.open("/admin/board");
    await expect(admin.page.getByTestId("board-ready")).toHaveAttribute("data-state", "connected");
    await picture(admin, "board-empty", look, language);
    boards.push(admin);
  }
  const call = await caller.call({ kind: "medical", text });
  await upstairs.call({ kind: "fire" });
  await neighbour.incident(call).getByTestId("accept").click();
  for (const [index, look] of looks.entries()) {
    const { page } = boards[index]!;
    await expect(page.getByTestId("board-call")).toHaveCount(2);
    await expect(page.getByTestId("board-who").last()).toContainText("1204");
    await picture(boards[index]!, "board-two-calls", look, language);
  }
  [caller, neighbour, upstairs, ...boards].forEach((somebody) => somebody.expects(/./));
  await program.stop();
  for (const [index, look] of looks.entries()) {
    await expect(boards[index]!.page.getByTestId("board-stale")).toBeVisible({ timeout: 30_000 });
    await picture(boards[index]!, "board-not-connected", look, language);
  }
  await program.start();
  for (const [index, look] of looks.entries()) {
    const { page } = boards[index]!;
    await boards[index]!.open("/admin/board/displays");
    await picture(boards[index]!, "displays", look, language);
    await page.locator("input[name=name]").fill(text);
    await page.getByTestId("make-display").click();
    await expect(page.getByTestId("display-link")).toBeVisible();
    await picture(boards[index]!, "display-made", look, language);
  }
  await office.endCalls();
});

test("pictures of the devices", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    for (const { state, userAgent, script } of DEVICE_STATES) {
      const somebody = await stranger({ ...look, locale, userAgent });
      await somebody.enter("resident-1204");
      await somebody.context.addInitScript(script);
      await somebody.open("/devices");
      await expect(somebody.page.getByTestId("this-device")).toHaveAttribute("data-state", state);
      await picture(somebody, `devices-${state}`, look, language);
      await somebody.context.close();
    }
  }
});

test("pictures of the way to the home screen", async ({ stranger }, { project: { name: language } }) => {
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    for (const { browser, userAgent } of BROWSERS) {
      const somebody = await stranger({ ...look, locale, userAgent });
      await somebody.open("/install");
      await picture(somebody, `install-${browser}`, look, language);
      await somebody.context.close();
    }
  }
});

test("pictures of the page about a person", async ({ stranger }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  const neighbour = await stranger({ locale });
  await neighbour.enter("resident-1204");
  const caller = await stranger({ locale, place: YARD });
  await caller.enter("resident-1203");
  const call = await caller.call();
  await expect(neighbour.incident(call)).toBeVisible();
  for (const look of LOOKS) {
    const somebody = await stranger({ ...look, locale });
    await somebody.enter("resident-1203");
    await expect(async () => {
      await somebody.open("/me");
      await expect(somebody.page.getByTestId("use").first()).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 30_000 });
    await picture(somebody, "me", look, language);
    await somebody.page.getByTestId("withdraw-ask").click();
    await picture(somebody, "me-withdraw", look, language);
    await somebody.open("/me/leave?problem=invalid");
    await picture(somebody, "me-leave", look, language);
    await somebody.context.close();
  }
});

test("pictures without a network", async ({ stranger, office }, { project: { name: language } }) => {
  test.setTimeout(600_000);
  const { locale } = WORDS[language]!;
  for (const look of LOOKS) {
    const show = (somebody: Visitor, what: string) => picture(somebody, what, look, language);
    const enter = async (before = async (_: Visitor): Promise<unknown> => undefined) => {
      const somebody = await stranger({ ...look, locale });
      somebody.expects(/./);
      await before(somebody);
      await somebody.enter("resident-1203");
      return somebody;
    };
    const press = async (somebody: Visitor) => {
      await somebody.context.setOffline(true);
      await somebody.hold();
      await somebody.ownCallIs("retrying");
    };

    const caller = await enter();
    await pageIsKept(caller);
    await caller.context.setOffline(true);
    await expect(caller.page.getByTestId("no-connection")).toBeVisible();
    await show(caller, "no-connection");
    await press(caller);
    await show(caller, "own-kept");
    await age(caller, 11);
    await caller.page.reload();
    await caller.ownCallIs("unsent");
    await show(caller, "own-unsent");
    await caller.page.getByTestId("discard").click();
    await press(caller);
    const next = await caller.newTab();
    await close(caller);
    await caller.context.setOffline(false);
    await (await worker(caller)).evaluate(() => (self as unknown as { deliver(): Promise<void> }).deliver());
    await caller.context.setOffline(true);
    await next.open("/");
    await next.ownCallIs("delivered");
    await show(next, "own-delivered");
    await next.page.evaluate(async () => {
      const name = (await caches.keys()).find((name) => name.startsWith("iutsai-files-"))!;
      await (await caches.open(name)).put("/pkg/iutsai_bg.wasm", new Response("", { status: 500 }));
    });
    await next.page.reload();
    await expect(next.page.locator(".of-kept-page")).toBeVisible();
    await show(next, "kept-not-awake");
    await next.button.click();
    await expect(next.page.getByTestId("no-answer")).toBeVisible();
    await show(next, "no-answer");
    await next.context.close();
    await office.endCalls();

    const forbidden = await enter((somebody) =>
      somebody.context.addInitScript(() => {
        indexedDB.open = () => {
          throw new DOMException("not here", "SecurityError");
        };
      }),
    );
    await press(forbidden);
    await show(forbidden, "own-kept-by-page");
    await forbidden.context.close();

    const signedOut = await enter();
    await signedOut.context.clearCookies();
    await signedOut.hold();
    await signedOut.ownCallIs("sign-in");
    await show(signedOut, "own-sign-in");
    await signedOut.context.close();
    await office.endCalls();
  }
});

async function picture(
  { page }: Visitor,
  what: string,
  { colorScheme, viewport: { width } }: (typeof LOOKS)[number],
  language: string,
): Promise<void> {
  const path = join(DIRECTORY, `${what}-${width}-${colorScheme}-${language}.png`);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}
