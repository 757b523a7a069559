// Signing in by a housing service. Each test has a service and a program of its own.

import { isAccessible } from "../support/axe.ts";
import { expect, test as base } from "../support/fixtures.ts";
import { HousingService } from "../support/housing.ts";
import { Program } from "../support/program.ts";

const test = base.extend<{ service: HousingService; own: Program }>({
  service: async ({}, use) => {
    const service = await HousingService.started("resident-1204");
    await use(service);
    await service.close();
  },

  own: async ({ everybody, service }, use) => {
    const own = await Program.started();
    // The program must know the address at which browsers reach it, and only its first start chooses the port.
    await own.stop();
    await own.start(service.settings(own.origin));
    await use(own);
    // Pages that were still open would complain of a server that is gone.
    for (const visitor of everybody) {
      await visitor.context.close();
    }
    await own.end();
  },
});

test("a resident signs in by the housing service, and goes on to the wanted page and the home page", async ({
  stranger,
  service,
  own,
}) => {
  const somebody = await stranger({ origin: own.origin });
  await somebody.open("/call?kind=fire");
  const button = somebody.page.getByTestId("by-service");
  await expect(button).toHaveText("우리집 앱 계정으로 로그인");
  await isAccessible(somebody, "the sign-in page with a housing service");

  await button.click();
  expect(new URL(somebody.page.url()).origin).toBe(service.origin);
  await somebody.page.locator("#no").click();
  await expect(somebody.page.getByRole("alert")).toContainText("로그인을 취소했어요");
  await somebody.page.getByTestId("by-service").click();
  await somebody.page.locator("#yes").click();

  await expect(somebody.page).toHaveURL(`${own.origin}/call?kind=fire`);
  await expect(somebody.page.getByText("1204호에서 요청해요")).toBeVisible();
  await somebody.goHome();
  const cookies = (await somebody.context.cookies(own.origin)).filter(({ name }) => name !== "lang");
  expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([
    { name: "iutsai-session", httpOnly: true, sameSite: "Lax" },
  ]);
});

test("a resident whose housing service is away reads so, and signs in with the password", async ({
  stranger,
  service,
  own,
}) => {
  const somebody = await stranger({ origin: own.origin });
  await service.close();
  await somebody.open("/sign-in");
  await somebody.page.getByTestId("by-service").click();
  await expect(somebody.page.getByRole("alert")).toContainText("아이디와 비밀번호로 로그인해 주세요");

  await somebody.signIn("resident-1204", "neighbour");

  await expect(somebody.page).toHaveURL(`${own.origin}/`);
  await somebody.isConnected();
});
