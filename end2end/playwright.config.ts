// The tests in a real browser on the real program; each test run starts a program of its own (support/program.ts).

import { availableParallelism } from "node:os";

import { defineConfig } from "@playwright/test";

import { browser } from "./support/browser.ts";

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.ts",
  // `npx playwright test --config screenshots.config.ts` makes pictures for people.
  testIgnore: "screenshots/*.spec.ts",
  // A worker has a program of its own, since the residents of the demo complex are few and a call of one is everybody's
  // business. Half as many again as cores, because tests wait for pages and clocks about a third of the time.
  workers: Math.ceil(1.5 * availableParallelism()),
  // Each test stands alone, so those of a long file need not wait for one worker.
  fullyParallel: true,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // The time for which a fault may hang, not a bound on speed.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    ...browser,
    actionTimeout: 30_000,
    navigationTimeout: 30_000,
    // Every step of a test that fails. Pictures and copies of the pages as well would keep a core busy for each worker;
    // `npx playwright test --trace retain-on-failure` records them.
    trace: { mode: "retain-on-failure", screenshots: false, snapshots: false },
  },
});
