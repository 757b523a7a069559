// `node end2end/scripts/phone.mjs [RUNS]` starts the program with the demo complex and loads the home page as a phone on a
// slow network does: 1.6 Mbit/s, 150 ms, a CPU at a quarter, nothing in the cache. It prints what it measured, the median of
// the runs, and judges nothing. The program is IUTSAI_PROGRAM, else the one that script/build makes.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

const RUNS = Number(process.argv[2] ?? 5);
const PROGRAM =
  process.env.IUTSAI_PROGRAM ?? fileURLToPath(new URL("../../target/iutsai/iutsai", import.meta.url));
const CHROMIUM = process.env.IUTSAI_CHROMIUM ?? "/usr/bin/chromium";
const NETWORK = { offline: false, latency: 150, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8 };
const CPU_SLOWER = 4;
const PHONE = {
  viewport: { width: 412, height: 823 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  locale: "ko-KR",
};

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function startedProgram() {
  const data = await mkdtemp(join(tmpdir(), "iutsai-phone-"));
  const env = { ...process.env, IUTSAI_LISTEN: "127.0.0.1:0", IUTSAI_DATA_DIR: data, IUTSAI_DEMO: "1" };
  const child = spawn(PROGRAM, ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const end = async () => {
    const ended = new Promise((done) => child.once("exit", done));
    if (child.exitCode === null) {
      child.kill();
      await ended;
    }
    await rm(data, { recursive: true, force: true });
  };
  for (;;) {
    const origin = /iutsai listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
    if (origin && (await fetch(`${origin}/readyz`).catch(() => undefined))?.status === 200) return { origin, end };
    if (child.exitCode !== null) throw new Error(`${PROGRAM} did not start:\n${output}`);
    await pause(50);
  }
}

/** Signs a resident in at full speed, and returns the cookies. */
async function signedIn(browser, origin) {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  await page.goto(`${origin}/sign-in`);
  await page.fill("input[name=name]", "resident-1203");
  await page.fill("input[name=password]", "neighbour");
  await page.click("form[action='/sign-in'] button[type=submit]");
  await page.waitForURL(`${origin}/`);
  const state = await context.storageState();
  await context.close();
  return { cookies: state.cookies, origins: [] };
}

/** Records the page's own measurements, from its very beginning. */
function watch() {
  const seen = { lcp: 0, cls: 0, inp: 0, alive: 0, connected: 0 };
  self.seen = seen;
  const observe = (type, take, options = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...options });
  observe("largest-contentful-paint", (entry) => (seen.lcp = entry.startTime));
  observe("layout-shift", (entry) => (seen.cls += entry.hadRecentInput ? 0 : entry.value));
  const interaction = (entry) => (seen.inp = entry.interactionId ? Math.max(seen.inp, entry.duration) : seen.inp);
  observe("event", interaction, { durationThreshold: 16 });
  const look = () => {
    if (document.documentElement?.hasAttribute("data-hydrated")) seen.alive ||= performance.now();
    if (document.querySelector("[data-testid=connection][data-state=connected]")) seen.connected ||= performance.now();
  };
  new MutationObserver(look).observe(document, { attributes: true, childList: true, subtree: true });
}

/** A page that nobody has loaded before, on the phone's network and CPU. */
async function phonePage(browser, state) {
  const context = await browser.newContext({ ...PHONE, storageState: state });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", NETWORK);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWER });
  await page.addInitScript(watch);
  return { context, page, devtools };
}

/** Loads the page, waits until it is connected, and uses it a little. */
async function load(browser, state, origin) {
  const { context, page, devtools } = await phonePage(browser, state);
  const addresses = new Map();
  const octets = new Map();
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => addresses.set(requestId, request.url));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const { pathname } = new URL(addresses.get(requestId) ?? "unknown:");
    octets.set(pathname, encodedDataLength);
  });
  await page.goto(`${origin}/`, { waitUntil: "commit" });
  await page.waitForFunction(() => self.seen.connected > 0, undefined, { polling: 100 });
  await pause(1_000);
  for (const button of ["alert-press", "locale", "locale"]) {
    await page.getByTestId(button).tap();
    await pause(500);
    if (button === "alert-press") await page.locator("dialog[open] button.secondary").tap();
    await pause(500);
  }
  const seen = await page.evaluate(() => self.seen);
  await context.close();
  return { seen, octets };
}

/** Taps the button as soon as it is there; returns when that was, whether the page was alive, and when /call came. */
async function tapEarly(browser, state, origin) {
  const { context, page } = await phonePage(browser, state);
  const begun = performance.now();
  await page.goto(`${origin}/`, { waitUntil: "commit" });
  const button = page.getByTestId("alert-button");
  await button.waitFor({ state: "visible" });
  const tapped = performance.now() - begun;
  const alive = await page.locator("html[data-hydrated]").count();
  await button.tap({ noWaitAfter: true });
  await page.waitForURL(/\/call\?/, { waitUntil: "commit" });
  await page.getByTestId("alert-confirm").waitFor({ state: "visible" });
  const asked = performance.now() - begun;
  await context.close();
  return { tapped, asked, alive };
}

const median = (numbers) => numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)];

const { origin, end } = await startedProgram();
const executablePath = existsSync(CHROMIUM) ? CHROMIUM : undefined;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const state = await signedIn(browser, origin);
  const loads = [];
  const taps = [];
  for (let run = 0; run < RUNS; run += 1) {
    loads.push(await load(browser, state, origin));
    taps.push(await tapEarly(browser, state, origin));
  }
  const of = (name) => median(loads.map(({ seen }) => seen[name]));
  const rows = [
    ["largest paint (LCP)", `${of("lcp").toFixed(0)} ms`],
    ["the button can be tapped, without wasm", `${median(taps.map((tap) => tap.tapped)).toFixed(0)} ms`],
    ["the page behind that tap asks to confirm", `${median(taps.map((tap) => tap.asked)).toFixed(0)} ms`],
    ["taps that came before wasm", `${taps.filter((tap) => !tap.alive).length} of ${taps.length}`],
    ["alive (wasm)", `${of("alive").toFixed(0)} ms`],
    ["connected", `${of("connected").toFixed(0)} ms`],
    ["slowest of four taps (INP)", `${of("inp").toFixed(0)} ms`],
    ["layout shift (CLS)", of("cls").toFixed(3)],
  ];
  console.log(`median of ${RUNS} runs, ${NETWORK.downloadThroughput * 8 / 1e6} Mbit/s, ${NETWORK.latency} ms, CPU / ${CPU_SLOWER}\n`);
  console.log("| | |\n|---|---|");
  for (const [what, value] of rows) console.log(`| ${what} | ${value} |`);
  const { octets } = loads[0];
  console.log("\n| request of the first run | octets |\n|---|---|");
  for (const [path, length] of [...octets].sort(([, one], [, other]) => other - one)) console.log(`| \`${path}\` | ${length} |`);
  console.log(`| all ${octets.size} | ${[...octets.values()].reduce((sum, one) => sum + one, 0)} |`);
} finally {
  await browser.close();
  await end();
}
