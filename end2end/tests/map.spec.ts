// The live map, on which a caller is shown at the browser's place.

import type { Locator } from "@playwright/test";

import { expect, test } from "../support/fixtures.ts";
import { type Point, isAt, isInside, overlaps, place } from "../support/map.ts";
import { GATE, YARD } from "../support/places.ts";
import { Program } from "../support/program.ts";

/** The place of YARD on the demo's plan (public/demo-plan.svg), in front of the door, as parts of its width and height.
 * */
const YARD_ON_PLAN: Point = { x: 171 / 800, y: 184 / 520 };

test("the demo's map lies on its site plan, and a caller stands on the plan where they are", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: YARD });
  const neighbour = await resident("resident-1204");
  await expect.poll(() => loads(neighbour.plan)).toBe(true);
  await isInside(neighbour.plan, neighbour.map);

  await caller.call();

  await expect(neighbour.markers).toHaveText("1203");
  await expect
    .poll(async () => {
      const [at, plan] = [await place(neighbour.markers), (await neighbour.plan.boundingBox())!];
      const door = { x: plan.x + YARD_ON_PLAN.x * plan.width, y: plan.y + YARD_ON_PLAN.y * plan.height };
      return Math.hypot(at.x - door.x, at.y - door.y);
    }, "the marker's distance from the door, in pixels")
    .toBeLessThan(3);
  await isInside(neighbour.markers, neighbour.map);
});

test("when the call outside of it is over, the map goes back to the plan", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: GATE });
  const neighbour = await resident("resident-1204");
  await caller.call();
  await expect(neighbour.markers).toHaveCount(1);
  await expect.poll(() => overlaps(neighbour.plan, neighbour.map)).toBe(false);

  await caller.page.locator(".own-call").getByTestId("resolve").click();

  await expect(neighbour.markers).toHaveCount(0);
  await isInside(neighbour.plan, neighbour.map);
});

test("a neighbour sees the caller outside of the plan on the map, in the middle of it", async ({ resident }) => {
  const caller = await resident("resident-1203", { place: GATE });
  const neighbour = await resident("resident-1204");
  await expect(neighbour.markers).toHaveCount(0);

  await caller.call();

  await expect(neighbour.markers).toHaveCount(1);
  await expect(neighbour.markers).toHaveText("1203");
  await isAt(neighbour.markers, GATE);
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
  // stretched latitude. Its scale is 256 pixels for the world at zoom 0, and twice as many with every level. Without tiles
  // there are quarters of a level.
  await expect
    .poll(async () => {
      const [from, to] = [await place(yard), await place(gate)];
      const scale = (to.x - from.x) / (GATE.longitude - YARD.longitude);
      const zoom = Math.log2((scale * 360) / 256);
      const offBy = (from.y - to.y) / (mercator(GATE.latitude) - mercator(YARD.latitude)) / scale - 1;
      const isLevel = Math.abs(zoom * 4 - Math.round(zoom * 4)) < 0.2;
      return isLevel && Math.abs(offBy) < 0.05 ? "as on the ground" : { zoom, offBy };
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

test("without a tile server the map asks nobody outside", async ({ visitor, program }) => {
  const neighbour = await visitor("resident-1204");
  const asked = new Set<string>();
  neighbour.context.on("request", (request) => asked.add(new URL(request.url()).origin));

  await neighbour.goHome();

  await expect.poll(() => loads(neighbour.plan)).toBe(true);
  await expect(neighbour.map.locator(".leaflet-control-scale")).toContainText("m");
  await expect(neighbour.map.getByRole("button")).toHaveCount(2);
  expect([...asked].filter((origin) => origin !== "null")).toEqual([program.origin]);
});

test("where tiles are configured they are the map, and no plan is shown", async ({ stranger }) => {
  const program = await Program.started({ MAP_TILE_URL: "https://tiles.example/{z}/{x}/{y}.png" });
  try {
    const neighbour = await stranger({ origin: program.origin });
    await neighbour.context.route("https://tiles.example/**", (route) =>
      route.fulfill({ contentType: "image/png", body: PIXEL }),
    );
    await neighbour.enter("resident-1204");
    await expect(neighbour.map.locator("img.leaflet-tile-loaded").first()).toBeVisible();
    await expect(neighbour.plan).toHaveCount(0);
    await expect(neighbour.map.locator(".leaflet-control-scale, .map-still")).toHaveCount(0);
    await neighbour.context.close();
  } finally {
    await program.end();
  }
});

test("without tiles and plan the map is paper with a scale, and the page gives the reason", async ({ stranger }) => {
  const program = await Program.started();
  try {
    // The people of the demo stay; its plan goes.
    await program.stop();
    await program.start({ IUTSAI_DEMO: "" });
    const caller = await stranger({ origin: program.origin, place: YARD });
    await caller.enter("resident-1203");
    await expect(caller.map.locator(".map-paper-tile").first()).toBeVisible();
    await expect(caller.map.locator(".leaflet-control-scale")).toContainText("50 m");
    await expect(caller.page.getByText("등록된 단지 배치도가 없어")).toBeVisible();
    await expect(caller.plan).toHaveCount(0);
    await caller.call();
    await isInside(caller.markers, caller.map);
    await caller.context.close();
  } finally {
    await program.end();
  }
});

test("a phone loads Leaflet when it comes to the map, or when somebody is to be shown", async ({ visitor }) => {
  const phone = { viewport: { width: 390, height: 500 } };
  const [scrolling, waiting] = [await visitor("resident-1204", phone), await visitor("resident-1301", phone)];
  const scripts = [scrolling, waiting].map(({ page }) => page.locator("script[src^='/leaflet/']"));
  for (const neighbour of [scrolling, waiting]) {
    await neighbour.goHome();
  }
  for (const script of scripts) {
    await expect(script).toHaveCount(0);
  }

  await scrolling.map.scrollIntoViewIfNeeded();
  await expect(scrolling.map.locator(".leaflet-control-zoom")).toBeVisible();
  await expect(scripts[1]!, "the other has not come to it").toHaveCount(0);

  const caller = await visitor("resident-1203", { place: YARD });
  await caller.goHome();
  await caller.call();
  await expect(waiting.markers).toHaveText("1203");
});

test("without JavaScript the plan is a picture", async ({ visitor }) => {
  const neighbour = await visitor("resident-1204", { javaScriptEnabled: false });
  await neighbour.open("/");
  const plan = neighbour.map.getByRole("img", { name: "단지 배치도" });
  await expect(plan).toBeVisible();
  await isInside(plan, neighbour.map);
});

/** A picture of one pixel. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Returns whether a picture is there and can be drawn. */
async function loads(picture: Locator): Promise<boolean> {
  return picture.evaluate((picture: HTMLImageElement) => picture.complete && picture.naturalWidth > 0);
}

/** A latitude as Mercator's projection stretches it, in degrees of longitude. */
function mercator(latitude: number): number {
  return (Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) * 180) / Math.PI;
}
