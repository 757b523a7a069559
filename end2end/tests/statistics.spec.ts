// The numbers of the management office. An administrator sees them after residents pressed, nobody else does, and
// addresses, tables and paper show the same figures.

import { NO_NETWORK } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { Program } from "../support/program.ts";
import type { Visitor } from "../support/visitor.ts";

const PAGE = "/admin/statistics";
/** The page asks every 15 seconds whether its numbers have changed (public/statistics.js). */
const ASKED_EVERY = "00:15";

// These tests are about calls that people make here, and not about those of the demo's past.
test.beforeEach(async ({ program }) => {
  await program.run("statistics", "remove-demo");
});

/** The number of a tile. */
async function number(visitor: Visitor, tile: string): Promise<number> {
  const words = await visitor.page.getByTestId(tile).locator(".value").innerText();
  return Number(/\d+/.exec(words)![0]);
}

/* Opens the page again until it shows this number of calls, because they are counted a moment after they are recorded.
  */
async function untilCalls(visitor: Visitor, calls: number, query = ""): Promise<void> {
  await expect(async () => {
    await visitor.open(`${PAGE}${query}`);
    expect(await number(visitor, "kpi-calls")).toBe(calls);
  }).toPass({ timeout: 60_000 });
}

/** The rows of a table of comma-separated values. None of the cells here has a comma. */
async function rowsOf(visitor: Visitor, address: string): Promise<string[][]> {
  const answer = await visitor.context.request.get(`${visitor.origin}${address}`);
  expect(answer.status()).toBe(200);
  const text = await answer.text();
  expect(text.startsWith("\u{feff}")).toBe(true);
  return text.slice(1).trimEnd().split("\r\n").map((row) => row.split(","));
}

test("a demo shows a past at once and names it, until a command removes it", async ({ stranger }) => {
  const program = await Program.started();
  try {
    const admin = await stranger({ origin: program.origin, viewport: { width: 320, height: 640 } });
    await admin.enter("admin");
    for (const query of ["", "?period=90d"]) {
      await admin.open(`${PAGE}${query}`);
      expect(await number(admin, "kpi-calls"), query).toBeGreaterThan(8);
      expect(await admin.page.evaluate(() => document.documentElement.scrollWidth), query).toBeLessThanOrEqual(320);
      await expect(admin.page.getByText("체험용 요청이 섞여 있어요")).toBeVisible();
    }
    await admin.open(`${PAGE}?period=last-month`);
    await admin.page.emulateMedia({ media: "print" });
    const paper = await admin.page.pdf({ format: "A4", preferCSSPageSize: true });
    expect(paper.toString("latin1").match(/\/Type\s*\/Page(?!s)/g)).toHaveLength(1);
    await admin.page.emulateMedia({ media: "screen" });

    expect(await program.run("statistics", "remove-demo")).toContain("removed 82 calls that never happened");
    await admin.open(`${PAGE}?period=90d`);
    expect(await number(admin, "kpi-calls")).toBe(0);
    await expect(admin.page.getByText("체험용 요청이 섞여 있어요")).toHaveCount(0);
    await admin.context.close();
  } finally {
    await program.end();
  }
});

test("an administrator comes from home to the numbers, and a call changes them without a reload", async ({
  resident,
  visitor,
}) => {
  const admin = await visitor("admin");
  await admin.page.clock.install();
  await admin.goHome();
  await admin.page.getByTestId("statistics").click();
  await expect(admin.page).toHaveURL(`${admin.origin}${PAGE}`);
  await expect(admin.page.getByTestId("verdict")).toBeVisible();
  const before = await number(admin, "kpi-calls");

  const neighbour = await resident("resident-1204");
  const caller = await resident("resident-1203");
  const call = await caller.call({ kind: "medical" });
  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");

  // A table that was opened stays open.
  const table = admin.page.locator("#over-time-table");
  await table.locator("summary").click();
  await expect(async () => {
    await admin.page.clock.fastForward(ASKED_EVERY);
    expect(await number(admin, "kpi-calls")).toBe(before + 1);
  }).toPass({ timeout: 90_000 });
  await expect(table).toHaveAttribute("open", "");
  await expect(admin.page.getByTestId("kinds")).toContainText("응급 환자");
  await expect(admin.page.getByTestId("verdict")).toContainText("이웃이 나");
});

test("a call that waits is not counted as one to which nobody came", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const admin = await visitor("admin");
  await admin.open(PAGE);
  const [calls, nobody] = [await number(admin, "kpi-calls"), await number(admin, "kpi-nobody")];
  await caller.call();
  await untilCalls(admin, calls + 1);
  expect(await number(admin, "kpi-nobody")).toBe(nobody);
  await expect(admin.page.getByTestId("verdict")).toContainText("기다");
});

test("a resident reads whose page it is, and gets no number from anywhere", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  caller.expects(/status of 403/);
  const answer = (await caller.page.goto(`${caller.origin}${PAGE}`))!;
  expect(answer.status()).toBe(403);
  await expect(caller.page.getByTestId("administrators-only")).toContainText("관리사무소의 화면이에요");
  await expect(caller.page.getByTestId("numbers")).toHaveCount(0);
  for (const address of ["/api/statistics", "/api/statistics.csv", "/api/incidents.csv"]) {
    const refused = await caller.context.request.get(`${caller.origin}${address}`);
    expect([refused.status(), refused.headers()["content-type"]], address).toEqual([403, "application/problem+json"]);
  }
  await caller.goHome();
  await expect(caller.page.getByTestId("statistics")).toHaveCount(0);
});

test("a stranger signs in first and comes back to the same question", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.open(`${PAGE}?period=7d&kind=fire`);
  await expect(somebody.page).toHaveURL(/\/sign-in\?next=/);
  await somebody.signIn("admin", "neighbour");
  await expect(somebody.page).toHaveURL(`${somebody.origin}${PAGE}?period=7d&kind=fire`);
  await expect(somebody.page.locator("select[name=kind]")).toHaveValue("fire");
});

test("without JavaScript, the question is in the address and the form keeps it", async ({ visitor }) => {
  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open(PAGE);
  await admin.page.locator("select[name=line]").selectOption("101-1");
  await admin.page.locator("input[name=from]").fill("2026-01-01");
  await admin.page.locator("input[name=until]").fill("2026-01-31");
  await admin.page.locator("form.filters button").click();
  const { searchParams } = new URL(admin.page.url());
  const asked = { from: "2026-01-01", until: "2026-01-31", line: "101-1", kind: "" };
  expect(Object.fromEntries(searchParams)).toEqual(asked);
  await expect(admin.page.getByRole("heading", { level: 1 })).toHaveText("2026년 1월");
  await expect(admin.page.getByTestId("as-of")).toContainText("2025년 12월");
  await expect(admin.page.locator("select[name=line]")).toHaveValue("101-1");
  // The table behind a chart needs no script.
  await admin.page.locator("#over-time-table summary").click();
  await expect(admin.page.locator("#over-time-table tbody tr")).toHaveCount(31);

  await admin.page.locator("nav.presets a").nth(2).click();
  await expect(admin.page).toHaveURL(/period=this-month&line=101(-|%2D)1$/);
  await expect(admin.page.locator("nav.presets [aria-current]")).toHaveText("이번 달");
});

test("a question that makes no sense is answered beside the form, which keeps it", async ({ visitor }) => {
  const admin = await visitor("admin");
  admin.expects(/status of 422/);
  await admin.open(`${PAGE}?from=2026-02-30&until=2026-03-01&kind=fire`);
  await expect(admin.page.getByRole("alert")).toContainText("시작일");
  await expect(admin.page.locator("input[name=from]")).toHaveValue("2026-02-30");
  await expect(admin.page.locator("input[name=from]")).toHaveAttribute("aria-invalid", "true");
  await expect(admin.page.locator("select[name=kind]")).toHaveValue("fire");
  await admin.open(`${PAGE}?from=2026-03-02&until=2026-03-01`);
  await expect(admin.page.getByRole("alert")).toContainText("종료일이 시작일보다 앞서요");
});

test("page, JSON and tables show the same figures", async ({ resident, visitor }) => {
  const admin = await visitor("admin");
  await admin.open(`${PAGE}?period=7d`);
  const before = await number(admin, "kpi-calls");
  await (await resident("resident-1203")).call({ kind: "fire" });
  await untilCalls(admin, before + 1, "?period=7d");

  const json = await (await admin.context.request.get(`${admin.origin}/api/statistics?period=7d`)).json();
  expect(json.calls).toBe(before + 1);
  const href = async (id: string) => (await admin.page.getByTestId(id).getAttribute("href"))!;
  const figures = await rowsOf(admin, await href("statistics-csv"));
  expect(figures[0]).toEqual(["figure", "group", "value", "previous"]);
  const value = (figure: string, group: string) =>
    figures.find(([one, other]) => one === figure && other === group)?.[2];
  expect(value("calls", "")).toBe(String(json.calls));
  expect(value("by_kind", "fire")).toBe(String(json.by_kind.fire));
  expect(value("to_first_accept_ms", "p50")).toBe(String(json.to_first_accept_ms.p50 ?? ""));
  const calls = await rowsOf(admin, await href("incidents-csv"));
  const drill = calls[0]!.indexOf("drill");
  expect(calls.slice(1).filter((call) => call[drill] === "false")).toHaveLength(json.calls);
  const sums = await admin.page.locator("#over-time-table tfoot td").allTextContents();
  expect(sums).toEqual([json.calls, json.accepted, json.taken_back, json.waiting, json.nobody_came].map(String));
});

test("a month is printed on one page of A4, with the month before", async ({ visitor }) => {
  const admin = await visitor("admin");
  await admin.open(`${PAGE}?period=this-month`);
  await admin.page.emulateMedia({ media: "print" });
  await expect(admin.page.locator("form.filters")).toBeHidden();
  await expect(admin.page.getByTestId("kpi-nobody")).toContainText("앞 기간");
  const paper = await admin.page.pdf({ format: "A4", preferCSSPageSize: true });
  expect(paper.toString("latin1").match(/\/Type\s*\/Page(?!s)/g)).toHaveLength(1);
});

test("nothing on the page is wider than a small phone", async ({ visitor }) => {
  const admin = await visitor("admin", { viewport: { width: 320, height: 640 } });
  for (const query of ["", "?period=90d"]) {
    await admin.open(`${PAGE}${query}`);
    expect(await admin.page.evaluate(() => document.documentElement.scrollWidth), query).toBeLessThanOrEqual(320);
  }
});

test("a page whose server does not answer says that its numbers may be old", async ({ visitor }) => {
  const admin = await visitor("admin");
  await admin.page.clock.install();
  await admin.open(PAGE);
  await expect(admin.page.locator("#stale")).toBeHidden();
  admin.expects(NO_NETWORK);
  await admin.context.setOffline(true);
  await admin.page.clock.fastForward(ASKED_EVERY);
  await expect(admin.page.locator("#stale")).toBeVisible();
  await admin.context.setOffline(false);
  await admin.page.clock.fastForward(ASKED_EVERY);
  await expect(admin.page.locator("#stale")).toBeHidden();
});
