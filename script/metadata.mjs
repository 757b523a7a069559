// `node script/metadata.mjs PORT` asks the Kafka broker there for its metadata and prints the ids of all brokers it
// names, in order and on one line; status 1 when it does not answer. Kafka's protocol guide, Metadata request (version
// 1).

import { connect } from "node:net";

const PATIENCE = 2_000; // milliseconds

const [METADATA, VERSION] = [3, 1];
const CORRELATION = 1;

/** Returns a request for no topic, made of length, header (key, version, correlation id, no client id), and an empty
 * list. */
function request() {
  const buffer = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 4);
  buffer.writeInt32BE(buffer.length - 4, 0);
  buffer.writeInt16BE(METADATA, 4);
  buffer.writeInt16BE(VERSION, 6);
  buffer.writeInt32BE(CORRELATION, 8);
  buffer.writeInt16BE(-1, 12);
  buffer.writeInt32BE(0, 14);
  return buffer;
}

/** Returns the ids in a whole response, which has length, correlation id, then the brokers (id, host, port, rack). */
function brokers(response) {
  let at = 12;
  const skipText = () => (at += 2 + Math.max(0, response.readInt16BE(at)));
  const ids = [];
  for (let left = response.readInt32BE(8); left > 0; left -= 1) {
    ids.push(response.readInt32BE(at));
    at += 4;
    skipText();
    at += 4;
    skipText();
  }
  return ids.sort((one, other) => one - other);
}

const giveUp = (reason) => {
  console.error(reason);
  process.exit(1);
};

setTimeout(() => giveUp("no answer in time"), PATIENCE).unref();
const socket = connect({ host: "127.0.0.1", port: Number(process.argv[2]) });
let received = Buffer.alloc(0);
socket.on("error", (error) => giveUp(error.message));
socket.on("close", () => giveUp("the broker closed the connection"));
socket.on("data", (data) => {
  received = Buffer.concat([received, data]);
  if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
    console.log(brokers(received).join(" "));
    process.exit(0);
  }
});
socket.write(request());
