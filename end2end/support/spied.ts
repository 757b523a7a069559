// A page's requests to its device, and a device with the clock, the screen and the loudspeaker that a test wants.

import type { BrowserContext, Page } from "@playwright/test";

/** A change of a tone's loudness, with the audio context's time in seconds. */
interface Change {
  at: number;
  loudness: number;
}

/** The recorded uses of a page's device. */
export interface Device {
  /** Oscillators that were started and stopped. */
  started: number;
  stopped: number;
  vibrated: number[][];
  /** The first changes of the loudness of each tone, in the order in which the tones began. */
  tones: Change[][];
  /** The oscillators that were started, each with the number of tones that had begun before. */
  oscillators: { type: OscillatorType; pitch: number; tone: number }[];
  /** The state of the audio context that sounded last. */
  state: AudioContextState | undefined;
}

interface Spied extends Omit<Device, "state"> {
  context: BaseAudioContext | undefined;
}

interface Asked {
  locationsAsked: number;
}

interface Moved {
  setClock(): void;
  letPass(seconds: number): void;
  frozen: boolean;
  showPage(shown: boolean): void;
  screen: { asked: number; lock: { onrelease?: (() => void) | undefined } | undefined };
}

/** Counts the page's requests to the device, which does its work as ever. */
export async function spyOnDevice(of: Page | BrowserContext): Promise<void> {
  await of.addInitScript(() => {
    const spied: Spied = {
      started: 0,
      stopped: 0,
      vibrated: [],
      tones: [],
      oscillators: [],
      context: undefined,
    };
    const start = OscillatorNode.prototype.start;
    const stop = OscillatorNode.prototype.stop;
    OscillatorNode.prototype.start = function (...times) {
      spied.started += 1;
      spied.context = this.context;
      spied.oscillators.push({ type: this.type, pitch: this.frequency.value, tone: spied.tones.length });
      start.apply(this, times);
    };
    OscillatorNode.prototype.stop = function (...times) {
      spied.stopped += 1;
      stop.apply(this, times);
    };
    const tones = new WeakMap<AudioParam, Change[]>();
    const setTarget = AudioParam.prototype.setTargetAtTime;
    AudioParam.prototype.setTargetAtTime = function (loudness, at, constant) {
      let changes = tones.get(this);
      if (!changes) {
        changes = [];
        tones.set(this, changes);
        spied.tones.push(changes);
      }
      // A tone has a thousand changes, which repeat after a few.
      if (changes.length < 24) changes.push({ at, loudness });
      return setTarget.call(this, loudness, at, constant);
    };
    const vibrate = navigator.vibrate.bind(navigator);
    navigator.vibrate = (pattern: VibratePattern | Iterable<number>) => {
      const times = typeof pattern === "number" ? [pattern] : [...pattern];
      spied.vibrated.push(times);
      return vibrate(times);
    };
    (window as unknown as { spied: Spied }).spied = spied;
  });
}

/** Returns the page's requests to a device that is spied on. */
export async function device(page: Page): Promise<Device> {
  return page.evaluate(() => {
    const { context, ...recorded } = (window as unknown as { spied: Spied }).spied;
    return { ...recorded, state: context?.state };
  });
}

/** Counts how often a page asks the browser where the device is; the browser answers as ever. */
export async function spyOnLocation(of: Page | BrowserContext): Promise<void> {
  await of.addInitScript(() => {
    const asked = window as unknown as Asked;
    asked.locationsAsked = 0;
    const { watchPosition, getCurrentPosition } = Geolocation.prototype;
    Geolocation.prototype.watchPosition = function (...how) {
      asked.locationsAsked += 1;
      return watchPosition.apply(this, how);
    };
    Geolocation.prototype.getCurrentPosition = function (...how) {
      asked.locationsAsked += 1;
      getCurrentPosition.apply(this, how);
    };
  });
}

/** Returns how often the page has asked since it was loaded. It must be spied on. */
export async function locationsAsked(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as Asked).locationsAsked);
}

/** The device takes the sound away, as for a telephone call. The page must be spied on, and must have sounded. */
export async function muteSound(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { context } = (window as unknown as { spied: Spied }).spied;
    await (context as AudioContext).suspend();
  });
}

/** Lets [freezeSound] work in the pages that follow. */
export async function prepareFrozenSound(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const time = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, "currentTime")!.get!;
    const moved = globalThis as unknown as Moved;
    moved.frozen = false;
    let last = 0;
    Object.defineProperty(BaseAudioContext.prototype, "currentTime", {
      get(this: BaseAudioContext) {
        last = moved.frozen ? last : (time.call(this) as number);
        return last;
      },
    });
  });
}

/** The audio context claims to run, and its time stands still, so that no sound comes out of it. */
export async function freezeSound(page: Page, frozen: boolean): Promise<void> {
  await page.evaluate((frozen) => ((globalThis as unknown as Moved).frozen = frozen), frozen);
}

/**
 * A device whose wall clock is wrong by so many minutes when the page is loaded, and which `setClock` sets by so many
 * more.
 */
export async function wrongClock(page: Page, { ahead = 0, step = 0 }: { ahead?: number; step?: number }): Promise<void> {
  await page.addInitScript(
    ({ ahead, step }) => {
      const RealDate = Date;
      let moved = ahead * 60_000;
      class MovedDate extends RealDate {
        constructor(...given: [] | [number | string | Date]) {
          super(...((given.length ? given : [RealDate.now() + moved]) as [number]));
        }
        static override now(): number {
          return RealDate.now() + moved;
        }
      }
      globalThis.Date = MovedDate as DateConstructor;
      // When the page was loaded, by the clock of then.
      const origin = performance.timeOrigin + ahead * 60_000;
      Object.defineProperty(performance, "timeOrigin", { get: () => origin });
      (globalThis as unknown as Moved).setClock = () => (moved += step * 60_000);
    },
    { ahead, step },
  );
}

/** The device gets the time from the network. */
export async function setClock(page: Page): Promise<void> {
  await page.evaluate(() => (globalThis as unknown as Moved).setClock());
}

/**
 * A page whose time since it was loaded [letPass] puts ahead. The page judges by it how long a call has waited; its
 * timers and its connection go on by the true time.
 */
export async function canBeAhead(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const now = performance.now.bind(performance);
    let ahead = 0;
    performance.now = () => now() + ahead;
    (globalThis as unknown as Moved).letPass = (seconds) => void (ahead += seconds * 1_000);
  });
}

/** Lets so many seconds pass on a page that can be ahead, at once. */
export async function letPass(page: Page, seconds: number): Promise<void> {
  await page.evaluate((seconds) => (globalThis as unknown as Moved).letPass(seconds), seconds);
}

/** A page that a test shows and hides, by its tab, its window or its screen. */
export async function canBeHidden(page: Page, shown = true): Promise<void> {
  await page.addInitScript((shown) => {
    let state: DocumentVisibilityState = shown ? "visible" : "hidden";
    Object.defineProperty(document, "visibilityState", { get: () => state });
    Object.defineProperty(document, "hidden", { get: () => state === "hidden" });
    (globalThis as unknown as Moved).showPage = (shown) => {
      state = shown ? "visible" : "hidden";
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    };
  }, shown);
}

/** Shows or hides a page that can be hidden. */
export async function show(page: Page, shown: boolean): Promise<void> {
  await page.evaluate((shown) => (globalThis as unknown as Moved).showPage(shown), shown);
}

/** A screen that stays on when the page asks for it, or refuses to. The browser takes that back when the page is hidden. */
export async function screenThat(page: Page, answer: "stays on" | "refuses"): Promise<void> {
  await page.addInitScript((answer) => {
    const screen: Moved["screen"] = { asked: 0, lock: undefined };
    (globalThis as unknown as Moved).screen = screen;
    const request = async () => {
      screen.asked += 1;
      if (answer === "refuses") throw new DOMException("the battery is low", "NotAllowedError");
      screen.lock = {};
      return screen.lock;
    };
    Object.defineProperty(navigator, "wakeLock", { value: { request } });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") {
        screen.lock?.onrelease?.();
        screen.lock = undefined;
      }
    });
  }, answer);
}

/** Returns how often the page has asked the screen to stay on, and whether it does. */
export async function screenOf(page: Page): Promise<{ asked: number; staysOn: boolean }> {
  return page.evaluate(() => {
    const { asked, lock } = (globalThis as unknown as Moved).screen;
    return { asked, staysOn: lock !== undefined };
  });
}
