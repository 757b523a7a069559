// True if a page can be used by everybody, as far as axe can see it.

import AxeBuilder from "@axe-core/playwright";
import { expect } from "@playwright/test";

import type { Visitor } from "./visitor.ts";

/** Fails with what axe found, one line each. */
export async function isAccessible({ page }: Visitor, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${impact} ${id}: ${html}\n${failureSummary}`),
    );
  expect.soft(found, what).toEqual([]);
}
