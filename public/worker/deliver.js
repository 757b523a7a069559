// The part of the service worker that sends kept presses, by the rules of the page (app/src/press). It keeps the same
// key, and sends only young presses, and only for the person who pressed. The server's answer is kept until a page has
// shown it.
"use strict";

const TO_PAGES = 3_000; // milliseconds that open pages get to send it themselves
const TO_ANSWER = 15_000; // milliseconds; a server whose disk hangs answers after ten seconds

// The server's own words, as in app/src/api/answer.rs. Only these types of problem end a press; app/src/api/answers.json is the
// table that both lists are tested with.
const PROBLEM = "application/problem+json";
const NOT_SIGNED_IN = "/problems/not-signed-in";
const HEARD_ONLY = "/problems/heard-not-recorded";
const ID_TAKEN = "/problems/id-taken"; // the press is sent at once under a new id
const CALL_STANDS = "/problems/call-stands"; // a call of the house is open and was heard
const FINAL = [
  "/problems/malformed",
  "/problems/not-yours",
  "/problems/foreign-origin",
  "/problems/not-found",
  "/problems/unknown-call",
  "/problems/method-not-allowed",
  "/problems/no-open-call",
  "/problems/several-calls",
  "/problems/too-large",
  "/problems/unsupported-media-type",
  "/problems/invalid",
  "/problems/idempotency-key-invalid",
  "/problems/idempotency-key-reused",
  ID_TAKEN,
  CALL_STANDS,
];

// Sends the presses that may be sent. Rejects when one is left that is worth another try, so that the browser wakes the
// worker again.
async function deliver() {
  if (!(await unsent()).length) return;
  if ((await self.clients.matchAll({ type: "window", includeUncontrolled: true })).length) {
    await new Promise((resolve) => setTimeout(resolve, TO_PAGES));
  }
  const presses = await unsent();
  if (!presses.length) return;
  const viewer = await signedInResident();
  const theirs = presses.filter((press) => isOf(press, viewer));
  const results = await Promise.allSettled(theirs.map(({ key }) => send(key, viewer.locationOff)));
  const failure = results.find(({ status }) => status === "rejected");
  if (failure) throw failure.reason;
}

const unsent = async () => (await iutsaiOutbox.all()).filter((press) => !press.outcome && isYoung(press, Date.now()));

// The difference counts either way, because a clock that was set back makes nothing young again.
const isYoung = ({ wantedAt, asksAfter }, now) => Math.abs(now - wantedAt) < asksAfter;

function isOf({ by, body }, viewer) {
  const { line, house } = JSON.parse(body);
  return viewer?.name === by && viewer.line === line && viewer.house === house;
}

async function signedInResident() {
  const answer = await fetch("/api/session", { cache: "no-store", signal: AbortSignal.timeout(TO_ANSWER) });
  const text = await answer.text();
  if (meaningOf(answer.status, contentTypeOf(answer), text) === "signed-out") return undefined;
  const resident = answer.ok ? parsed(text) : undefined;
  // A hotspot's or a proxy's answer means nothing for the session.
  if (typeof resident?.name !== "string") throw new Error(`who is signed in: status ${answer.status}`);
  return { ...resident, locationOff: answer.headers.get("iutsai-location") === "off" };
}

// Returns a body without where the caller is.
function withoutLocation(body) {
  const { lat: _lat, lng: _lng, accuracy: _accuracy, ...rest } = JSON.parse(body);
  return JSON.stringify(rest);
}

async function send(key, locationOff) {
  const body = await iutsaiOutbox.fix(key);
  if (!body) return; // a page has sent it meanwhile
  // It was kept before the person turned the location off.
  const answer = await command("/alert", key, locationOff ? withoutLocation(body) : body);
  const [contentType, text] = [contentTypeOf(answer), await answer.text()];
  if (meaningOf(answer.status, contentType, text) === "heard") await iutsaiOutbox.markHeard(key);
  if (isProblem(contentType) && typeOf(parsed(text)) === ID_TAKEN) {
    const fresh = await iutsaiOutbox.renew(key);
    if (fresh) await send(fresh, locationOff);
    return;
  }
  const outcome = read(answer.status, contentType, text);
  // A press that was one too many needs no words of its own, because the page shows the call that stands.
  if (outcome?.refused?.type === CALL_STANDS) await iutsaiOutbox.forget(key, outcome);
  else if (outcome) await iutsaiOutbox.recordOutcome(key, outcome);
}

// Sends a command as JSON under its key.
const command = (path, key, body) =>
  fetch(path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, application/problem+json",
      "idempotency-key": key,
    },
    body,
    signal: AbortSignal.timeout(TO_ANSWER),
  });

// Returns the outcome that an answer brings, and nothing when the press stays as it is. Throws when it is to be sent
// again.
function read(status, contentType, text) {
  switch (meaningOf(status, contentType, text)) {
    case "recorded": {
      const { id, state } = parsed(text);
      return { recorded: { id, state, at: Date.now() } };
    }
    case "signed-out":
      return undefined; // the page asks to sign in
    case "refused":
      // Another person may have signed in since it was asked, which the page finds out.
      return status === 403 ? undefined : { refused: parsed(text) };
    default:
      throw new Error(`POST /alert: status ${status}`);
  }
}

// Returns the meaning of an answer, in the words of the table; app/src/api/answer.rs reads it in the same way. The
// answer of a proxy or a hotspot ends nothing.
function meaningOf(status, contentType, text) {
  if (status === 202) return isRecorded(parsed(text)) ? "recorded" : "again";
  const type = isProblem(contentType) ? typeOf(parsed(text)) : undefined;
  if (status === 401 && type === NOT_SIGNED_IN) return "signed-out";
  if (status === 503 && type === HEARD_ONLY) return "heard";
  if (status >= 400 && status < 500 && FINAL.includes(type)) return "refused";
  return status === 429 ? "busy" : "again";
}

const contentTypeOf = (answer) => answer.headers.get("content-type");

const isProblem = (contentType) => contentType?.split(";")[0].trim().toLowerCase() === PROBLEM;

// The type of a problem that has all its words.
function typeOf(problem) {
  const isWhole = ["type", "title", "detail"].every((name) => typeof problem?.[name] === "string");
  return isWhole && Number.isInteger(problem.status) ? problem.type : undefined;
}

function isRecorded(body) {
  return typeof body?.id === "string" && /^[0-9a-f-]{36}$/i.test(body.id) && ["published", "stored"].includes(body.state);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
