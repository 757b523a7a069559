// An administrator imports houses, invites one and locks an account, and a resident joins by the card.

import { isAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

const PAGE = "/admin/people";
const TABLE = "동,라인,호,이웃라인\n107,107-1,101,101-1\n107,107-1,102,\n107,107-2,101,107-1\n";

test("houses are imported after a preview, and a faulty table is shown with its lines", async ({ visitor }) => {
  const admin = await visitor("admin");
  admin.expects(/status of 422/);
  await admin.open(PAGE);
  await admin.page.getByTestId("import").click();
  await isAccessible(admin, "the form for a table");
  await admin.page.locator("textarea[name=csv]").fill("라인,호\n107-1,101\n107-1,10/1\n107-1,101\n");
  await admin.page.locator("main form button").click();
  await expect(admin.page.getByTestId("faults")).toContainText("3번째 줄");
  await expect(admin.page.getByTestId("faults")).toContainText("4번째 줄");
  await isAccessible(admin, "a faulty table");

  const file = { name: "houses.csv", mimeType: "text/csv", buffer: Buffer.from(TABLE) };
  await admin.page.locator("input[type=file]").setInputFiles(file);
  await admin.page.locator("main form button").click();
  await expect(admin.page.getByTestId("new-lines")).toContainText("2");
  await expect(admin.page.getByTestId("new-houses")).toContainText("3");
  await isAccessible(admin, "a preview");
  await admin.page.getByTestId("confirm").click();
  await expect(admin.page.getByTestId("done")).toContainText("3");
  await expect(admin.page.getByTestId("lines")).toContainText("107-2 라인");
  await isAccessible(admin, "the lines");
});

test("an invited house joins by its card, and its account is locked within seconds", async ({ visitor, stranger }) => {
  const admin = await visitor("admin", { javaScriptEnabled: false });
  await admin.open(`${PAGE}/import`);
  await admin.page.locator("textarea[name=csv]").fill("line,house\n101-1,1501\n");
  await admin.page.locator("main form button").click();
  await admin.page.getByTestId("confirm").click();
  await admin.open(`${PAGE}?line=101-1`);
  const house = admin.page.locator("[data-testid=house][data-house='1501']");
  await house.getByTestId("invite").click();
  await expect(admin.page.getByTestId("card")).toHaveCount(1);
  await expect(admin.page.getByTestId("card")).toContainText("1501호");
  await expect(admin.page.locator("svg.qr")).toBeVisible();
  const code = await admin.page.getByTestId("code").innerText();

  const kim = await stranger({ viewport: { width: 390, height: 844 } });
  kim.expects(/status of 409/);
  await kim.open("/join");
  await kim.page.locator("input[name=code]").fill(code.toLowerCase());
  await kim.page.locator("main form button").click();
  await expect(kim.page.getByTestId("join")).toContainText("1501호");
  await isAccessible(kim, "an invitation");
  const fill = async (name: string) => {
    await kim.page.locator("input[name=name]").fill(name);
    await kim.page.locator("input[name=password]").fill("correct horse");
    await kim.page.locator("input[name=consent]").check();
    await kim.page.locator("main form button").click();
  };
  await fill("resident-1203");
  await expect(kim.page.getByRole("alert")).toContainText("이미 쓰고 있는 아이디");
  await fill("kim-1501");
  await kim.isConnected();

  kim.expects(/status of 401|WebSocket/);
  await admin.open(`${PAGE}?line=101-1`);
  const person = admin.page.locator("[data-testid=person][data-name='kim-1501']");
  await person.locator("summary").first().click();
  await person.getByTestId("lock").click();
  await expect(admin.page.getByTestId("done")).toContainText("kim-1501");
  await expect(kim.connection).not.toHaveAttribute("data-state", "connected");

  const late = await stranger();
  late.expects(/status of 410/);
  await late.open(`/join/${code}`);
  await expect(late.page.getByRole("alert")).toContainText("이미 쓴 초대장");
});

test("a line that still has residents stays, with the reason", async ({ visitor }) => {
  const admin = await visitor("admin");
  await admin.open(`${PAGE}?line=101-2`);
  await admin.page.locator("details.act", { has: admin.page.getByTestId("remove-line") }).locator("summary").click();
  await admin.page.getByTestId("remove-line").click();
  await expect(admin.page.getByTestId("problem")).toContainText("101-2");
  await expect(admin.page.locator("[data-testid=house][data-house='501']")).toBeVisible();
  await isAccessible(admin, "a line that stays");
});

test("eight cards are one sheet of A4", async ({ visitor }) => {
  const admin = await visitor("admin");
  const rows = Array.from({ length: 8 }, (_, number) => `108-1,${number + 101}`);
  await admin.open(`${PAGE}/import`);
  await admin.page.locator("textarea[name=csv]").fill(`line,house\n${rows.join("\n")}\n`);
  await admin.page.locator("main form button").click();
  await admin.page.getByTestId("confirm").click();
  await admin.open(`${PAGE}?line=108-1`);
  await admin.page.getByTestId("invite-line").click();
  await expect(admin.page.getByTestId("card")).toHaveCount(8);
  await isAccessible(admin, "cards");
  await admin.page.emulateMedia({ media: "print" });
  const paper = await admin.page.pdf({ format: "A4", preferCSSPageSize: true });
  expect(paper.toString("latin1").match(/\/Type\s*\/Page(?!s)/g)).toHaveLength(1);
});

test("a resident reads whose page it is", async ({ visitor }) => {
  const caller = await visitor("resident-1203");
  caller.expects(/status of 403/);
  await caller.open(PAGE);
  await expect(caller.page.getByTestId("administrators-only")).toBeVisible();
  await expect(caller.page.getByTestId("lines")).toHaveCount(0);
});
