// The management office, by HTTP. It ends the calls that tests leave open, so that each begins with a quiet house.

import type { Program } from "./program.ts";

/** Signed in as the administrator. */
export class Office {
  private readonly calls = new Set<string>();

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

  /** Remembers a call that somebody tries to make. */
  remember(call: string | undefined): void {
    if (call) this.calls.add(call);
  }

  /** Ends every remembered call that is still open. */
  async endCalls(): Promise<void> {
    const calls = [...this.calls];
    this.calls.clear();
    for (const call of calls) {
      const answer = await fetch(`${this.program.origin}/alert/${call}/resolve`, {
        method: "POST",
        headers: { authorization: `Bearer ${this.token}` },
      });
      // 404, because it never reached the server, or 409, because it was over already.
      if (![202, 404, 409].includes(answer.status)) {
        throw new Error(`call ${call} cannot be ended: ${answer.status} ${await answer.text()}`);
      }
    }
  }
}
