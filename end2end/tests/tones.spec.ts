// The tone of an alarm, which names the kind of the call, begins softly and rises, and the house that stays silent.

import type { Page } from "@playwright/test";

import { expect, test } from "../support/fixtures.ts";
import { type Device, device, spyOnDevice } from "../support/spied.ts";
import { type Details, KINDS, type Visitor } from "../support/visitor.ts";

interface Pressed extends Pick<Details, "kind"> {
  drill?: boolean;
}

test("every kind of call has a tone and a vibration of its own, and a drill sounds like none of them", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const neighbour = await armed(await visitor("resident-1204"));
  const heard: { tone: string; rhythm: string; shape: string }[] = [];
  const pressed: Pressed[] = [{}, ...KINDS.map((kind) => ({ kind })), { drill: true, kind: "fire" }];
  for (const [index, one] of pressed.entries()) {
    const call = await press(caller.page, one);
    await expect.poll(() => neighbour.sounded()).toBe(index + 1);
    const used = await device(neighbour.page);
    const playing = used.oscillators.filter(({ tone }) => tone === used.tones.length);
    heard.push({
      tone: JSON.stringify([playing.map(({ type, pitch }) => [type, pitch]), rhythmOf(used)]),
      rhythm: JSON.stringify(used.vibrated.at(-1)),
      shape: shapesOf(used),
    });
    await end(caller.page, call);
    await expect(neighbour.page.getByTestId("silence")).toBeHidden();
  }
  expect(new Set(heard.map(({ tone }) => tone)).size, "tones").toBe(pressed.length);
  expect(new Set(heard.map(({ rhythm }) => rhythm)).size, "vibrations").toBe(pressed.length);
  const fire = pressed.findIndex(({ kind }) => kind === "fire");
  expect(heard[fire]!.rhythm, "three beats, as ISO 8201 has them").toBe("[500,500,500,500,500]");
  const calls = heard.slice(0, -1);
  expect(calls.every(({ shape }) => shape.includes("square"))).toBe(true);
  expect(heard.at(-1)!.shape, "a drill is soft").toBe("sine sine");
});

test("an alarm begins softly, rises to full within seconds, and does not begin anew with the next call", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const other = await resident("resident-1301");
  const neighbour = await armed(await visitor("resident-1204"));

  await press(caller.page);
  await expect.poll(() => neighbour.sounded()).toBe(1);

  const changes = (await device(neighbour.page)).tones.at(-1)!;
  const [first] = changes;
  const beats = changes.filter(({ loudness }) => loudness > 0);
  expect(first!.loudness).toBeCloseTo(0.2);
  expect(beats[1]!.loudness).toBeGreaterThan(beats[0]!.loudness);
  expect(beats.map(({ loudness }) => loudness)).toEqual(beats.map(({ loudness }) => loudness).sort((a, b) => a - b));
  const full = beats.filter(({ at }) => at - first!.at >= 4);
  expect(full.length).toBeGreaterThan(0);
  for (const { loudness } of full) expect(loudness).toBeCloseTo(0.7);

  await press(other.page);
  await expect.poll(() => neighbour.sounded()).toBe(2);
  const next = (await device(neighbour.page)).tones.at(-1)!;
  expect(next[0]!.loudness, "louder than at the beginning of the first").toBeGreaterThan(first!.loudness);
});

test("a drill does not take the place of the tone of a call", async ({ resident, visitor }) => {
  const caller = await resident("resident-1203");
  const other = await resident("resident-1301");
  const neighbour = await armed(await visitor("resident-1204"));
  const fire = await press(caller.page, { kind: "fire" });
  await expect.poll(() => neighbour.sounded()).toBe(1);

  await press(other.page, { drill: true });

  await expect.poll(() => neighbour.sounded()).toBe(2);
  expect(shapesOf(await device(neighbour.page))).toContain("square");
  await end(caller.page, fire);
  await expect.poll(async () => shapesOf(await device(neighbour.page)), "now the drill").toBe("sine sine");
});

test("no device of the house that calls about an intruder makes a sound, vibrates, flashes, or is armed aloud", async ({
  resident,
  visitor,
}) => {
  const caller = await resident("resident-1203");
  const other = await resident("resident-1301");
  const second = await armed(await visitor("resident-1203"));
  const third = await visitor("resident-1203");
  await spyOnDevice(third.page);
  await third.goHome();
  const neighbour = await armed(await visitor("resident-1204"));
  const before = await device(second.page);
  const title = await second.page.title();

  const call = await caller.call({ kind: "intruder" });

  await expect.poll(() => neighbour.sounded(), "the neighbours are alarmed").toBe(1);
  expect((await device(neighbour.page)).vibrated).toContainEqual([250, 150, 250, 150, 250]);
  for (const own of [second, third]) {
    await expect(own.incident(call), "it is shown").toBeVisible();
    await expect(own.alarm).toHaveCount(0);
  }
  expect(usesOf(await device(second.page)), "nothing was asked of the device").toEqual(usesOf(before));
  expect(await second.sounded()).toBe(0);
  await expect(second.page).toHaveTitle(title);

  await third.arm();
  expect(usesOf(await device(third.page)), "no chirp gives the caller away").toEqual({ tones: [], vibrated: [] });

  await press(other.page, { kind: "fire" });
  await expect.poll(() => second.sounded(), "a neighbour's own call is not lost there").toBe(1);
});

/** A device that is spied on and armed. */
async function armed(visitor: Visitor): Promise<Visitor> {
  await spyOnDevice(visitor.page);
  await visitor.goHome();
  await visitor.arm();
  return visitor;
}

/** Calls from the page of a house without the button, which knows no drills. Returns the call's id. */
async function press(page: Page, pressed: Pressed = {}): Promise<string> {
  return page.evaluate(async (pressed) => {
    const { line, house } = (await (await fetch("/api/session")).json()) as { line: string; house: string };
    const key = crypto.randomUUID();
    const answer = await fetch("/alert", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ line, house, text: "", ...pressed }),
    });
    if (answer.status !== 202) throw new Error(`status ${answer.status}`);
    return key;
  }, pressed);
}

async function end(page: Page, call: string): Promise<void> {
  const status = await page.evaluate(
    async (call) => (await fetch(`/alert/${call}/cancel`, { method: "POST" })).status,
    call,
  );
  expect(status).toBe(202);
}

/** The tones and vibrations that a device was asked for. */
const usesOf = ({ tones, vibrated }: Device) => ({ tones, vibrated });

/** The lengths of the first beats and pauses of the tone that began last, in milliseconds. */
function rhythmOf({ tones }: Device): number[] {
  const changes = tones.at(-1)!;
  return changes.slice(1).map(({ at }, index) => Math.round((at - changes[index]!.at) * 1_000));
}

/** The shapes of the waves of the tone that began last. */
function shapesOf({ oscillators, tones }: Device): string {
  const playing = oscillators.filter(({ tone }) => tone === tones.length);
  return playing.map(({ type }) => type).join(" ");
}
