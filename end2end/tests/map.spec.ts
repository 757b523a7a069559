// The live map: a caller is shown where their browser says they are.

import type { Locator } from "@playwright/test";

import { expect, test } from "../support/fixtures.ts";
import { GATE, YARD } from "../support/places.ts";
import type { Place } from "../support/fixtures.ts";

interface Point {
  x: number;
  y: number;
}

test("a neighbour sees the caller on the map, in the middle of it", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  await expect(neighbour.markers).toHaveCount(0);

  await caller.call();

  await expect(neighbour.markers).toHaveCount(1);
  await expect(neighbour.markers).toHaveText("1203");
  await isAt(neighbour.markers, YARD);
  await expect(neighbour.map.locator(".map-accuracy"), "how exact the place is").toHaveCount(1);
  // The map goes to the only open call, so the place itself is its middle.
  const map = (await neighbour.map.boundingBox())!;
  await expect
    .poll(async () => {
      const at = await place(neighbour.markers);
      return Math.hypot(at.x - (map.x + map.width / 2), at.y - (map.y + map.height / 2));
    })
    .toBeLessThan(2);
  await isInside(neighbour.markers, neighbour.map);
});

test("two callers stand to each other as their places do", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const other = await resident("resident-1301", { place: GATE });
  const neighbour = await resident("resident-1204");

  await caller.call();
  await other.call();

  await expect(neighbour.markers).toHaveCount(2);
  const [yard, gate] = ["1203", "1301"].map((house) => neighbour.map.locator(`[data-testid=marker][data-house="${house}"]`)) as [Locator, Locator];
  await isAt(yard, YARD);
  await isAt(gate, GATE);
  // In the Mercator projection (EPSG:3857) one pixel is as many degrees of longitude everywhere, and as many of the
  // stretched latitude. Its scale is 256 pixels for the world at zoom 0, and twice as many with every level.
  await expect
    .poll(async () => {
      const [from, to] = [await place(yard), await place(gate)];
      const scale = (to.x - from.x) / (GATE.longitude - YARD.longitude);
      const zoom = Math.log2((scale * 360) / 256);
      const offBy = (from.y - to.y) / (mercator(GATE.latitude) - mercator(YARD.latitude)) / scale - 1;
      return Math.abs(zoom - Math.round(zoom)) < 0.05 && Math.abs(offBy) < 0.05 ? "as on the ground" : { zoom, offBy };
    })
    .toBe("as on the ground");
  await isInside(yard, neighbour.map);
  await isInside(gate, neighbour.map);
});

test("the marker goes where the caller goes, and leaves when the call ends", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  await caller.call();
  await isAt(neighbour.markers, YARD);

  await caller.context.setGeolocation(GATE);

  await isAt(neighbour.markers, GATE);
  await isInside(neighbour.markers, neighbour.map);
  await isAt(caller.markers, GATE);
  await caller.page.locator(".own-call").getByTestId("resolve").click();
  await expect(neighbour.markers).toHaveCount(0);
  await expect(neighbour.map.locator(".map-accuracy")).toHaveCount(0);
});

test("without a tile server the map is a grid, and asks nobody outside", async ({ visitor, program }) => {
  const neighbour = await visitor("resident-1204");
  const asked = new Set<string>();
  neighbour.context.on("request", (request) => asked.add(new URL(request.url()).origin));

  await neighbour.goHome();

  await expect(neighbour.map.locator(".map-grid-tile").first()).toBeVisible();
  await expect(neighbour.map.getByRole("button")).toHaveCount(2);
  expect([...asked].filter((origin) => origin !== "null")).toEqual([program.origin]);
});

async function isAt(marker: Locator, place: Place): Promise<void> {
  await expect(marker).toHaveAttribute("data-lat", String(place.latitude));
  await expect(marker).toHaveAttribute("data-lng", String(place.longitude));
}

/** Where the place of a marker is on the screen: Leaflet puts an element without size there. */
async function place(marker: Locator): Promise<Point> {
  return marker.evaluate((marker) => {
    const { x, y } = marker.closest(".leaflet-marker-icon")!.getBoundingClientRect();
    return { x, y };
  });
}

async function isInside(marker: Locator, map: Locator): Promise<void> {
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

/** A latitude as Mercator's projection stretches it, in degrees of longitude. */
function mercator(latitude: number): number {
  return (Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) * 180) / Math.PI;
}
