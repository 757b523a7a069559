// The real program on a free port, with a data directory of its own and the demo complex.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The time for the program to start, and to stop, before a test gives up on it, in milliseconds. */
const PATIENCE = 60_000;

/** Settings of the developer's machine must not reach the program; the kept ones have the places of its parts. */
const SETTING = /^(IUTSAI|KAFKA|MAP)_|^DATABASE_URL$/;
const KEPT_SETTINGS = ["IUTSAI_SITE_DIR"];

/** Starts the program and waits until it is ready. Returns its address, its output, and the function that stops it. */
export async function startProgram() {
  const dataDir = await mkdtemp(join(tmpdir(), "iutsai-stomp-"));
  const path = programPath();
  const child = spawn(path, ["serve"], { env: environment(dataDir), stdio: ["ignore", "pipe", "pipe"] });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (log += text));
  }
  let failure;
  child.once("error", (error) => (failure = `${path} does not start: ${error.message}`));
  child.once("exit", (code, signal) => (failure = `the program ended (${code ?? signal})`));

  const stop = async () => {
    process.off("exit", killWithUs);
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (!hasEnded()) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const impatience = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
      await ended;
      clearTimeout(impatience);
    }
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    if (child.exitCode !== 0) {
      throw new Error(`the program did not end in order: ${child.exitCode ?? child.signalCode}\n${log}`);
    }
  };

  let origin;
  const until = async (what, holds) => {
    const deadline = Date.now() + PATIENCE;
    while (!(await holds())) {
      if (failure || Date.now() > deadline) {
        child.kill("SIGKILL");
        await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
        throw new Error(`${failure ?? `the program never ${what}`}\n${log}`);
      }
      await new Promise((next) => setTimeout(next, 20));
    }
  };
  await until("reported its address", () => {
    origin = /iutsai listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(log)?.[1];
    return origin !== undefined;
  });
  await until("became ready", () =>
    fetch(`${origin}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  return { origin, log: () => log, stop };
}

function programPath() {
  const built = fileURLToPath(new URL("../../../target/iutsai/iutsai", import.meta.url));
  const path = resolve(process.env.IUTSAI_PROGRAM ?? built);
  if (!existsSync(path)) {
    throw new Error(`${path} does not exist: run script/build, or name the program in IUTSAI_PROGRAM`);
  }
  return path;
}

function environment(dataDir) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => KEPT_SETTINGS.includes(name) || !SETTING.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    IUTSAI_LISTEN: "127.0.0.1:0",
    IUTSAI_DATA_DIR: dataDir,
    IUTSAI_DEMO: "1",
  };
}
