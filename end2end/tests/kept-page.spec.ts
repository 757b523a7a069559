// The page that the service worker keeps. It is there without a network, whole and of one version, and gone after
// signing out. Where there is none, the worker states plainly that nothing was sent.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { NO_NETWORK, cacheNames, isAlarmedOnce, kept, loseNetwork, pageIsKept, worker } from "../support/device.ts";
import { expect, test } from "../support/fixtures.ts";
import { Program, programPath } from "../support/program.ts";
import type { Visitor } from "../support/visitor.ts";

test("without a network the page is there after a reload, and its button keeps a press", async ({ resident }) => {
  const caller = await resident("resident-1203");
  const neighbour = await resident("resident-1204");
  await neighbour.arm();
  await pageIsKept(caller);
  await loseNetwork(caller);

  await caller.page.reload();

  await expect(caller.page.locator("html[data-hydrated][data-kept]")).toBeAttached();
  await expect(caller.connection).toHaveAttribute("data-state", "waiting");
  await expect(caller.page.getByTestId("no-connection")).toBeVisible();
  await expect(caller.page.locator(".page-header .flat")).toHaveText("101-1 라인 · 1203호");
  await caller.say({ kind: "fire", text: "연기가 나요" });
  await caller.hold();
  await caller.ownCallIs("retrying");
  await expect(caller.callState).toContainText("이 기기에 보관했고");
  await caller.page.reload();
  await caller.ownCallIs("retrying");
  const [press, ...others] = await kept(caller);
  expect(others).toEqual([]);

  const recorded = caller.recorded();
  await caller.context.setOffline(false);
  expect(await recorded).toBe(press!.key);
  await caller.ownCallIs("reached");
  await expect(neighbour.incident(press!.key)).toContainText("연기가 나요");
  await isAlarmedOnce(neighbour, press!.key);
});

test("a kept page speaks the language that was chosen since", async ({ resident }) => {
  const caller = await resident("resident-1203");
  await pageIsKept(caller);
  await caller.page.getByTestId("locale").click();
  await expect(caller.page.locator("html")).toHaveAttribute("lang", "en");
  await loseNetwork(caller);

  await caller.page.reload();

  await expect(caller.page.locator("html[data-kept]")).toHaveAttribute("lang", "en");
  await expect(caller.button).toContainText("Call for help");
});

test("a server that is slow to bring the page does not keep the button away", async ({ resident }) => {
  const caller = await resident("resident-1203");
  await pageIsKept(caller);
  caller.expects(NO_NETWORK);
  await caller.context.route(`${caller.origin}/`, async (route) => {
    await new Promise((later) => setTimeout(later, 8_000));
    await route.continue();
  });

  const begun = Date.now();
  await caller.page.reload();
  await expect(caller.page.locator("html[data-kept]")).toBeAttached();

  expect(Date.now() - begun, "the page did not wait for the server").toBeLessThan(8_000);
  await caller.isConnected();
  await caller.context.unrouteAll({ behavior: "ignoreErrors" });
});

test("after signing out nothing of the page is kept", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.enter("resident-1203");
  await pageIsKept(somebody);
  somebody.expects(/401|WebSocket connection to/);

  await somebody.page.getByTestId("sign-out").click();
  await expect(somebody.page).toHaveURL(`${somebody.origin}/sign-in`);

  expect(await cacheNames(somebody)).not.toContain("iutsai-page");
  await loseNetwork(somebody);
  somebody.expects(/status of 503/);
  await somebody.open("/");
  await expect(somebody.page.getByTestId("no-answer")).toContainText("지금은 이 화면을 열 수 없습니다");
  await expect(somebody.page.locator("body")).not.toContainText("1203");
});

test("whoever was signed out from afar is not kept either", async ({ stranger }) => {
  const somebody = await stranger();
  await somebody.enter("resident-1203");
  await pageIsKept(somebody);
  somebody.expects(/401|WebSocket connection to/);

  // The session ends without this browser's doing.
  await somebody.context.request.delete(`${somebody.origin}/api/session`);
  await expect(somebody.connection).toHaveAttribute("data-state", "signed-out");

  await expect.poll(() => cacheNames(somebody)).not.toContain("iutsai-page");
});

test("new files take the place of the old ones all at once, and never those of a page of another version", async ({
  stranger,
}) => {
  test.setTimeout(240_000);
  const site = await mkdtemp(join(tmpdir(), "iutsai-site-"));
  await cp(join(dirname(programPath()), "site"), site, { recursive: true });
  const program = await Program.started({ IUTSAI_SITE_DIR: site });
  try {
    const somebody = await stranger({ origin: program.origin });
    somebody.expects(NO_NETWORK);
    await somebody.enter("resident-1203");
    const before = await pageIsKept(somebody);
    await isWhole(somebody, before);

    // New files under a program that still renders pages for the old ones.
    await change(site);
    await somebody.reload();
    await expect.poll(async () => (await cacheNames(somebody)).length).toBe(2);
    expect(await pageIsKept(somebody)).toBe(before);
    await isWhole(somebody, before);

    await program.stop();
    await program.start();
    await somebody.reload();
    await expect.poll(() => pageIsKept(somebody)).not.toBe(before);
    const after = await pageIsKept(somebody);
    await expect.poll(async () => (await cacheNames(somebody)).sort()).toEqual([`iutsai-files-${after}`, "iutsai-page"]);
    await isWhole(somebody, after);
    await somebody.context.setOffline(true);
    somebody.expects(NO_NETWORK);
    await somebody.page.reload();
    await expect(somebody.page.locator("html[data-hydrated][data-kept]")).toBeAttached();
    await somebody.context.close();
  } finally {
    await program.end();
    await rm(site, { recursive: true });
  }
});

test("a form that cannot be sent is answered with 119 and can be sent again, as the same call", async ({
  visitor,
  resident,
}) => {
  const neighbour = await resident("resident-1204");
  const caller = await visitor("resident-1203");
  await caller.blockWasm();
  await caller.open("/call?kind=fire&text=%22%3Cb%3E%22");
  await worker(caller);
  // The first page came past the worker.
  await caller.page.reload();
  const key = await caller.page.locator("input[name=idempotencyKey]").inputValue();
  caller.expects(NO_NETWORK);
  caller.expects(/status of 503/);
  await caller.context.setOffline(true);

  await caller.page.getByTestId("alert-confirm").click();

  const answer = caller.page.getByTestId("no-answer");
  await expect(answer.getByRole("heading", { name: "도움 요청을 보내지 못했습니다" })).toBeVisible();
  await expect(answer).toContainText("Your call for help was NOT sent");
  await expect(caller.page.getByRole("link", { name: "119" })).toHaveAttribute("href", "tel:119");
  await caller.context.setOffline(false);
  await caller.page.getByRole("button", { name: "다시 하기" }).click();
  await expect(caller.page).toHaveURL(`${caller.origin}/call/${key}`);
  await expect(neighbour.incident(key)).toContainText('"<b>"');
});

test("without a network and without wasm the kept page's form leads to 119 and to no error of the browser", async ({
  visitor,
}) => {
  const caller = await visitor("resident-1203", { reducedMotion: "no-preference" });
  await caller.goHome();
  await pageIsKept(caller);
  // The kept wasm is broken, so the page stays a plain form.
  await caller.page.evaluate(async () => {
    const name = (await caches.keys()).find((name) => name.startsWith("iutsai-files-"))!;
    await (await caches.open(name)).put("/pkg/iutsai_bg.wasm", new Response("", { status: 500 }));
  });
  caller.expects(NO_NETWORK);
  caller.expects(/^uncaught|wasm|status of 50[03]/i);
  await caller.context.setOffline(true);
  await caller.page.reload();
  await expect(caller.page.locator("html[data-kept]:not([data-hydrated])")).toBeAttached();
  await expect(caller.page.getByText("버튼이 아직 켜지지 않았어요")).toBeVisible();

  await caller.button.click();

  await expect(caller.page.getByTestId("no-answer")).toContainText("도움 요청을 보내지 못했습니다");
  await expect(caller.page.getByRole("link", { name: "119" })).toBeVisible();
});

test("the worker keeps nothing but the page and the site's files", async ({ resident }) => {
  const caller = await resident("resident-1203");
  await caller.call();
  await caller.ownCallIs("recorded");
  await caller.open("/call");
  await caller.open("/readyz");
  await caller.goHome();
  await pageIsKept(caller);
  const paths = await caller.page.evaluate(async () => {
    const names = await caches.keys();
    const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return keys.flat().map(({ url }) => new URL(url).pathname);
  });
  expect(paths).toContain("/");
  expect(paths.filter((path) => path !== "/" && !/^\/(pkg|leaflet|worker)\/.+\.\w+$|^\/[\w-]+\.\w+$/.test(path))).toEqual([]);
});

/** Changes one file of the site, as the next version would. */
async function change(site: string): Promise<void> {
  await writeFile(join(site, "pkg/iutsai.css"), "/* the next version */\n", { flag: "a" });
  await rm(join(site, "pkg/iutsai.css.br"), { force: true });
  execFileSync("node", [fileURLToPath(new URL("../../script/site-version.mjs", import.meta.url)), site]);
}

/** Every kept file is the one that the list of this version names, and all are there. */
async function isWhole(visitor: Visitor, version: string): Promise<void> {
  const { files, bodies } = await visitor.page.evaluate(async (name) => {
    const cache = await caches.open(name);
    const { files } = (await (await cache.match("/site.json"))!.json()) as { files: Record<string, string> };
    const bodies: Record<string, number[]> = {};
    for (const path of Object.keys(files)) {
      const kept = await cache.match(path);
      bodies[path] = kept ? Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", await kept.arrayBuffer()))) : [];
    }
    return { files, bodies };
  }, `iutsai-files-${version}`);
  const hashes = Object.fromEntries(
    Object.entries(bodies).map(([path, bytes]) => [path, Buffer.from(bytes).toString("hex")]),
  );
  expect(hashes).toEqual(files);
  const listed = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
  expect(listed).toBe(version);
}
