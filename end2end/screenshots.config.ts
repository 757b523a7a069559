// Makes pictures of the running pages, on demand (`npx playwright test --config screenshots.config.ts`). They go to
// IUTSAI_SCREENSHOTS, or target/screenshots.

import { defineConfig } from "@playwright/test";

import { browser } from "./support/browser.ts";

export default defineConfig({
  testDir: ".",
  testMatch: "screenshots/*.spec.ts",
  workers: 1,
  timeout: 600_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  // Each language is a project and so gets a program of its own, so that no call of the other's is in its list.
  projects: [{ name: "ko" }, { name: "en" }],
  use: { ...browser, actionTimeout: 30_000, navigationTimeout: 30_000 },
});
