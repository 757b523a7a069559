// The part of the service worker that shows what is pushed while no page is open, and lets a neighbour come from there. The
// server has written every word of a notification (crates/backend/src/push/message.rs, declarative Web Push); the worker only has
// those of its own results.
"use strict";

const ICON = "/icon-192.png";
const ACCEPT = "accept";
const TRIES = 3; // to send an accept, under one key
const PAUSE = 1_000; // milliseconds between them
const REPORT_WITHIN = 5_000; // milliseconds, so that a building's devices do not report all at once

const PUSH_WORDS = {
  ko: {
    unread: ["이웃이 도움을 요청했을 수 있어요", "눌러서 확인해 주세요."],
    coming: ["간다고 알렸어요", "이웃에게 전해졌어요. 눌러서 지도를 볼 수 있어요."],
    over: ["이미 끝난 요청이에요", "가지 않아도 괜찮아요."],
    signedOut: ["로그인이 필요해요", "눌러서 로그인한 뒤 다시 알려 주세요."],
    notSent: ["간다고 알리지 못했어요", "눌러서 화면을 열고 다시 알려 주세요."],
  },
  en: {
    unread: ["A neighbour may be calling for help", "Tap to look."],
    coming: ["Your neighbour knows that you are coming", "Tap to see the map."],
    over: ["This call is already over", "You need not go."],
    signedOut: ["Sign in first", "Tap to sign in, then answer again."],
    notSent: ["Nobody knows yet that you are coming", "Tap to open the page and answer again."],
  },
};

self.addEventListener("push", (event) => event.waitUntil(showPush(event.data)));

self.addEventListener("notificationclick", (event) => event.waitUntil(clicked(event.notification, event.action)));

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renewSubscription(event)));

// Always shows a notification, whatever came, because browsers take the permission away from a site that shows none.
async function showPush(data) {
  const pushed = readPush(data);
  if (!pushed) {
    const [title, body] = PUSH_WORDS.ko.unread;
    return self.registration.showNotification(title, { body, icon: ICON, lang: "ko", data: { navigate: "/" } });
  }
  const { title, navigate, actions = [], ...options } = pushed;
  // The key of an accept is made once, so that the same answer given twice is one.
  const kept = { ...options.data, navigate, lang: options.lang, tag: options.tag, key: crypto.randomUUID() };
  const shown = actions.map(({ action, title: words }) => ({ action, title: words }));
  await self.registration.showNotification(title, { ...options, actions: shown, data: kept });
  await reportShown(kept.device);
}

function readPush(data) {
  try {
    const { web_push: version, notification } = data.json();
    return version === 8030 && typeof notification?.title === "string" ? notification : undefined;
  } catch (error) {
    console.warn("a push cannot be read", error);
    return undefined;
  }
}

// The push service's acceptance of a message does not prove that the device showed it, and this report does.
async function reportShown(device) {
  if (!device) return;
  try {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * REPORT_WITHIN));
    await fetch(`/api/push/subscriptions/${encodeURIComponent(device)}/shown`, { method: "POST" });
  } catch (error) {
    console.info("the server does not know that a push was shown", error);
  }
}

async function clicked(notification, action) {
  notification.close();
  if (action === ACCEPT) return comeFrom(notification);
  return openPage(notification.data?.navigate);
}

// Reports that this house comes, and shows the result in the place of the alarm.
async function comeFrom({ data }) {
  const outcome = await accept(data).catch((error) => {
    console.warn("an accept is not sent", error);
    return "notSent";
  });
  const words = PUSH_WORDS[data.lang] ?? PUSH_WORDS.ko;
  const [title, body] = words[outcome];
  await self.registration.showNotification(title, {
    body,
    icon: ICON,
    lang: data.lang,
    tag: data.tag,
    requireInteraction: outcome === "notSent" || outcome === "signedOut",
    data: { ...data, class: "result", outcome },
  });
}

// Sends the accept, again with the same key where nothing final is answered (app/src/api/answers.json).
async function accept({ line, house, alert, key }) {
  const viewer = await signedInResident();
  if (!viewer?.house) return "signedOut";
  const body = JSON.stringify({ line, acceptHouse: viewer.house, targetHouse: house, alert });
  for (let tried = 1; ; tried += 1) {
    const meaning = await sendAccept(body, key).catch((error) => {
      if (tried >= TRIES) throw error;
      return { means: "again" };
    });
    if (meaning.means === "recorded") return "coming";
    if (meaning.means === "signed-out") return "signedOut";
    if (meaning.means === "refused") return meaning.type === "/problems/no-open-call" ? "over" : "notSent";
    // Neighbours have an accept that could not be recorded, but a later try may still record it.
    if (tried >= TRIES) return meaning.means === "heard" ? "coming" : "notSent";
    await new Promise((resolve) => setTimeout(resolve, PAUSE * tried));
  }
}

async function sendAccept(body, key) {
  const answer = await command("/accept", key, body);
  const [contentType, text] = [contentTypeOf(answer), await answer.text()];
  const type = isProblem(contentType) ? typeOf(parsed(text)) : undefined;
  return { means: meaningOf(answer.status, contentType, text), type };
}

// Brings a page of ours to the front, or opens the start page, which shows the open call.
async function openPage(navigate) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const home = pages.find((page) => new URL(page.url).pathname === HOME) ?? pages[0];
  if (home) return home.focus();
  const address = new URL(navigate ?? HOME, location.origin);
  return self.clients.openWindow(address.origin === location.origin ? address.href : HOME);
}

// The browser has replaced a subscription. The next page would notice it too, but that may be next month. The server
// keeps the name and the language of the device that had the old one.
async function renewSubscription({ oldSubscription, newSubscription }) {
  try {
    const key = oldSubscription?.options?.applicationServerKey;
    const fresh =
      newSubscription ??
      (key && (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })));
    if (!fresh) return;
    const answer = await fetch("/api/push/subscriptions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...fresh.toJSON(), replaces: oldSubscription?.endpoint }),
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
  } catch (error) {
    console.warn("a renewed subscription is not known to the server", error);
  }
}

// A person who signs out is not alarmed here any more. The push service answers 410 from then on, and the server
// forgets the device.
async function forgetSubscription() {
  try {
    await (await self.registration.pushManager?.getSubscription())?.unsubscribe();
  } catch (error) {
    console.warn("this device stays subscribed", error);
  }
}
