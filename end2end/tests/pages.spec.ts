// Properties of every page. Another one, that none writes an error to the console, is checked after every test
// (support/fixtures.ts).

import { expect, test } from "../support/fixtures.ts";

test("every page brings a policy that lets no foreign script in, and obeys it", async ({
  resident,
  stranger,
  visitor: signedIn,
}) => {
  const somebody = await stranger();
  const neighbour = await resident("resident-1204");
  const admin = await signedIn("admin");
  const call = await (await resident("resident-1203")).call();
  for (const [visitor, path, status] of [
    [somebody, "/sign-in", 200],
    [neighbour, "/", 200],
    [neighbour, "/call", 200],
    [neighbour, `/call/${call}`, 200],
    [admin, "/admin/statistics", 200],
    [neighbour, "/nowhere", 404],
  ] as const) {
    if (status === 404) {
      // The browser itself reports the page's status.
      visitor.expects(/status of 404 .*\/nowhere\)$/);
    }
    await visitor.page.addInitScript(() => {
      const broken: string[] = [];
      Object.assign(window, { broken });
      document.addEventListener("securitypolicyviolation", (event) =>
        broken.push(`${event.effectiveDirective} ${event.blockedURI}`),
      );
    });
    const answer = (await visitor.page.goto(`${visitor.origin}${path}`))!;
    expect(answer.status(), path).toBe(status);
    const policy = answer.headers()["content-security-policy"] ?? "";
    expect(policy, path).toContain("default-src 'none'");
    expect(policy, path).toMatch(/script-src 'self' 'nonce-[^']{16,}' 'wasm-unsafe-eval'/);
    expect(policy, path).not.toContain("unsafe-inline");
    expect(answer.headers()["cache-control"], path).toBe("no-store");
    await expect(visitor.page.getByRole("heading", { level: 1 })).toHaveCount(1);
    if (path === "/") {
      await visitor.isConnected();
    }
    expect(await visitor.page.evaluate(() => (window as unknown as { broken: string[] }).broken), path).toEqual([]);
  }
  // A script that somebody got into a page would do nothing.
  neighbour.expects(/Content Security Policy|content security policy/i);
  await neighbour.open("/");
  await neighbour.page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'pwned'";
    document.body.append(script);
  });
  await expect(neighbour.page).not.toHaveTitle("pwned");
  expect(
    await neighbour.page.evaluate(() => (window as unknown as { broken: string[] }).broken),
    "and the test would notice",
  ).toEqual(["script-src-elem inline"]);
});

test("an unknown address is a page that explains it", async ({ stranger }) => {
  const somebody = await stranger();
  somebody.expects(/status of 404 .*\/nowhere\)$/);
  await somebody.open("/nowhere");
  await expect(somebody.page.getByRole("heading", { name: "찾는 화면이 없어요" })).toBeVisible();
});

test("the page fits a small phone: nothing is wider than the screen", async ({ resident }) => {
  const viewport = { width: 320, height: 640 };
  const caller = await resident("resident-1203", { viewport });
  const neighbour = await resident("resident-1204", { viewport });
  const call = await caller.call({ kind: "medical", text: "가".repeat(300) + "w".repeat(300) });
  await neighbour.incident(call).getByTestId("accept").click();
  await caller.ownCallIs("coming");
  for (const { page } of [caller, neighbour]) {
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
  }
  for (const path of ["/call", `/call/${call}`]) {
    await caller.open(path);
    expect(await caller.page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(
      viewport.width,
    );
  }
});
