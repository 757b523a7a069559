// The tests in a real browser on the real program; each test run starts a program of its own (support/program.ts).

import { defineConfig } from "@playwright/test";

import { browser } from "./support/browser.ts";

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.ts",
  // `npx playwright test --config screenshots.config.ts` makes pictures for people.
  testIgnore: "screenshots.spec.ts",
  // A worker has a program of its own, since the residents of the demo complex are few and a call of one is everybody's
  // business. The tests of a file stay in order.
  workers: "100%",
  fullyParallel: false,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // The time for which a fault may hang, not a bound on speed.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: { ...browser, actionTimeout: 30_000, navigationTimeout: 30_000, trace: "retain-on-failure" },
});
