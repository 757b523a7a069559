// Where things are on the map of a page.

import { type Locator, expect } from "@playwright/test";

import type { Place } from "./fixtures.ts";

/** Pixels of the screen. */
export interface Point {
  x: number;
  y: number;
}

/** The marker is of somebody at this place. */
export async function isAt(marker: Locator, place: Place): Promise<void> {
  await expect(marker).toHaveAttribute("data-lat", String(place.latitude));
  await expect(marker).toHaveAttribute("data-lng", String(place.longitude));
}

/** Returns the place of a marker on the screen, where Leaflet puts an element without size. */
export async function place(marker: Locator): Promise<Point> {
  return marker.evaluate((marker) => {
    const { x, y } = marker.closest(".leaflet-marker-icon")!.getBoundingClientRect();
    return { x, y };
  });
}

/** The marker can be seen whole on the map. */
export async function isInside(marker: Locator, map: Locator): Promise<void> {
  await expect
    .poll(async () => {
      const [inner, outer] = [(await marker.boundingBox())!, (await map.boundingBox())!];
      return (
        inner.width > 0 &&
        inner.height > 0 &&
        inner.x >= outer.x &&
        inner.y >= outer.y &&
        inner.x + inner.width <= outer.x + outer.width &&
        inner.y + inner.height <= outer.y + outer.height
      );
    }, "the marker is inside the map")
    .toBe(true);
}

/** Returns whether two things lie on each other, at least in part. */
export async function overlaps(one: Locator, other: Locator): Promise<boolean> {
  const [a, b] = [(await one.boundingBox())!, (await other.boundingBox())!];
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
