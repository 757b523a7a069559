// The real program on a free port, with a data directory of its own and the demo complex.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The time for the program to start, and to stop, before a test gives up on it, in milliseconds. */
const PATIENCE = 60_000;

/** Settings of the developer's machine must not reach the program; these have the places of its parts. */
const KEPT_SETTINGS = ["IUTSAI_SITE_DIR"];
const SETTING = /^(IUTSAI|KAFKA|MAP)_|^(DATABASE_URL|RUST_LOG)$/;

/** The running program. `start` and `stop` may alternate, and port and data stay the same. */
export class Program {
  private child: ChildProcess | undefined;
  private port = 0;
  private output = "";
  private readonly killWithUs = () => this.child?.kill("SIGKILL");

  private constructor(
    private readonly dataDir: string,
    private readonly settings: NodeJS.ProcessEnv,
  ) {}

  /** A program that is ready, with these settings beside the usual ones. */
  static async started(settings: NodeJS.ProcessEnv = {}): Promise<Program> {
    const program = new Program(await mkdtemp(join(tmpdir(), "iutsai-end2end-")), { ...settings });
    process.once("exit", program.killWithUs);
    try {
      await program.start();
    } catch (error) {
      await program.remove();
      throw error;
    }
    return program;
  }

  /** Where browsers reach it. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The file that makes a call durable. */
  get outbox(): string {
    return join(this.dataDir, "outbox.db");
  }

  /** Its port. */
  get listensOn(): number {
    return this.port;
  }

  /** The output so far, of every start. */
  get log(): string {
    return this.output;
  }

  /** Starts it, with these settings beside those it had. */
  async start(settings: NodeJS.ProcessEnv = {}): Promise<void> {
    Object.assign(this.settings, settings);
    const path = programPath();
    const child = spawn(path, ["serve"], { env: this.environment(), stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    const begun = this.output.length;
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    let gone: string | undefined;
    child.once("error", (error) => (gone = `${path} does not start: ${error.message}`));
    child.once("exit", (code, signal) => (gone = `the program ended while starting (${code ?? signal})`));
    await this.until("reports where it listens", () => gone, async () => {
      const listening = /iutsai listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(this.output.slice(begun));
      this.port = Number(listening?.[1] ?? this.port);
      return Boolean(listening);
    });
    await this.until("is ready", () => gone, async () => {
      const answer = await fetch(`${this.origin}/readyz`).catch(() => undefined);
      return answer?.status === 200;
    });
  }

  /** Runs one of its commands beside it, and returns what that printed. */
  async run(...command: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(programPath(), command, { env: this.environment() });
    return stdout;
  }

  /** Stops it. SIGTERM lets it finish its work, SIGKILL does not. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = new Promise<void>((done) => child.once("exit", () => done()));
    child.kill(signal);
    const impatience = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    await ended;
    clearTimeout(impatience);
    if (signal === "SIGTERM" && child.signalCode === "SIGKILL") {
      throw new Error(`the program did not stop within ${PATIENCE / 1000} s of SIGTERM\n${this.output}`);
    }
  }

  /** Stops it finally and removes its data. Fails if it ever panicked. */
  async end(): Promise<void> {
    try {
      await this.stop();
    } finally {
      await this.remove();
    }
    if (this.output.includes("panicked at")) {
      throw new Error(`the program panicked\n${this.output}`);
    }
  }

  private async remove(): Promise<void> {
    process.off("exit", this.killWithUs);
    this.child?.kill("SIGKILL");
    // The program may write until it is gone.
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  private environment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(
      ([name]) => KEPT_SETTINGS.includes(name) || !SETTING.test(name),
    );
    return {
      ...Object.fromEntries(inherited),
      IUTSAI_LISTEN: `127.0.0.1:${this.port}`,
      IUTSAI_DATA_DIR: this.dataDir,
      IUTSAI_DEMO: "1",
      ...this.settings,
    };
  }

  private async until(what: string, gone: () => string | undefined, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!(await holds())) {
      const reason = gone() ?? (Date.now() > deadline ? `the program never ${what}` : undefined);
      if (reason) {
        throw new Error(`${reason}\n${this.output}`);
      }
      await new Promise((next) => setTimeout(next, 20));
    }
  }
}

/** Where the program is that the tests start. */
export function programPath(): string {
  const built = fileURLToPath(new URL("../../target/iutsai/iutsai", import.meta.url));
  const path = resolve(process.env.IUTSAI_PROGRAM ?? built);
  if (!existsSync(path)) {
    throw new Error(`${path} does not exist: run script/build, or name the program in IUTSAI_PROGRAM`);
  }
  return path;
}
