// Which browser the tests drive, and how it is started.

import { existsSync } from "node:fs";

import type { PlaywrightTestOptions, PlaywrightWorkerOptions } from "@playwright/test";

const SYSTEMS_CHROMIUM = "/usr/bin/chromium";

/** Returns the browser's program, which is IUTSAI_CHROMIUM, else the system's Chromium; none means Playwright's own. */
function program(): string | undefined {
  const named = process.env.IUTSAI_CHROMIUM;
  if (named) {
    return named;
  }
  return existsSync(SYSTEMS_CHROMIUM) ? SYSTEMS_CHROMIUM : undefined;
}

/** Korean first, as the service's people are, and a browser that asks nobody but the program. */
export const browser: Partial<PlaywrightTestOptions & PlaywrightWorkerOptions> = {
  browserName: "chromium",
  headless: true,
  locale: "ko-KR",
  launchOptions: {
    executablePath: program(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
};
