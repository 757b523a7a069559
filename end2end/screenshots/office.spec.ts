// Pictures of the pages of the office.

import { join } from "node:path";

import { YARD } from "../support/places.ts";
import { Program } from "../support/program.ts";
import { codeOf } from "../support/totp.ts";
import type { Visitor } from "../support/visitor.ts";
import { DIRECTORY, LOOKS, expect, test } from "./look.ts";

test("pictures of the numbers", async ({ enter, picture, language }) => {
  for (const look of LOOKS) {
    const admin = await enter("admin", look);
    await picture(admin, "home-administrator", look);
    await admin.open("/admin/statistics?period=90d");
    await picture(admin, "statistics", look);
    await admin.open("/admin/statistics?period=this-month");
    for (const details of await admin.page.locator("details").all()) {
      await details.locator("summary").click();
    }
    await picture(admin, "statistics-tables", look);
    admin.expects(/status of 422/);
    await admin.open("/admin/statistics?from=2026-02-30");
    await picture(admin, "statistics-invalid", look);
    const resident = await enter("resident-1203", look);
    resident.expects(/status of 403/);
    await resident.open("/admin/statistics");
    await picture(resident, "statistics-resident", look);
    await admin.context.close();
    await resident.context.close();
  }
  // On paper, as wide as A4 without its margins.
  const look = { colorScheme: "light", viewport: { width: 726, height: 1054 } } as const;
  const admin = await enter("admin", look);
  await admin.open("/admin/statistics?period=last-month");
  await admin.page.emulateMedia({ media: "print" });
  const path = join(DIRECTORY, `statistics-print-${language}.png`);
  await admin.page.screenshot({ path, fullPage: true, animations: "disabled" });
  await admin.page.pdf({ path: join(DIRECTORY, `statistics-print-${language}.pdf`), preferCSSPageSize: true });
});

test("pictures of drills, of the seconds of undo, and of past calls", async ({ enter, picture, office }) => {
  for (const look of LOOKS) {
    const caller = await enter("resident-1203", look);
    const neighbour = await enter("resident-1204", look);
    const admin = await enter("admin", look);
    await neighbour.arm();
    await admin.open("/admin/drills?line=101-1");
    await admin.page.getByTestId("start-drill").getByRole("button").click();
    await picture(admin, "drills", look);
    await admin.page.getByTestId("done").getByTestId("watch").click();
    await expect(neighbour.page.locator("[data-drill=true]").first()).toBeVisible();
    await picture(neighbour, "drill", look);
    await office.endCalls();
    await expect(neighbour.alarm).toHaveCount(0);

    await caller.call();
    await expect(caller.page.getByTestId("undo")).toBeVisible();
    await picture(caller, "undo", look);
    await caller.ownCallIs("reached");
    await caller.page.getByTestId("ledger").locator("summary").click();
    await caller.page.getByTestId("write-note").click();
    await picture(caller, "own-ledger", look);
    await caller.page.getByTestId("cancel").click();
    await caller.ownCallIs("ended");

    const device = await caller.newTab();
    await device.open("/devices");
    await device.page.getByTestId("practise").click();
    await device.ownCallIs("practice");
    await picture(device, "practice-page", look);
    await caller.ownCallIs("practice");
    await picture(caller, "practice", look);
    await device.open("/calls");
    await picture(device, "past-calls", look);
    await admin.open("/calls?line=101-1");
    await picture(admin, "past-calls-office", look);
    for (const somebody of [caller, neighbour, admin]) await somebody.context.close();
    await office.endCalls();
  }
});

test("pictures of the people", async ({ guest, enter, picture, language }) => {
  const houses = Array.from({ length: 8 }, (_, number) => `108,108-1,${number + 101}`).join("\n");
  for (const [index, look] of LOOKS.entries()) {
    const admin = await enter("admin", look);
    admin.expects(/status of 4\d\d/);
    const send = async (table: string) => {
      await admin.open("/admin/people/import");
      await admin.page.locator("textarea[name=csv]").fill(table);
      await admin.page.locator("main form button").click();
    };
    await send("line,house\n108-1,10/1\n,101\n");
    await picture(admin, "people-import-faults", look);
    await send(`building,line,house\n${houses}\n108,108-1,2${index}1\n`);
    await picture(admin, "people-import-preview", look);
    await admin.page.getByTestId("confirm").click();
    await picture(admin, "people-lines", look);
    await admin.open("/admin/people?line=101-1");
    await admin.page.getByTestId("person").first().locator("summary").first().click();
    await picture(admin, "people-line", look);
    await admin.open("/admin/people?line=108-1");
    await admin.page.getByTestId("invite-line").click();
    await picture(admin, "people-cards", look);
    const code = await admin.page.getByTestId("code").first().innerText();
    if (index === 0) {
      const path = join(DIRECTORY, `people-cards-print-${language}.pdf`);
      await admin.page.pdf({ path, format: "A4", preferCSSPageSize: true });
    }
    const kim = await guest(look);
    kim.expects(/status of 410/);
    await kim.open(`/join/${code}`);
    await picture(kim, "join", look);
    await kim.open("/join/0000-0000-0000");
    await picture(kim, "join-unknown", look);
    await admin.context.close();
    await kim.context.close();
  }
});

test("pictures of the records", async ({ enter, picture }) => {
  for (const look of LOOKS) {
    const admin = await enter("admin", look);
    admin.expects(/status of 422/);
    await admin.open("/admin/audit");
    await picture(admin, "audit", look);
    await admin.open("/admin/audit?act=locked&who=nobody");
    await picture(admin, "audit-nothing", look);
    await admin.open("/admin/audit?from=yesterday");
    await picture(admin, "audit-invalid", look);
    await admin.open("/admin/audit");
    const form = admin.page.getByTestId("check");
    if (await form.count()) {
      await form.getByRole("button").click();
    }
    await picture(admin, "audit-signed", look);
    await admin.context.close();
  }
});

test("pictures of signing in with a second factor", async ({ guest, picture }) => {
  for (const look of LOOKS) {
    const own = await Program.started({ IUTSAI_REQUIRE_SECOND_FACTOR: "1" });
    const admin = await guest({ ...look, origin: own.origin });
    const show = (what: string) => picture(admin, what, look);
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
    const resident = await guest({ ...look, origin: own.origin });
    await resident.open("/sign-in");
    await resident.signIn("resident-1203", "neighbour");
    await resident.open("/me/sign-in");
    await picture(resident, "my-sign-in", look);
    await admin.context.close();
    await resident.context.close();
    await own.end();
  }
});

test("pictures of the board", async ({ enter, picture, text, office, program }) => {
  const viewport = { width: 1920, height: 1080 };
  const looks = [...LOOKS, ...(["light", "dark"] as const).map((colorScheme) => ({ colorScheme, viewport }))];
  const caller = await enter("resident-1203", { place: YARD });
  const neighbour = await enter("resident-1204");
  const upstairs = await enter("resident-1301", { place: { ...YARD, latitude: YARD.latitude - 0.0004 } });
  const boards: Visitor[] = [];
  for (const look of looks) {
    const admin = await enter("admin", look);
    await admin.open("/admin/board");
    await expect(admin.page.getByTestId("board-ready")).toHaveAttribute("data-state", "connected");
    await picture(admin, "board-empty", look);
    boards.push(admin);
  }
  const call = await caller.call({ kind: "medical", text });
  await upstairs.call({ kind: "fire" });
  await neighbour.incident(call).getByTestId("accept").click();
  for (const [index, look] of looks.entries()) {
    const { page } = boards[index]!;
    await expect(page.getByTestId("board-call")).toHaveCount(2);
    await expect(page.getByTestId("board-who").last()).toContainText("1204");
    await picture(boards[index]!, "board-two-calls", look);
  }
  [caller, neighbour, upstairs, ...boards].forEach((somebody) => somebody.expects(/./));
  await program.stop();
  for (const [index, look] of looks.entries()) {
    await expect(boards[index]!.page.getByTestId("board-stale")).toBeVisible({ timeout: 30_000 });
    await picture(boards[index]!, "board-not-connected", look);
  }
  await program.start();
  for (const [index, look] of looks.entries()) {
    const { page } = boards[index]!;
    await boards[index]!.open("/admin/board/displays");
    await picture(boards[index]!, "displays", look);
    await page.locator("input[name=name]").fill(text);
    await page.getByTestId("make-display").click();
    await expect(page.getByTestId("display-link")).toBeVisible();
    await picture(boards[index]!, "display-made", look);
  }
  await office.endCalls();
});
