// Keeps the page /call/{id} true while it is open. Every five seconds it asks for the page again and replaces the
// changed parts, so that focus stays and screen readers read only the news. Without scripts the page loads itself
// again.
"use strict";

const EVERY = 5000; // milliseconds

// Returns the page's address, with the house and the line that name the call, and without the reason why a form was
// refused.
function address() {
  const asked = new URLSearchParams(location.search);
  const names = new URLSearchParams([...asked].filter(([name]) => name === "house" || name === "line"));
  return names.toString() ? `${location.pathname}?${names}` : location.pathname;
}

function adopt(shown, fresh) {
  if (shown.isEqualNode(fresh)) return;
  const alike = shown.nodeName === fresh.nodeName && shown.childElementCount === fresh.childElementCount;
  if (!alike) {
    shown.replaceWith(document.importNode(fresh, true));
    return;
  }
  for (const { name } of [...shown.attributes]) if (!fresh.hasAttribute(name)) shown.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) shown.setAttribute(name, value);
  if (shown.childElementCount) {
    const parts = [...fresh.children];
    [...shown.children].forEach((part, index) => adopt(part, parts[index]));
  } else {
    shown.textContent = fresh.textContent;
  }
}

async function refresh() {
  const stale = document.getElementById("stale");
  try {
    const answer = await fetch(address(), { cache: "no-store", signal: AbortSignal.timeout(EVERY) });
    if (answer.redirected) return location.reload(); // signed out
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    adopt(document.querySelector("main"), fresh.querySelector("main"));
  } catch (error) {
    console.warn("the state of the call could not be asked for", error);
    if (stale) stale.hidden = false;
  }
  setTimeout(refresh, EVERY);
}

setTimeout(refresh, EVERY);
