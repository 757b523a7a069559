// A receiver for the webhook of 이웃사이 with nothing but Node.js. It checks who sent a message and when, drops doubles,
// and prints a line for each. Put your gateway into `forward`, and a proxy with TLS in front of the port.
//
//     WEBHOOK_SECRET=whsec_… PORT=8080 node webhook-receiver.mjs

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

/** The seconds by which a request may be older or newer than the clock of this machine. */
const LARGEST_AGE = 5 * 60;
/** The octets of a body; those of 이웃사이 have less than a thousand. */
const LARGEST_BODY = 16 * 1024;
/** The messages that are remembered, so that a repetition is not forwarded again. */
const REMEMBERED = 10_000;

const secret = Buffer.from((process.env.WEBHOOK_SECRET ?? "").replace(/^whsec_/, ""), "base64");
if (secret.length < 24) {
  console.error("set WEBHOOK_SECRET to the value of IUTSAI_WEBHOOK_SECRET");
  process.exit(2);
}

/** Sends a text to people. If this fails, the answer is 500, and the message comes again. */
async function forward({ type, data }) {
  const mark = data.drill ? "[훈련] " : "";
  const what = type === "end" ? "호 요청이 끝났어요" : "호에서 도움을 요청했어요";
  const where = data.location ? ` · ${data.location.lat},${data.location.lng}` : "";
  const since = data.local.slice(11, 16);
  console.log(`${mark}${data.line} ${data.house}${what} · ${since}${where} ${data.page ?? ""}`.trimEnd());
}

/** Returns whether somebody with the secret sent exactly this body, and not long ago. */
function isGenuine(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!id || !signatures || !(age <= LARGEST_AGE)) return false;
  const wanted = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(" ").some((signature) => {
    const [version, text = ""] = signature.split(",");
    const given = Buffer.from(text, "base64");
    return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

async function read(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LARGEST_BODY) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The messages by id, each with the promise of its forwarding. */
const messages = new Map();

function forwardOnce(id, message) {
  const known = messages.get(id);
  if (known) return known;
  const forwarded = forward(message);
  messages.set(id, forwarded);
  forwarded.catch(() => messages.delete(id));
  if (messages.size > REMEMBERED) messages.delete(messages.keys().next().value);
  return forwarded;
}

async function answer(request) {
  if (request.method !== "POST") return 405;
  const body = await read(request);
  if (!body) return 413;
  if (!isGenuine(request.headers, body)) return 401;
  const message = JSON.parse(body);
  // A type that a later version adds is accepted and left alone.
  if (message.type === "call" || message.type === "end") await forwardOnce(request.headers["webhook-id"], message);
  return 204;
}

const server = createServer(async (request, response) => {
  let status = 500;
  try {
    status = await answer(request);
  } catch (error) {
    console.error(error);
  }
  response.writeHead(status).end();
});
server.listen(process.env.PORT ?? 8080, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
