// Pictures of the running pages for people to look at, never compared: narrow and wide, light and dark, Korean and
// English. A file is named after what it shows: accepted-390-dark-ko.png.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Coming, expect, test } from "./support/fixtures.ts";
import { YARD } from "./support/places.ts";
import type { Visitor } from "./support/visitor.ts";

const DIRECTORY = process.env.IUTSAI_SCREENSHOTS ?? fileURLToPath(new URL("../target/screenshots", import.meta.url));

const WORDS: Record<string, { locale: string; text: string }> = {
  ko: { locale: "ko-KR", text: "아이가 숨을 못 쉬어요" },
  en: { locale: "en-US", text: "My child cannot breathe" },
};
const LOOKS = [390, 1280].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({
    colorScheme,
    viewport: { width, height: width < 600 ? 844 : 800 },
  })),
);

test("pictures", async ({ stranger }, { project: { name: language } }) => {
  const { locale, text } = WORDS[language]!;
  const people = LOOKS.map((look) => ({ look, coming: { ...look, locale } satisfies Coming }));
  for (const { look, coming } of people) {
    const somebody = await stranger(coming);
    await somebody.open("/sign-in");
    await picture(somebody, "sign-in", look, language);
  }
  const enter = async (name: string, coming: Coming) => {
    const somebody = await stranger(coming);
    await somebody.open("/sign-in");
    await somebody.signIn(name, "neighbour");
    await somebody.isConnected();
    return somebody;
  };
  const callers: Visitor[] = [];
  const neighbours: Visitor[] = [];
  for (const { look, coming } of people) {
    const caller = await enter("resident-1203", { ...coming, place: YARD });
    const neighbour = await enter("resident-1204", coming);
    await neighbour.arm();
    await picture(neighbour, "quiet", look, language);
    callers.push(caller);
    neighbours.push(neighbour);
  }
  const upstairs = await enter("resident-1301", { locale });

  const call = await callers[0]!.call({ kind: "medical", text });
  for (const [index, { look }] of people.entries()) {
    await expect(neighbours[index]!.incident(call)).toBeVisible();
    await expect(neighbours[index]!.markers).toHaveCount(1);
    await picture(neighbours[index]!, "incoming", look, language);
    await callers[index]!.ownCallIs("reached");
    await picture(callers[index]!, "own-reached", look, language);
  }

  await neighbours[0]!.incident(call).getByTestId("accept").click();
  await upstairs.incident(call).getByTestId("accept").click();
  for (const [index, { look }] of people.entries()) {
    await expect(neighbours[index]!.incident(call).getByTestId("coming")).toContainText("1301");
    await expect(neighbours[index]!.incident(call).getByTestId("withdraw")).toBeVisible();
    await picture(neighbours[index]!, "accepted", look, language);
    await expect(callers[index]!.callState).toContainText("1301");
    await picture(callers[index]!, "own-accepted", look, language);
  }
});

async function picture(
  { page }: Visitor,
  what: string,
  { colorScheme, viewport: { width } }: (typeof LOOKS)[number],
  language: string,
): Promise<void> {
  const path = join(DIRECTORY, `${what}-${width}-${colorScheme}-${language}.png`);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}
