// A disk on which nothing can be recorded, because another program keeps a transaction open on the outbox.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

import type { Program } from "./program.ts";

const HOLD = `
import sqlite3, sys, time
outbox = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
outbox.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(120)`;

/** While it is held, no call can be recorded; reading goes on. */
export class HungDisk {
  private constructor(private readonly holder: ChildProcess) {}

  static async of(program: Program): Promise<HungDisk> {
    const holder = spawn("python3", ["-c", HOLD, program.outbox], { stdio: ["ignore", "pipe", "inherit"] });
    process.once("exit", () => holder.kill("SIGKILL"));
    await once(holder.stdout!, "data");
    return new HungDisk(holder);
  }

  /** Calls can be recorded again. */
  async mended(): Promise<void> {
    if (this.holder.exitCode !== null || this.holder.signalCode !== null) {
      return;
    }
    const ended = once(this.holder, "exit");
    this.holder.kill("SIGKILL");
    await ended;
  }
}
