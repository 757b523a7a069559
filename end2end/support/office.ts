// The management office, by HTTP: it ends what tests leave open, so that each begins with a quiet house.

import type { Program } from "./program.ts";

/** Signed in as the administrator. */
export class Office {
  private readonly heard: Promise<string | undefined>[] = [];

  private constructor(
    private readonly program: Program,
    private readonly token: string,
  ) {}

  static async opened(program: Program, password: string): Promise<Office> {
    const answer = await fetch(`${program.origin}/api/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "admin", password }),
    });
    if (answer.status !== 200) {
      throw new Error(`the administrator cannot sign in: ${answer.status} ${await answer.text()}`);
    }
    const { token } = (await answer.json()) as { token: string };
    return new Office(program, token);
  }

  /** Remembers a call, if there turns out to be one. */
  hear(call: Promise<string | undefined>): void {
    // A browser that is closed meanwhile takes the answer with it; then there is nothing to remember.
    this.heard.push(call.catch(() => undefined));
  }

  /** Ends every call heard of that is still open. */
  async endCalls(): Promise<void> {
    const calls = new Set(await Promise.all(this.heard.splice(0)));
    calls.delete(undefined);
    for (const call of calls) {
      const answer = await fetch(`${this.program.origin}/alert/${call}/resolve`, {
        method: "POST",
        headers: { authorization: `Bearer ${this.token}` },
      });
      const { status } = answer;
      // 409: it was over already.
      if (status !== 202 && status !== 409) {
        throw new Error(`call ${call} cannot be ended: ${status} ${await answer.text()}`);
      }
    }
  }
}
