// The people of the demo complex, and their commands by HTTP.

import assert from "node:assert/strict";

const PASSWORD = "neighbour";

/** Signs in. Returns `{ origin, token, resident: { name, line, house, role } }`. */
export async function signIn(origin, name) {
  const { status, body } = await post(origin, undefined, "/api/session", { name, password: PASSWORD });
  assert.equal(status, 200, JSON.stringify(body));
  return { origin, ...body };
}

/** Posts JSON, with a bearer token if there is one. Returns the status, the content type, and the body read as JSON. */
export async function post(origin, token, path, body) {
  const answer = await fetch(`${origin}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  return { status: answer.status, type: answer.headers.get("content-type"), body: await answer.json() };
}

/** Calls from the person's own flat; the call's id once it is recorded. */
export async function press(person, call = {}) {
  const { line, house } = person.resident;
  return recorded(await post(person.origin, person.token, "/alert", { line, house, text: "", ...call }));
}

/** Comes to help; the accept's id once it is recorded. */
export async function accept(person, { targetHouse, alert }) {
  const { line, house: acceptHouse } = person.resident;
  return recorded(await post(person.origin, person.token, "/accept", { line, acceptHouse, targetHouse, alert }));
}

/** Takes the own call back. */
export async function cancel(person, alert) {
  return recorded(await post(person.origin, person.token, `/alert/${alert}/cancel`, {}));
}

function recorded({ status, body }) {
  assert.equal(status, 202, JSON.stringify(body));
  assert.match(body.state, /^(published|stored)$/);
  return body.id;
}
