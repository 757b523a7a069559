// Odd places, and a map that nobody sees yet. Every open call comes into view.

import type { Locator } from "@playwright/test";

import { type Place, expect, test } from "../support/fixtures.ts";
import { isAt, isInside, overlaps } from "../support/map.ts";
import { GATE, YARD } from "../support/places.ts";
import type { Visitor } from "../support/visitor.ts";

test("a map that has no size when the call comes shows it once it has one", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203", { place: GATE });
  const neighbour = await visitor("resident-1204");
  await neighbour.page.addInitScript(() => {
    document.addEventListener("readystatechange", () => {
      const map = document.querySelector<HTMLElement>("[data-testid=map]");
      // The document is there, and none of its scripts has run.
      if (map && document.readyState === "interactive") map.style.display = "none";
    });
  });
  await neighbour.goHome();
  const call = await caller.call();
  await expect(neighbour.incident(call)).toBeVisible();
  await expect(neighbour.map).toBeHidden();

  await display(neighbour, "");

  await isInside(neighbour.markers, neighbour.map);
  await isAt(neighbour.markers, GATE);
  await showsNear(neighbour);
});

test("a map that is hidden for a while shows the calls that came meanwhile", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const other = await resident("resident-1301", { place: GATE });
  const neighbour = await resident("resident-1204");
  await caller.call();
  await isInside(neighbour.markers, neighbour.map);
  await display(neighbour, "none");
  const call = await other.call();
  await expect(neighbour.incident(call)).toBeVisible();

  await display(neighbour, "");

  await isInside(marker(neighbour, "1203"), neighbour.map);
  await isInside(marker(neighbour, "1301"), neighbour.map);
});

test("two calls from one point are two labels, and both can be read", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const other = await resident("resident-1301", { place: YARD });
  const neighbour = await resident("resident-1204");

  await caller.call();
  await other.call();

  await areApart(neighbour);
  for (const house of ["1203", "1301"]) {
    await isAt(marker(neighbour, house), YARD);
  }
  await neighbour.map.getByRole("button").last().click();
  await areApart(neighbour);
});

for (const [east, west] of [
  [179.999, -179.999],
  [180, -180],
] as const) {
  test(`callers at the longitudes ${east} and ${west} are neighbours on the map`, async ({ resident }) => {
    const caller = await resident("resident-1203", { place: { latitude: 0.5, longitude: east, accuracy: 20 } });
    const other = await resident("resident-1301", { place: { latitude: 0.5, longitude: west, accuracy: 20 } });
    const neighbour = await resident("resident-1204");

    await caller.call();
    await other.call();

    await areApart(neighbour);
    await showsNear(neighbour);
  });
}

test("a caller who may be anywhere on earth is shown at the browser's guess", async ({ resident }) => {
  const vague: Place = { ...GATE, accuracy: 20_000_000 };
  const caller = await resident("resident-1203", { place: vague });
  const neighbour = await resident("resident-1204");

  await caller.call();

  await isAt(neighbour.markers, vague);
  await isInside(neighbour.markers, neighbour.map);
  await expect(neighbour.map.locator(".map-accuracy"), "a circle would cover the map").toHaveCount(0);
  await showsNear(neighbour);
});

function marker(neighbour: Visitor, house: string): Locator {
  return neighbour.map.locator(`[data-testid=marker][data-house="${house}"]`);
}

/** Shows the map's element, or takes it out of the page's layout. */
async function display(neighbour: Visitor, display: string): Promise<void> {
  await neighbour.map.evaluate((map, display) => (map.style.display = display), display);
}

/** The calls of 1203 and 1301 are on the map, and neither label hides the other. */
async function areApart(neighbour: Visitor): Promise<void> {
  await expect(neighbour.markers).toHaveCount(2);
  const labels = [marker(neighbour, "1203"), marker(neighbour, "1301")] as const;
  await expect.poll(() => overlaps(...labels), "one label hides the other").toBe(false);
  for (const label of labels) {
    await isInside(label, neighbour.map);
  }
}

/** The map shows a neighbourhood, and no country or continent. */
async function showsNear(neighbour: Visitor): Promise<void> {
  await expect(neighbour.map.locator(".leaflet-control-scale-line")).toHaveText(/^\d+ m$/);
}
