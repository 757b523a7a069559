// Firefox, which Playwright drives by the standard protocol (WebDriver BiDi), subscribed at a push service of the test.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { type BrowserContext, firefox } from "@playwright/test";

import { PushService } from "./push-service.ts";

/** The title and the text of a notification as it stands on the screen. */
export interface Shown {
  title: string;
  body: string;
}

/** The windows of notifications that are on the screen, as a script in Firefox. */
const WINDOWS = `[...Services.wm.getEnumerator("alert:alert")].filter(({ gIsActive }) => gIsActive)`;

/** Returns the program of Firefox, which is IUTSAI_FIREFOX, else Debian's, or nothing where there is none. */
export function firefoxProgram(): string | undefined {
  const named = process.env.IUTSAI_FIREFOX;
  if (named) {
    return named;
  }
  const directories = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return directories.map((directory) => join(directory, "firefox-esr")).find((path) => existsSync(path));
}

export class Firefox {
  private constructor(
    readonly context: BrowserContext,
    readonly pushService: PushService,
  ) {}

  /** Starts it with a fresh profile, which Playwright removes when it ends. */
  static async started(): Promise<Firefox> {
    const pushService = await PushService.started();
    try {
      return new Firefox(await launch(pushService.address), pushService);
    } catch (error) {
      await pushService.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.context.close();
    await this.pushService.end();
  }

  /** Closes the pages of ours. A blank tab stays, because a browser without any would end. */
  async closePages(): Promise<void> {
    const pages = this.context.pages();
    await this.context.newPage();
    for (const page of pages) {
      await page.goto("about:blank");
      await page.close();
    }
  }

  /** Returns the notifications on the screen, which are small windows of Firefox's own. */
  async shown(): Promise<Shown[]> {
    return inBrowser<Shown[]>(
      this.context,
      `${WINDOWS}.map(({ document }) => ({
        title: document.getElementById("alertTitleLabel").value,
        body: document.getElementById("alertTextLabel").textContent,
      }))`,
    );
  }

  /**
   * Taps the notification on the screen. Firefox's own windows have no buttons for actions, as a system's have, so an
   * action is reported to Firefox as the system reports it.
   */
  async tap(action: "accept" | ""): Promise<void> {
    const isOnlyOne = await inBrowser<boolean>(
      this.context,
      `(() => {
        const [shown, ...others] = ${WINDOWS};
        if (!shown || others.length > 0) return false;
        const name = ${JSON.stringify(action)};
        if (name) {
          const QueryInterface = ChromeUtils.generateQI(["nsIAlertAction"]);
          const action = { QueryInterface, action: name, title: name, iconURL: "", opaqueRelaunchData: "" };
          shown.gAlertListener.observe(action, "alertclickcallback", shown.gAlertCookie);
        } else {
          shown.document.getElementById("alertBox").click();
        }
        return true;
      })()`,
    );
    if (!isOnlyOne) {
      throw new Error("there is not exactly one notification to tap");
    }
  }
}

async function launch(pushService: string): Promise<BrowserContext> {
  return firefox.launchPersistentContext("", {
    channel: "moz-firefox",
    executablePath: firefoxProgram(),
    // Without it the protocol does not reach the windows of the notifications.
    args: ["--remote-allow-system-access"],
    headless: true,
    locale: "ko-KR",
    firefoxUserPrefs: {
      "intl.accept_languages": "ko-KR, ko",
      "dom.push.serverURL": pushService,
      "dom.push.testing.allowInsecureServerURL": true,
      // Firefox turns push off while it is driven.
      "dom.push.connection.enabled": true,
      "permissions.default.desktop-notification": 1,
      // A machine without a desktop has no notifications of the system, so Firefox shows them in windows of its own.
      "alerts.useSystemBackend": false,
      // Nor has it a sound card, without which Firefox lets no page sound.
      "media.cubeb.force_mock_context": true,
    },
  });
}

/** The part of Playwright that this needs and that it does not offer, which is its session with the browser. */
interface Inside {
  _connection: {
    toImpl?(context: BrowserContext): { _browser: { _browserSession?: { send: Send } } };
  };
}
type Send = (method: string, params: object) => Promise<{
  contexts: { context: string }[];
  result?: { value: string };
  exceptionDetails?: { text: string };
}>;

/** Evaluates a script with the rights of the browser itself, in its first window. */
async function inBrowser<Value>(context: BrowserContext, script: string): Promise<Value> {
  const session = (context as unknown as Inside)._connection.toImpl?.(context)._browser._browserSession;
  if (!session) {
    throw new Error("this Playwright keeps its session with Firefox elsewhere; see inBrowser in support/firefox.ts");
  }
  const { contexts } = await session.send("browsingContext.getTree", { "moz:scope": "chrome", maxDepth: 0 });
  const { result, exceptionDetails } = await session.send("script.evaluate", {
    expression: `JSON.stringify(${script})`,
    target: { context: contexts[0]!.context },
    awaitPromise: false,
  });
  if (!result) {
    throw new Error(`the browser's script failed: ${exceptionDetails?.text}`);
  }
  return JSON.parse(result.value) as Value;
}
