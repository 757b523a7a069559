// The looks in which each page is taken, and the taking. Pictures are for people to look at, and are never compared. A file
// is named after its content, such as accepted-390-dark-ko.png.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Visitor } from "../support/visitor.ts";

export const DIRECTORY =
  process.env.IUTSAI_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));

export const WORDS: Record<string, { locale: string; text: string }> = {
  ko: { locale: "ko-KR", text: "아이가 숨을 못 쉬어요" },
  en: { locale: "en-US", text: "My child cannot breathe" },
};
export const LOOKS = [390, 1280].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({
    colorScheme,
    viewport: { width, height: width < 600 ? 844 : 800 },
  })),
);

/** Takes the whole page, narrow or wide as `look` is, in a language. */
export async function picture(
  { page }: Visitor,
  what: string,
  { colorScheme, viewport: { width } }: (typeof LOOKS)[number],
  language: string,
): Promise<void> {
  const path = join(DIRECTORY, `${what}-${width}-${colorScheme}-${language}.png`);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}
