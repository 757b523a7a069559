// True if a page can be used by everybody, as far as axe can see it.

import AxeBuilder from "@axe-core/playwright";
import { type Page, expect } from "@playwright/test";

import type { Visitor } from "./visitor.ts";

/** The rules that look at colours. Nothing else of a page is different in the dark (style/10-tokens.css). */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * Fails with what axe found in the page as it is, in light and in dark, one line each. Moving parts are judged where
 * they come to rest.
 */
export async function isAccessible({ page }: Visitor, what: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await judge(page, `${what}, light`);
  await page.emulateMedia({ colorScheme: "dark" });
  await judge(page, `${what}, dark`, OF_COLOURS);
  await page.emulateMedia({ colorScheme: "light" });
}

async function judge(page: Page, what: string, rules?: string[]): Promise<void> {
  // The other mode opens one more page each time, for the sake of frames. No page here has any.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).setLegacyMode();
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  const found = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${impact} ${id}: ${html}\n${failureSummary}`),
    );
  expect.soft(found, what).toEqual([]);
}
