// The looks in which each page is taken, and what the tests of pictures share. Pictures are for people to look at, and are
// never compared. A file is named after its content, such as accepted-390-dark-ko.png.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Coming, type Name, test as base } from "../support/fixtures.ts";
import type { Visitor } from "../support/visitor.ts";

export { expect } from "../support/fixtures.ts";

export const DIRECTORY =
  process.env.IUTSAI_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));

const WORDS: Record<string, { locale: string; text: string }> = {
  ko: { locale: "ko-KR", text: "아이가 숨을 못 쉬어요" },
  en: { locale: "en-US", text: "My child cannot breathe" },
};
export const LOOKS = [390, 1280].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({
    colorScheme,
    viewport: { width, height: width < 600 ? 844 : 800 },
  })),
);
type Look = (typeof LOOKS)[number];

interface OfPictures {
  /** The language of the pictures, which is the project's name. */
  language: string;
  /** A caller's words in that language. */
  text: string;
  /** Somebody who is not signed in, in that language. */
  guest(coming?: Coming): Promise<Visitor>;
  /** Somebody who has signed in by the form, in that language. */
  enter(name: Name, coming?: Coming): Promise<Visitor>;
  /** Takes the whole page, narrow or wide as `look` is. */
  picture(visitor: Visitor, what: string, look: Look): Promise<void>;
}

export const test = base.extend<OfPictures>({
  language: async ({}, use, { project }) => use(project.name),

  text: async ({ language }, use) => use(WORDS[language]!.text),

  guest: async ({ stranger, language }, use) => {
    await use((coming) => stranger({ ...coming, locale: WORDS[language]!.locale }));
  },

  enter: async ({ guest }, use) => {
    await use(async (name, coming) => {
      const somebody = await guest(coming);
      await somebody.enter(name);
      return somebody;
    });
  },

  picture: async ({ language }, use) => {
    await use(async ({ page }, what, { colorScheme, viewport: { width } }) => {
      const path = join(DIRECTORY, `${what}-${width}-${colorScheme}-${language}.png`);
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path, fullPage: true, animations: "disabled" });
    });
  },
});
