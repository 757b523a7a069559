// The part of the service worker that sends kept presses, by the rules of the page (app/src/press): the same key, only
// what is young, only for who pressed. What the server answered is kept until a page has told it.
"use strict";

const TO_PAGES = 3_000; // milliseconds that open pages get to send it themselves
const TO_ANSWER = 15_000; // milliseconds until a request is given up: a server whose disk hangs answers after ten seconds
const HEARD_ONLY = "/problems/heard-not-recorded"; // as in app/src/api/answer.rs

// Sends what may be sent. Rejects when something is left that is worth another try: the browser wakes the worker again.
async function deliver() {
  if (!(await unsent()).length) return;
  if ((await self.clients.matchAll({ type: "window", includeUncontrolled: true })).length) {
    await new Promise((resolve) => setTimeout(resolve, TO_PAGES));
  }
  const presses = await unsent();
  if (!presses.length) return;
  const viewer = await whoIsSignedIn();
  const theirs = presses.filter((press) => isOf(press, viewer));
  const results = await Promise.allSettled(theirs.map(send));
  const failure = results.find(({ status }) => status === "rejected");
  if (failure) throw failure.reason;
}

const unsent = async () => (await iutsaiOutbox.all()).filter((press) => !press.outcome && isYoung(press, Date.now()));

// The difference counts either way: a clock that was set back makes nothing young again.
const isYoung = ({ wantedAt, asksAfter }, now) => Math.abs(now - wantedAt) < asksAfter;

function isOf({ by, body }, viewer) {
  const { line, house } = JSON.parse(body);
  return viewer?.name === by && viewer.line === line && viewer.house === house;
}

async function whoIsSignedIn() {
  const answer = await fetch("/api/session", { cache: "no-store", signal: AbortSignal.timeout(TO_ANSWER) });
  if (answer.status === 401) return undefined;
  if (!answer.ok) throw new Error(`who is signed in: status ${answer.status}`);
  return answer.json();
}

async function send({ key }) {
  const body = await iutsaiOutbox.fix(key);
  if (!body) return; // a page has sent it meanwhile
  const answer = await fetch("/alert", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, application/problem+json",
      "idempotency-key": key,
    },
    body,
    signal: AbortSignal.timeout(TO_ANSWER),
  });
  const text = await answer.text();
  if (parsed(text)?.type === HEARD_ONLY) await iutsaiOutbox.heard(key);
  const outcome = read(answer.status, text);
  if (outcome) await iutsaiOutbox.settle(key, outcome);
}

// What an answer means, as app/src/api/answer.rs reads it: nothing when the press stays as it is. Throws when it is to be
// sent again.
function read(status, text) {
  const body = parsed(text);
  if (status === 202 && body?.id) return { recorded: { id: body.id, state: body.state, at: Date.now() } };
  // Signed out, or somebody else since it was asked: the page says so, or finds another reason.
  if (status === 401 || status === 403) return undefined;
  if (status < 400 || status >= 500 || [408, 425, 429].includes(status)) throw new Error(`POST /alert: status ${status}`);
  const unknown = { type: "about:blank", title: `HTTP ${status}`, status, detail: `The server answered with HTTP status ${status}.` };
  return { refused: body?.detail ? { ...unknown, ...body } : unknown };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
