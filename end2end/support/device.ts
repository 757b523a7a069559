// The data that a browser keeps on its device, which are presses in the outbox, and the home page and its files in the
// service worker's caches.

import { type Worker, expect } from "@playwright/test";

import type { Visitor } from "./visitor.ts";

/** A press as `public/outbox.js` keeps it. */
export interface Press {
  key: string;
  by: string;
  body: string;
  fixed: boolean;
  pressedAt: number;
  wantedAt: number;
  asksAfter?: number;
  outcome?: { recorded: { id: string; state: string; at: number } } | { refused: { detail: string } };
}

/** The part of `public/outbox.js` that tests need. */
export interface Outbox {
  all(): Promise<Press[]>;
  keep(press: Press): Promise<void>;
  want(key: string, wantedAt: number): Promise<void>;
}

declare const iutsaiOutbox: Outbox;

/** Returns the presses that are kept, of all people. */
export function kept({ page }: Visitor): Promise<Press[]> {
  return page.evaluate(() => iutsaiOutbox.all());
}

/**
 * Makes what is kept look as if it had been pressed this long ago, in minutes. A page that is still trying to send it
 * knows better.
 */
export async function age(visitor: Visitor, minutes: number): Promise<void> {
  await (await worker(visitor)).evaluate(async (milliseconds) => {
    for (const press of await iutsaiOutbox.all()) {
      const { pressedAt, wantedAt } = press;
      await iutsaiOutbox.keep({
        ...press,
        pressedAt: pressedAt - milliseconds,
        wantedAt: wantedAt - milliseconds,
      });
    }
  }, minutes * 60_000);
}

/** The console's messages of a page that is cut off. Whatever it asks for then fails, its icon too. */
export const NO_NETWORK = /net::ERR_|WebSocket connection to/;

/** Cuts the whole browser off. */
export async function loseNetwork(visitor: Visitor): Promise<void> {
  visitor.expects(NO_NETWORK);
  await visitor.context.setOffline(true);
}

/** Leaves the page and closes its tab. A tab that is closed at once is for a moment out of reach of `setOffline`. */
export async function close({ page }: Visitor): Promise<void> {
  await page.goto("about:blank");
  await page.close();
}

/** Waits until the service worker has kept the home page with all its files; gives back their version. */
export async function pageIsKept({ page }: Visitor): Promise<string> {
  const version = () =>
    page.evaluate(async () => {
      const home = await caches.match("/", { cacheName: "iutsai-page" });
      return home?.headers.get("iutsai-site") ?? "";
    });
  await expect.poll(version, "the home page is kept").not.toBe("");
  return version();
}

/** The names of the caches. */
export function cacheNames({ page }: Visitor): Promise<string[]> {
  return page.evaluate(() => caches.keys());
}

/** The service worker, once it runs and has read its scripts. One that the browser has just woken has not yet, and one
 * that it has ended may still be listed. */
export async function worker({ context }: Visitor): Promise<Worker> {
  let ready: Worker | undefined;
  const find = async () => {
    for (const worker of context.serviceWorkers()) {
      const asked = worker.evaluate(() => typeof (self as unknown as { deliver?: unknown }).deliver);
      if ((await asked.catch(() => "ended")) === "function") ready = worker;
    }
    return ready !== undefined;
  };
  await expect.poll(find).toBe(true);
  return ready!;
}

/** The keys that calls were sent with, by pages and by the worker, every try of them. */
export function callsOf({ context }: Visitor): () => (string | null)[] {
  const keys: (string | null)[] = [];
  context.on("request", (request) => {
    if (request.method() === "POST" && new URL(request.url()).pathname === "/alert") {
      // Not headerValue, which asks the page that sent it, and that may be closed by now.
      keys.push(request.headers()["idempotency-key"] ?? null);
    }
  });
  return () => [...keys];
}

/** Checks that this is the only open call that the neighbour knows, and the only one that has sounded. */
export async function isAlarmedOnce(neighbour: Visitor, call: string): Promise<void> {
  await neighbour.hasOneOpenCall(call);
  await expect.poll(() => neighbour.sounded()).toBe(1);
}
