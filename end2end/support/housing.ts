// A housing service, which is a small OpenID provider of the test's own with one page, on which its person signs in.

import { type KeyObject, createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

const CLIENT = "iutsai";
const SECRET = "a secret of the test";

/** A code that was given, with what must come back for it. */
interface Given {
  challenge: string;
  nonce: string;
}

export class HousingService {
  private readonly codes = new Map<string, Given>();
  private readonly keys: { publicKey: KeyObject; privateKey: KeyObject };
  private readonly server: Server;

  private constructor(
    /** The name of the account that its person has with us. */
    private readonly account: string,
  ) {
    this.keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  }

  /** Starts one whose person has this account. */
  static async started(account: string): Promise<HousingService> {
    const service = new HousingService(account);
    await new Promise<void>((listening) => service.server.listen(0, "127.0.0.1", () => listening()));
    return service;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The settings with which a program at `origin` knows it. */
  settings(origin: string): NodeJS.ProcessEnv {
    return {
      IUTSAI_PUBLIC_URL: origin,
      IUTSAI_OIDC_ISSUER: this.origin,
      IUTSAI_OIDC_CLIENT_ID: CLIENT,
      IUTSAI_OIDC_CLIENT_SECRET: SECRET,
      IUTSAI_OIDC_CLAIM: "preferred_username",
      IUTSAI_OIDC_NAME: "우리집 앱;Our Home",
    };
  }

  /** Goes away; requests under way are cut off. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((done) => this.server.close(() => done()));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.origin);
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json(response, {
          issuer: this.origin,
          authorization_endpoint: `${this.origin}/authorize`,
          token_endpoint: `${this.origin}/token`,
          jwks_uri: `${this.origin}/keys`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
        });
      case "/keys":
        return json(response, {
          keys: [{ ...this.keys.publicKey.export({ format: "jwk" }), kid: "one", use: "sig" }],
        });
      case "/authorize":
        return this.page(url.searchParams, response);
      case "/token":
        return this.exchange(request, response);
      default:
        response.writeHead(404).end();
    }
  }

  /** The page on which its person signs in, or does not. */
  private page(query: URLSearchParams, response: ServerResponse): void {
    const back = (answer: Record<string, string>) => {
      const address = new URL(query.get("redirect_uri") ?? "");
      for (const [name, value] of Object.entries({ ...answer, state: query.get("state") ?? "" })) {
        address.searchParams.set(name, value);
      }
      return address.href.replaceAll("&", "&amp;");
    };
    const code = randomUUID();
    this.codes.set(code, { challenge: query.get("code_challenge") ?? "", nonce: query.get("nonce") ?? "" });
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(
      `<!doctype html><html lang="ko"><link rel="icon" href="data:,"><title>우리집 앱</title>
       <a id="yes" href="${back({ code })}">yes</a>
       <a id="no" href="${back({ error: "access_denied" })}">no</a></html>`,
    );
  }

  /** Gives an ID token for a code, once, to the one who has its verifier. */
  private async exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    const encoded = (text: string) => new URLSearchParams({ text }).toString().slice("text=".length);
    const basic = Buffer.from(`${encoded(CLIENT)}:${encoded(SECRET)}`).toString("base64");
    const given = this.codes.get(form.get("code") ?? "");
    this.codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (request.headers.authorization !== `Basic ${basic}` || given?.challenge !== challenge) {
      return json(response, { error: "invalid_grant" }, 400);
    }
    const now = Math.floor(Date.now() / 1000);
    const token = this.signed({
      iss: this.origin,
      sub: "person-7",
      aud: CLIENT,
      iat: now,
      exp: now + 300,
      nonce: given.nonce,
      preferred_username: this.account,
    });
    return json(response, { access_token: randomUUID(), token_type: "Bearer", id_token: token });
  }

  private signed(claims: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ alg: "RS256", typ: "JWT", kid: "one" })}.${part(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), this.keys.privateKey).toString("base64url")}`;
  }
}

function json(response: ServerResponse, value: object, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
