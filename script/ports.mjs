// `node script/ports.mjs COUNT` prints this many free TCP ports of loopback, one a line.

import { createServer } from "node:net";

// Below the ports that Linux gives to outgoing connections, so that a server that is killed finds its port free when it
// comes back.
const [LOWEST, HIGHEST] = [20_000, 32_000];
const TRIES = 200;

const listen = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => resolve(server));
  });

const count = Number(process.argv[2]);
const held = [];
for (let left = TRIES + count; held.length < count; left -= 1) {
  if (left === 0) {
    console.error(`no ${count} free ports were found between ${LOWEST} and ${HIGHEST}`);
    process.exit(1);
  }
  const server = await listen(LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST)));
  // Held until all are found, so that none is found twice.
  if (server) held.push(server);
}
console.log(held.map((server) => server.address().port).join("\n"));
held.forEach((server) => server.close());
