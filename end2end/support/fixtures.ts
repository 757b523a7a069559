// The fixtures of a test, which are the running program, and people at it, each in a browser context of their own.

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Request,
  test as base,
  expect,
} from "@playwright/test";

import { Office } from "./office.ts";
import { Program } from "./program.ts";
import { Visitor } from "./visitor.ts";

/** The people of the demo complex. */
export type Name = "resident-1203" | "resident-1204" | "resident-1301" | "resident-0501" | "admin";

/** A place as the browser gives it. */
export interface Place {
  latitude: number;
  longitude: number;
  accuracy: number;
}

/** The circumstances in which a person comes to the program. */
export interface Coming extends Pick<
  BrowserContextOptions,
  | "locale"
  | "colorScheme"
  | "javaScriptEnabled"
  | "viewport"
  | "hasTouch"
  | "isMobile"
  | "reducedMotion"
  | "userAgent"
> {
  /** The place of the person, which the browser may give; without it the browser refuses to. */
  place?: Place;
  /** Through this address rather than the program's own. */
  origin?: string;
}

interface OfATest {
  /** Somebody in this browser context, who leaves at the end. */
  arrival(context: BrowserContext, origin: string): Promise<Visitor>;
  /** Somebody who is not signed in. */
  stranger(coming?: Coming): Promise<Visitor>;
  /** Somebody who is signed in, before any page is open. */
  visitor(name: Name, coming?: Coming): Promise<Visitor>;
  /** Somebody who is signed in, with the home page open and connected. */
  resident(name: Name, coming?: Coming): Promise<Visitor>;
}

interface OfAWorker {
  /** The program that the tests share; a test that stops it starts it again. */
  program: Program;
  /** The management office by HTTP, which ends the calls that tests leave open. */
  office: Office;
  /** Cookies of those who have signed in; a password is costly to check. */
  signedIn: Map<Name, BrowserContextOptions["storageState"]>;
}

const PASSWORD = "neighbour";

export { expect };

export const test = base.extend<OfATest & { everybody: Visitor[] }, OfAWorker>({
  program: [
    async ({}, use) => {
      const program = await Program.started();
      await use(program);
      await program.end();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  office: [async ({ program }, use) => use(await Office.opened(program, PASSWORD)), { scope: "worker" }],

  signedIn: [async ({}, use) => use(new Map()), { scope: "worker" }],

  // Every person leaves at the end, and reports the faults of the pages they saw.
  everybody: async ({ office, program }, use, info) => {
    const everybody: Visitor[] = [];
    await use(everybody);
    await Promise.all(everybody.map(({ context }) => context.close()));
    await office.endCalls();
    if (info.status !== info.expectedStatus) {
      await info.attach("program.log", { body: program.log, contentType: "text/plain" });
    }
    expect(everybody.flatMap((visitor) => visitor.faults), "errors in the browsers' consoles").toEqual([]);
  },

  arrival: async ({ office, everybody }, use) => {
    await use(async (context, origin) => {
      const visitor = await Visitor.in(context, origin);
      everybody.push(visitor);
      context.on("request", (request) => office.remember(calledBy(request)));
      return visitor;
    });
  },

  stranger: async ({ browser, program, arrival }, use) => {
    await use(async (coming = {}) => {
      const context = await browser.newContext(options(coming));
      return arrival(context, coming.origin ?? program.origin);
    });
  },

  visitor: async ({ browser, program, arrival, signedIn }, use) => {
    await use(async (name, coming = {}) => {
      const storageState = signedIn.get(name) ?? (await signIn(browser, program, name));
      signedIn.set(name, storageState);
      const context = await browser.newContext({ ...options(coming), storageState });
      return arrival(context, coming.origin ?? program.origin);
    });
  },

  resident: async ({ visitor }, use) => {
    await use(async (name, coming) => {
      const resident = await visitor(name, coming);
      await resident.goHome();
      return resident;
    });
  },
});

/**
 * People want no motion unless a test gives them some, because a page that moves is drawn sixty times a second, and
 * here the processor draws.
 */
function options({ place, origin: _, ...rest }: Coming): BrowserContextOptions {
  const permitted = place ? { geolocation: place, permissions: ["geolocation"] } : { permissions: [] };
  return { reducedMotion: "reduce", ...rest, ...permitted };
}

/** By the form, as people do. */
async function signIn(
  browser: Browser,
  program: Program,
  name: Name,
): Promise<Awaited<ReturnType<BrowserContext["storageState"]>>> {
  const context = await browser.newContext();
  const visitor = await Visitor.in(context, program.origin);
  await visitor.open("/sign-in");
  await visitor.signIn(name, PASSWORD);
  await expect(visitor.page).toHaveURL(`${program.origin}/`);
  const { cookies } = await context.storageState();
  await context.close();
  // The memory of a page (its sounded calls, a press not sent) is not another page's.
  return { cookies, origins: [] };
}

/** The call that this request may make, or whose page it asks for, because a form leads there. */
function calledBy(request: Request): string | undefined {
  const { pathname } = new URL(request.url());
  if (request.method() === "GET") {
    return /^\/call\/([0-9a-f-]{36})$/.exec(pathname)?.[1];
  }
  // The call's id is the key it is sent with. The answer may never be seen, because it goes with its page, or its
  // worker.
  return pathname === "/alert" ? request.headers()["idempotency-key"] : undefined;
}
