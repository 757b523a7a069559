// Pushes as Chromium's DevTools deliver them, to the service worker of a browser in which no page of ours is open.

import { type CDPSession, type Page, expect } from "@playwright/test";

import { close, worker } from "./device.ts";
import type { Visitor } from "./visitor.ts";

/** A browser whose pages are all closed, and the way to its service worker. */
export class ClosedBrowser {
  private constructor(
    private readonly visitor: Visitor,
    private readonly devTools: CDPSession,
    private readonly registration: string,
    /** A blank tab stays, because a browser without any would end. */
    readonly blank: Page,
  ) {}

  /** Closes the visitor's page once the service worker is there. */
  static async of(visitor: Visitor): Promise<ClosedBrowser> {
    await visitor.context.grantPermissions(["notifications"], { origin: visitor.origin });
    await visitor.page.evaluate(async () => void (await navigator.serviceWorker.ready));
    const blank = await visitor.context.newPage();
    await close(visitor);
    const devTools = await visitor.context.newCDPSession(blank);
    const registered = new Promise<string>((found) => {
      devTools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const ours = registrations.find(({ scopeURL }) => scopeURL === `${visitor.origin}/`);
        if (ours) found(ours.registrationId);
      });
    });
    await devTools.send("ServiceWorker.enable");
    return new ClosedBrowser(visitor, devTools, await registered, blank);
  }

  /** The browser ends the worker, as it does after half a minute without work. */
  async stopWorker(): Promise<void> {
    await this.devTools.send("ServiceWorker.stopAllWorkers");
  }

  async push(data: string): Promise<void> {
    const { origin } = this.visitor;
    await this.devTools.send("ServiceWorker.deliverPushMessage", { origin, registrationId: this.registration, data });
  }

  /** The notifications that lie on the device now. */
  async shown(): Promise<{ title: string; tag: string; outcome?: string }[]> {
    return (await worker(this.visitor)).evaluate(async () => {
      const { registration } = self as unknown as { registration: ServiceWorkerRegistration };
      const all = await registration.getNotifications();
      return all.map(({ title, tag, data }) => ({ title, tag, outcome: data?.outcome as string | undefined }));
    });
  }

  /** Taps the notification that is shown: on its action, or beside it. */
  async tap(action: "accept" | ""): Promise<void> {
    await expect.poll(() => this.shown()).toHaveLength(1);
    await (await worker(this.visitor)).evaluate(async (action) => {
      const scope = self as unknown as {
        registration: ServiceWorkerRegistration;
        clicked: (notification: Notification, action: string) => Promise<void>;
      };
      const [notification] = await scope.registration.getNotifications();
      await scope.clicked(notification!, action);
    }, action);
  }
}

/** The server's push about a call of house 1203 (crates/backend/src/push/message.rs). */
export function pushOf(alert: string, more: { title?: string; class?: "alert" | "over"; silent?: boolean } = {}): string {
  const { title = "1203호에서 도움을 요청했어요", class: kind = "alert", silent = false } = more;
  const isAlert = kind === "alert";
  const notification = {
    title,
    body: "101-1 라인 · 14:03부터",
    navigate: "/",
    lang: "ko",
    tag: `topic-of-${alert}`,
    renotify: isAlert,
    requireInteraction: isAlert,
    silent,
    ...(isAlert ? { actions: [{ action: "accept", title: "제가 갈게요", navigate: "/" }] } : {}),
    data: { class: kind, line: "101-1", house: "1203", alert },
  };
  return JSON.stringify({ web_push: 8030, mutable: true, notification });
}

const CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Version/18.4 Mobile/15E148";

const noPush = () => {
  delete (window as { PushManager?: unknown }).PushManager;
};
const notAsked = () => {
  Object.defineProperty(Notification, "permission", { get: () => "default" });
};
const blocked = () => {
  Object.defineProperty(Notification, "permission", { get: () => "denied" });
};

/** Browsers that cannot be notified yet: the state of each on the page of the devices, and some of its words. */
export const DEVICE_STATES = [
  { state: "ask", userAgent: CHROME, script: notAsked, words: "아직 알림을 켜지 않았어요" },
  { state: "denied", userAgent: CHROME, script: blocked, words: "차단되어 있어요" },
  { state: "ios", userAgent: IPHONE, script: noPush, words: "홈 화면에 추가" },
  { state: "kakao", userAgent: `${CHROME} KAKAOTALK 10.4.5`, script: notAsked, words: "다른 브라우저로 열기" },
  { state: "unsupported", userAgent: CHROME, script: noPush, words: "다른 브라우저를 써 주세요" },
];
