// The service worker. It keeps the home page for when there is no network, sends kept presses when there is one again
// and no page to do it, and shows what is pushed. Requests that it does not name here (commands, sockets, the API) go to
// the network untouched.
"use strict";

importScripts(
  "/outbox.js",
  "/worker/pages.js",
  "/worker/shell.js",
  "/worker/deliver.js",
  "/worker/no-answer.js",
  "/worker/push.js",
);

// Milliseconds that a page may take before the worker answers in its place.
const PATIENCE_WITH_HOME = 3_000;
const PATIENCE_WITH_OTHERS = 20_000;

const [HOME] = PAGES.map((page) => page.path);
// It stands on a wall, where nobody would try again. The browser's own page about an error does.
const BOARD = "/admin/board";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  // The page that registered this worker came past it, so it is asked for again, to be kept.
  event.waitUntil(self.clients.claim().then(keepHome));
});

self.addEventListener("message", (event) => {
  if (event.data === "signed-out") event.waitUntil(forgetPage());
});

self.addEventListener("sync", (event) => {
  if (event.tag === "presses") event.waitUntil(deliver());
});

// A form of another site is not this worker's business, because a worker's request looks like its own site's.
const isOurs = (request) => request.method === "GET" || request.referrer.startsWith(`${location.origin}/`);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin || !isOurs(request)) return;
  if (request.mode !== "navigate") {
    if (request.method === "GET" && isFile(url)) event.respondWith(file(request, url));
  } else if (request.method === "GET" && url.pathname === HOME) {
    event.respondWith(home(event, url));
  } else if (request.method === "GET" && (url.pathname === BOARD || !isPage(url.pathname))) {
    return;
  } else if (request.method === "POST" && url.pathname === "/sign-out") {
    // The push service may take its time, for which nobody waits.
    event.waitUntil(forgetSubscription());
    event.respondWith(signOut(request));
  } else {
    event.respondWith(elsewhere(request));
  }
});

// Returns the home page, which is the server's, or the kept one when the server does not answer soon or cannot.
async function home(event, url) {
  const coming = fetch(event.request);
  // Before the reader of the answer, so that there still is one to copy.
  event.waitUntil(coming.then((answer) => take(answer, url)).catch(() => {}));
  const kept = await keptPage();
  if (!kept) return coming.catch(() => noAnswer(event.request));
  const answer = await Promise.race([coming.catch(() => undefined), after(PATIENCE_WITH_HOME)]);
  // Only a page or the way to one comes in its place, because a proxy's error page has no button.
  return answer?.ok || answer?.type === "opaqueredirect" ? answer : kept;
}

// Signing out removes the kept page before the server is asked, whatever it answers, and once more afterwards, because
// another tab may have loaded the page meanwhile.
async function signOut(request) {
  await forgetPage();
  const answer = await elsewhere(request);
  await forgetPage();
  return answer;
}

const OWN_ANSWER = "iutsai-answer";

// Passes on any other page, and the requests of forms. A form that gets an error which is not the server's own, such as
// a proxy's page, has no answer, so it can be sent again.
function elsewhere(request) {
  const posts = request.method === "POST";
  const form = posts ? request.clone() : request;
  const late = after(PATIENCE_WITH_OTHERS).then(() => noAnswer(form));
  const answered = fetch(request).then((answer) => {
    const isForeign = answer.status >= 400 && !isProblem(contentTypeOf(answer)) && !answer.headers.has(OWN_ANSWER);
    return posts && isForeign ? noAnswer(form) : answer;
  });
  return Promise.race([answered.catch(() => noAnswer(form)), late]);
}

const after = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
