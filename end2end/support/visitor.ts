// One person at a browser, and the words for what they do and see.

import { type BrowserContext, type Locator, type Page, expect } from "@playwright/test";

/** The kinds of emergency. A test of the domain compares them with its own. */
export const KINDS = ["fire", "medical", "intruder", "other"] as const;

/** The fields that may go along with a call. */
export interface Details {
  kind?: (typeof KINDS)[number];
  text?: string;
}

export class Visitor {
  /** The faults of the pages, which are errors in the console, scripts that failed, and policies broken. */
  readonly faults: string[] = [];
  private readonly expected: RegExp[] = [];

  private constructor(
    readonly context: BrowserContext,
    /** The page they look at. */
    readonly page: Page,
    /** The address they come by. */
    readonly origin: string,
  ) {}

  static async in(context: BrowserContext, origin: string): Promise<Visitor> {
    const page = await context.newPage();
    return new Visitor(context, page, origin).watching();
  }

  /** Returns this person in one more tab, with nothing open in it yet. */
  async newTab(): Promise<Visitor> {
    // The console is watched for the whole context.
    return new Visitor(this.context, await this.context.newPage(), this.origin);
  }

  /** Returns this person in one more tab, with the home page. */
  async anotherTab(): Promise<Visitor> {
    const other = await this.newTab();
    await other.goHome();
    return other;
  }

  /** Errors like this one belong to what the test does. */
  expects(error: RegExp): void {
    this.expected.push(error);
  }

  /** The page's script comes, and its wasm does not, of which the script complains. */
  async blockWasm(): Promise<void> {
    await this.context.route("**/*.wasm*", (route) => route.abort());
    this.expects(/ERR_FAILED .*\.wasm|^uncaught: TypeError: Failed to fetch/);
  }

  // --- going about ------------------------------------------------------------------------------------------------

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.origin}${path}`);
  }

  /** Opens the home page and waits until it is alive and has heard what there is. */
  async goHome(): Promise<void> {
    await this.open("/");
    await this.isConnected();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.isConnected();
  }

  async isConnected(): Promise<void> {
    await expect(this.page.locator("html[data-hydrated]")).toBeAttached();
    await expect(this.connection).toHaveAttribute("data-state", "connected");
  }

  /** Fills in the sign-in form and sends it. */
  async signIn(name: string, password: string): Promise<void> {
    await this.page.locator("input[name=name]").fill(name);
    await this.page.locator("input[name=password]").fill(password);
    await this.page.locator("form[action='/sign-in'] button[type=submit]").click();
  }

  /** Comes in by the sign-in page, with a session of their own, which may be ended. */
  async enter(name: string): Promise<void> {
    await this.open("/sign-in");
    await this.signIn(name, "neighbour");
    await this.isConnected();
  }

  // --- calling ----------------------------------------------------------------------------------------------------

  /** Holds the button until it calls; gives back the call's id once the server has recorded it. */
  async call(details: Details = {}): Promise<string> {
    await this.describe(details);
    const recorded = this.recorded();
    await this.hold();
    return recorded;
  }

  /** Fills in what goes along with the call. While a call is open, the fields are folded away. */
  async describe({ kind, text }: Details): Promise<void> {
    const folded = this.page.locator(".call-more:not([open]) > summary");
    // A neighbour's call that comes now folds them once more, as a person sees.
    await expect(async () => {
      if ((kind || text !== undefined) && (await folded.isVisible())) await folded.click({ timeout: 1_000 });
      if (kind) {
        const choice = this.page.locator(`input[name=kind][value=${kind}]`);
        if (!(await choice.isChecked())) await this.page.locator("label").filter({ has: choice }).click({ timeout: 1_000 });
        await expect(choice).toBeChecked({ timeout: 1_000 });
      }
      if (text !== undefined) {
        await this.page.locator("input[name=text]").fill(text, { timeout: 1_000 });
      }
    }).toPass();
  }

  /** Holds the button until the page sends a call. It may move between aim and press, and then it is aimed at again. */
  async hold(): Promise<void> {
    let isSent = false;
    const sent = this.page.waitForRequest(isCall).then(() => (isSent = true));
    const isHeld = () => this.button.evaluate((button) => button.classList.contains("held"));
    await expect(async () => {
      await this.button.hover();
      await this.page.mouse.down();
      try {
        await expect.poll(async () => (await isHeld()) || isSent, { timeout: 1_500 }).toBe(true);
      } catch (error) {
        await this.page.mouse.up();
        throw error;
      }
    }).toPass();
    await sent;
    await this.page.mouse.up();
  }

  /** The id of the next call that the server records for this page. */
  async recorded(): Promise<string> {
    const response = await this.page.waitForResponse(
      (response) => isCall(response.request()) && response.status() === 202,
    );
    const { id } = (await response.json()) as { id: string };
    return id;
  }

  get button(): Locator {
    return this.page.getByTestId("alert-button");
  }

  /** The line with the state of one's own call. */
  get callState(): Locator {
    return this.page.getByTestId("call-state");
  }

  /** The state of one's own call becomes this one. */
  async ownCallIs(state: string): Promise<void> {
    await expect(this.callState).toHaveAttribute("data-state", state);
  }

  /** The number to call where the neighbours cannot be counted on, beside the state of one's own call. */
  get call119(): Locator {
    return this.page.locator(".own-call a[href='tel:119']");
  }

  // --- hearing ----------------------------------------------------------------------------------------------------

  get connection(): Locator {
    return this.page.getByTestId("connection");
  }

  /** The panel of incoming calls. */
  get alarm(): Locator {
    return this.page.getByTestId("alarm");
  }

  /** A call, wherever on the page it stands. An open one stands on the card of its house. */
  incident(id: string): Locator {
    const call = `[data-alert="${id}"]`;
    return this.page.locator(`[data-testid=incident]:is(${call}, :has([data-testid=press]${call}))`);
  }

  /** A card for each house that has open calls, the own house included. */
  get openCards(): Locator {
    return this.page.locator("[data-testid=incident][data-open=true]");
  }

  /** Checks that this is the only open call that the page knows. */
  async hasOneOpenCall(id?: string): Promise<void> {
    await expect(this.openCards).toHaveCount(1);
    await expect(this.openCards).toHaveAttribute("data-presses", "1");
    if (id) await expect(this.openCards).toHaveAttribute("data-alert", id);
  }

  get markers(): Locator {
    return this.page.getByTestId("marker");
  }

  get map(): Locator {
    return this.page.getByTestId("map");
  }

  /** The site plan under the markers. */
  get plan(): Locator {
    return this.map.locator("img.map-plan");
  }

  /** The one tap that lets this page sound. */
  async arm(): Promise<void> {
    // A person taps the tab in front. The browser may draw another one once a second only.
    await this.page.bringToFront();
    const button = this.page.getByTestId("arm");
    // A browser that remembers a click of before a reload lets the page sound at once, so there is nothing to press.
    await expect(async () => {
      if ((await button.getAttribute("data-armed")) !== "true") await button.click({ timeout: 1_000 });
      await expect(button).toHaveAttribute("data-armed", "true", { timeout: 1_000 });
    }).toPass();
  }

  /** Returns how often this page has begun to sound. */
  async sounded(): Promise<number> {
    return Number((await this.page.locator("html").getAttribute("data-sounded")) ?? 0);
  }

  // --- watching for faults ----------------------------------------------------------------------------------------

  private watching(): this {
    this.context.on("console", (message) => {
      if (message.type() === "error") {
        this.note(`${message.text()} (${message.location().url})`);
      }
    });
    this.context.on("weberror", (error) => this.note(`uncaught: ${error.error()}`));
    return this;
  }

  private note(fault: string): void {
    if (!this.expected.some((expected) => expected.test(fault))) {
      this.faults.push(fault);
    }
  }
}

function isCall(request: { method(): string; url(): string }): boolean {
  return request.method() === "POST" && new URL(request.url()).pathname === "/alert";
}
