// Keeps /admin/statistics true while somebody looks at it. It asks every 15 seconds whether its figures have changed,
// and shows the page's new report then. The form, open tables, focus and what was typed stay. Without scripts nothing is refreshed.
"use strict";

const EVERY = 15000; // milliseconds
const page = document.querySelector("main[data-figures]");
let tag = page?.dataset.tag;
let timer;

const html = async () => {
  const answer = await ask(location.href, {});
  if (answer.redirected || !answer.ok) return location.reload(); // signed out, or no administrator any more
  return new DOMParser().parseFromString(await answer.text(), "text/html");
};

const ask = (address, headers) =>
  fetch(address, { cache: "no-store", headers, signal: AbortSignal.timeout(EVERY) });

// An element that can have focus has the same place in the old report and in the new one, unless a call came between.
const focusable = (report) => [...report.querySelectorAll("a, input:not([type=hidden]), summary, [tabindex]")];

function adopt(fresh) {
  const shown = document.getElementById("report");
  const open = [...shown.querySelectorAll("details[open]")].map((details) => details.id);
  const focused = focusable(shown).indexOf(document.activeElement);
  const typed = [...shown.querySelectorAll("input:not([type=hidden])")].map((input) => [input.name, input.value]);
  shown.replaceWith(document.importNode(fresh, true));
  for (const [name, value] of typed) {
    const input = document.querySelector(`#report input[name="${name}"]`);
    if (input) input.value = value;
  }
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  focusable(document.getElementById("report"))[focused]?.focus({ preventScroll: true });
}

async function refresh() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  const stale = document.getElementById("stale");
  try {
    const answer = await ask(page.dataset.figures, { "if-none-match": tag });
    if ([401, 403].includes(answer.status)) return location.reload();
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const fresh = await html();
      if (!fresh?.getElementById("report")) return;
      adopt(fresh.getElementById("report"));
      tag = fresh.querySelector("main[data-figures]").dataset.tag;
    }
    stale.hidden = true;
  } catch (error) {
    console.warn("the figures could not be asked for", error);
    stale.hidden = false;
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, EVERY);
}

if (page) {
  document.addEventListener("visibilitychange", refresh);
  timer = setTimeout(refresh, EVERY);
}
