// `node script/ports.mjs COUNT` prints this many free TCP ports of loopback, one a line.

import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Below the ports that Linux gives to outgoing connections, so that a server that is killed finds its port free when it
// comes back.
const [LOWEST, HIGHEST] = [20_000, 32_000];
const TRIES = 200;

// A port is given to nobody else for this long. The server that asked for it may not listen yet, or be dead for a
// while, and servers of several tests start at one time.
const RESERVED_FOR = 10 * 60_000; // milliseconds
const reserved = join(tmpdir(), `iutsai-ports-${process.getuid()}`);
mkdirSync(reserved, { recursive: true });

// Succeeds for one process of those that ask at one time.
const reserve = (port) => {
  const file = join(reserved, String(port));
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  // A file from the future is of a clock that was wrong.
  if (age > RESERVED_FOR || age < 0) rmSync(file, { force: true });
  try {
    writeFileSync(file, "", { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
};

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
  const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
  if (!reserve(port)) continue;
  const server = await listen(port);
  // Held until all are found, so that none is found twice.
  if (server) held.push(server);
}
console.log(held.map((server) => server.address().port).join("\n"));
held.forEach((server) => server.close());
