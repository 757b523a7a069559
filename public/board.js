// Keeps /admin/board true while it hangs on a wall. The server sends the calls whenever one changes, and a sign of life
// every four seconds. This script puts them in place, sounds, runs the clock, and names the time since which nothing has
// come. Without scripts the browser loads the page again every ten seconds.
"use strict";

const QUIET = 10_000; // milliseconds without a sign of life after which the board is not connected
const GRACE = 4_000; // milliseconds that a connection which broke off may take to come back
const AGAIN = 3_000; // milliseconds between two attempts to connect where the browser makes none
const DISPLACED = 60_000; // as AGAIN, after a newer board took the place of this one
const BEEP = 1_200; // milliseconds between two tones

const board = document.getElementById("board");
const part = (name) => document.getElementById(`board-${name}`);
const words = (name, values = {}) =>
  Object.entries(values).reduce(
    (text, [place, value]) => text.replace(`{${place}}`, value),
    board.dataset[`words${name[0].toUpperCase()}${name.slice(1)}`],
  );
const two = (number) => String(number).padStart(2, "0");

let source;
let heardAt = performance.now(); // when the server was last heard, by the monotonic clock
let brokeAt; // when the connection broke off, while it is
let takenAt = performance.now(); // when the calls in place came; their ages count from there
let shift = 0; // milliseconds from the monotonic clock to that of the complex
let known; // the calls in place
const silenced = new Set();

// --- the clock -----------------------------------------------------------------------------------------------------

// The clock is the server's, because that of a screen on a wall may be wrong. UTC's readings are those of the complex.
const clock = (moment) => {
  const time = new Date(moment + shift);
  return { hours: two(time.getUTCHours()), minutes: two(time.getUTCMinutes()), seconds: two(time.getUTCSeconds()) };
};

function since(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return words("hours", { hours, minutes: two(minutes) });
  if (minutes > 0) return words("minutes", { minutes, seconds: two(seconds % 60) });
  return words("seconds", { seconds });
}

// --- the calls -----------------------------------------------------------------------------------------------------

const cards = () => [...document.querySelectorAll("[data-testid=board-call]")];

function adopt(html) {
  const fresh = document.importNode(html, true);
  // A picture that is there already stays, because a new one would flicker.
  for (const picture of fresh.querySelectorAll("image")) {
    const shown = document.querySelector(`#board-now image[href="${CSS.escape(picture.getAttribute("href"))}"]`);
    if (!shown) continue;
    for (const { name, value } of picture.attributes) shown.setAttribute(name, value);
    picture.replaceWith(shown);
  }
  part("now").replaceWith(fresh);
  takenAt = performance.now();
  settle();
}

// Applies what the calls in place bring along, which are the clock, the day, and the calls that are new.
function settle() {
  const { now, offset, day } = part("now").dataset;
  shift = Number(now) + Number(offset) - takenAt;
  part("day").textContent = day;
  const keys = new Set(cards().map((card) => card.dataset.key).filter(Boolean));
  const fresh = cards().filter((card) => card.dataset.key && !known?.has(card.dataset.key));
  known = keys;
  for (const key of silenced) if (!keys.has(key)) silenced.delete(key);
  if (fresh.length > 0) {
    (document.querySelector(".board-call.newest") ?? fresh[0]).scrollIntoView({ block: "nearest" });
    sound();
  }
  const heading = document.querySelector("[data-testid=board-heading]").textContent;
  if (part("news").textContent !== heading) part("news").textContent = heading;
}

// --- the sound -----------------------------------------------------------------------------------------------------

let audio;
let beeping;

const isArmed = () => audio?.state === "running";

// The calls that sound. Nobody comes to them, they are younger than ten minutes, and nobody silenced them here.
const sounding = () =>
  cards().filter(({ dataset }) => {
    const left = Number(dataset.soundsFor ?? 0) - (performance.now() - takenAt);
    return dataset.key && left > 0 && !silenced.has(dataset.key);
  });

// Browsers let a page sound after a tap only. A screen whose browser is set to allow it at once needs none.
function arm() {
  try {
    audio ??= new AudioContext();
  } catch (error) {
    return console.warn("this browser cannot sound", error);
  }
  audio.onstatechange = show;
  audio.resume().then(sound, (error) => console.warn("the sound stays off", error));
  stayOn();
}

// The screen does not turn itself off. The lock ends when the page is hidden, so it is asked for again.
function stayOn() {
  if (document.visibilityState !== "visible") return;
  navigator.wakeLock?.request("screen").catch((error) => console.warn("the screen may turn itself off", error));
}

function tone(frequency, from, length) {
  const [oscillator, gain] = [audio.createOscillator(), audio.createGain()];
  oscillator.type = "square";
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0.25, audio.currentTime + from);
  gain.gain.linearRampToValueAtTime(0, audio.currentTime + from + length);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(audio.currentTime + from);
  oscillator.stop(audio.currentTime + from + length);
}

function sound() {
  show();
  if (beeping || !isArmed() || sounding().length === 0) return;
  const root = document.documentElement;
  root.dataset.sounded = String(Number(root.dataset.sounded ?? 0) + 1);
  const beep = () => {
    if (!isArmed() || sounding().length === 0) {
      clearInterval(beeping);
      beeping = undefined;
      return show();
    }
    tone(880, 0, 0.45);
    tone(660, 0.5, 0.45);
  };
  beeping = setInterval(beep, BEEP);
  beep();
}

function silence() {
  for (const card of sounding()) silenced.add(card.dataset.key);
  show();
}

// --- the connection ------------------------------------------------------------------------------------------------

function heard() {
  heardAt = performance.now();
  brokeAt = undefined;
}

function listen() {
  source?.close();
  source = new EventSource(board.dataset.stream);
  source.addEventListener("calls", ({ data }) => {
    const fresh = new DOMParser().parseFromString(data, "text/html").getElementById("board-now");
    if (!fresh) return console.error("the server sent no calls");
    heard();
    adopt(fresh);
    show();
  });
  source.addEventListener("alive", () => {
    heard();
    show();
  });
  // The right to read the board has ended. The page of now shows why, and nobody reads the old calls any more.
  source.addEventListener("ended", () => {
    source.close();
    location.reload();
  });
  source.addEventListener("displaced", () => {
    source.close();
    brokeAt ??= performance.now();
    setTimeout(listen, DISPLACED);
  });
  source.addEventListener("error", () => {
    brokeAt ??= performance.now();
    show();
    if (source.readyState === EventSource.CLOSED) setTimeout(again, AGAIN);
  });
}

// The browser makes no further attempt where the answer was no stream. The page itself shows whether the server refuses
// or is busy.
async function again() {
  try {
    const answer = await fetch(location.pathname, { cache: "no-store", redirect: "manual" });
    if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) return location.reload();
  } catch (error) {
    console.warn("the server does not answer", error);
  }
  listen();
}

const isLost = () => {
  const now = performance.now();
  return now - heardAt > QUIET || (brokeAt !== undefined && now - brokeAt > GRACE);
};

// --- the screen ----------------------------------------------------------------------------------------------------

function change(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show() {
  const [now, lost] = [performance.now(), isLost()];
  const { hours, minutes, seconds } = clock(now);
  change(part("time"), `${hours}:${minutes}`);
  change(part("seconds"), `:${seconds}`);
  const ready = part("ready");
  ready.dataset.state = lost ? "lost" : brokeAt === undefined ? "connected" : "connecting";
  change(ready, words(ready.dataset.state === "connected" ? "connected" : "connecting"));

  const stale = part("stale");
  board.classList.toggle("stale", lost);
  stale.hidden = !lost;
  if (lost) {
    const at = clock(heardAt);
    change(stale.querySelector("b"), words("lost", { time: `${at.hours}:${at.minutes}` }));
    change(stale.querySelector("span"), words("old", { ago: since(now - heardAt) }));
  }
  for (const card of cards()) {
    change(card.querySelector("[data-since]"), since(Number(card.dataset.age) + now - takenAt));
  }
  part("arm").hidden = isArmed();
  part("arm").dataset.armed = String(isArmed());
  part("armed").hidden = !isArmed();
  part("silence").hidden = !isArmed() || sounding().length === 0;
}

if (board) {
  // A call that stood there when the page was loaded sounds, too, if the browser lets the page.
  settle();
  part("arm").addEventListener("click", arm);
  part("silence").addEventListener("click", silence);
  document.addEventListener("visibilitychange", stayOn);
  arm();
  listen();
  show();
  setInterval(show, 1000);
} else {
  // The page shows that this screen may not read the board now. It asks again, because nobody is there to do it.
  const retry = Number(document.querySelector("main[data-retry]")?.dataset.retry ?? 0);
  if (retry > 0) setTimeout(() => location.reload(), retry * 1000);
}
