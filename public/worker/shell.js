// The part of the service worker that keeps the home page and its files. Two kinds of caches, so that nothing of two
// versions ever meets:
//
//   iutsai-page             one entry, the home page as last rendered for who is signed in; gone at sign-out
//   iutsai-files-<version>  the files that pages of this version ask for with ?v=<version>, each checked by its hash
//
// The page is put last, and only once the files of its version are all there, so that one entry is the switch.
"use strict";

const PAGE = "iutsai-page";
const FILES = "iutsai-files-";
// The list of the site's files, as { version, files: { path: SHA-256 in hex } }; script/site-version.mjs writes it.
const LIST = "/site.json";
// The header by which a page names the version of the files it was rendered for.
const SITE_VERSION = "iutsai-site";

// The number of times that the page was removed. An answer to a request from before that is not kept any more.
let departures = 0;
const keeping = new Map(); // version -> promise

// Applies the server's answer to a request for the home page to the kept one.
async function take(answer, url) {
  if (answer.type === "opaqueredirect") {
    // `?lang=` leads to the same page again; everything else leads away because nobody is signed in.
    if (!url.searchParams.has("lang")) await forgetPage();
  } else if (answer.ok) {
    await keepPage(answer.clone());
  }
}

async function keepHome() {
  try {
    await take(await fetch("/", { redirect: "manual", headers: { accept: "text/html" } }), new URL(location.origin));
  } catch (error) {
    console.warn("the page is not kept", error);
  }
}

async function keepPage(answer) {
  const before = departures;
  const version = answer.headers.get(SITE_VERSION);
  if (!version) return;
  const html = await answer.text();
  // The time when the page was rendered, by this device's clock. The page counts its time from there.
  const kept = html.replace("<html", `<html data-kept="${Date.now()}"`);
  try {
    await keepFiles(version);
    if (before !== departures) return;
    await (await caches.open(PAGE)).put("/", new Response(kept, { headers: plainHeaders(answer) }));
    if (before !== departures) await forgetPage();
    await forgetOtherFiles(version);
  } catch (error) {
    console.warn("the page is not kept", error);
  }
}

const keptPage = () => caches.match("/", { cacheName: PAGE });

async function forgetPage() {
  departures += 1;
  await caches.delete(PAGE);
}

// Only files have a dot in their last segment.
const isFile = (url) => /\.\w+$/.test(url.pathname);

// Returns a file in exactly the version that the page asks for. Where it asks for none, as CSS does for its pictures,
// it is the newest there is.
async function file(request, url) {
  const version = url.searchParams.get("v");
  if (!version) return fetch(request).catch(async () => (await caches.match(url.pathname)) ?? Response.error());
  return (await caches.match(url.pathname, { cacheName: FILES + version })) ?? fetch(request);
}

function keepFiles(version) {
  if (!keeping.has(version)) {
    keeping.set(version, fetchFiles(version).finally(() => keeping.delete(version)));
  }
  return keeping.get(version);
}

async function fetchFiles(version) {
  if (await caches.match(LIST, { cacheName: FILES + version })) return; // it was put last, so all are there
  const list = await fetchFile(LIST);
  const { version: offered, files } = await list.clone().json();
  if (offered !== version) throw new Error(`the page is of version ${version}, the files are of ${offered}`);
  const cache = await caches.open(FILES + version);
  await Promise.all(
    Object.entries(files).map(async ([path, hash]) => cache.put(path, await fetchChecked(`${path}?v=${version}`, hash))),
  );
  await cache.put(LIST, list);
}

// `no-cache` asks the server whether what the browser has is still the newest; `reload` does not even look.
async function fetchChecked(address, hash) {
  for (const cache of ["no-cache", "reload"]) {
    const answer = await fetchFile(address, cache);
    const bytes = await answer.arrayBuffer();
    if ((await sha256(bytes)) === hash) return new Response(bytes, { headers: plainHeaders(answer) });
  }
  throw new Error(`${address} is of another version`);
}

async function fetchFile(address, cache = "no-cache") {
  const answer = await fetch(address, { cache });
  if (!answer.ok) throw new Error(`${address}: status ${answer.status}`);
  return answer;
}

async function forgetOtherFiles(version) {
  const others = (await caches.keys()).filter((name) => name.startsWith(FILES) && name !== FILES + version);
  await Promise.all(others.map((name) => caches.delete(name)));
}

// The headers of what has been unpacked and may have another length now.
function plainHeaders(answer) {
  const headers = new Headers(answer.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  return headers;
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
