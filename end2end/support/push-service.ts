// A push service like Firefox's own. Browsers keep a WebSocket open to it and speak autopush's protocol, and servers
// post messages to its endpoints (RFC 8030). It cannot read a message, which only the browser decrypts.

import { createPublicKey, randomUUID, verify } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type WebSocket, WebSocketServer } from "ws";

/** A message that a server posted to an endpoint, and what the browser answered. */
export interface Pushed {
  channel: string;
  version: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
  /**
   * The browser's last answer: 100 if it decrypted the message for the worker, 101 if it could not, and 301 or 302 if
   * the worker failed.
   */
  code?: number;
}

/** The messages of browsers, as far as they are used here. */
interface Asked {
  messageType?: "hello" | "register" | "unregister" | "ack" | "nack";
  uaid?: string;
  channelID: string;
  key?: string;
  version: string;
  code: number;
  updates: { channelID: string; version: string; code: number }[];
}

/** An endpoint: the browser that it leads to, and the only server that may send there. */
interface Channel {
  id: string;
  agent: string;
  key: string;
}

export class PushService {
  /** The messages that were taken, the oldest first. */
  readonly pushed: Pushed[] = [];
  /** Why messages were refused. */
  readonly refused: string[] = [];
  private readonly http: Server;
  private readonly sockets: WebSocketServer;
  private readonly agents = new Map<string, WebSocket>();
  private readonly channels = new Map<string, Channel>();

  private constructor() {
    this.http = createServer((request, response) => {
      this.take(request, response).catch((error: Error) => {
        this.refused.push(error.message);
        response.writeHead(400).end();
      });
    });
    this.sockets = new WebSocketServer({ server: this.http });
    this.sockets.on("connection", (socket) => this.talk(socket));
  }

  static async started(): Promise<PushService> {
    const service = new PushService();
    service.http.listen(0, "127.0.0.1");
    await once(service.http, "listening");
    return service;
  }

  private get host(): string {
    return `127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** Where browsers connect to. */
  get address(): string {
    return `ws://${this.host}/`;
  }

  /** The number of endpoints. */
  get subscriptions(): number {
    return this.channels.size;
  }

  /** The browser's answers to the messages, the oldest first. */
  get answers(): (number | undefined)[] {
    return this.pushed.map(({ code }) => code);
  }

  async end(): Promise<void> {
    this.sockets.clients.forEach((socket) => socket.terminate());
    this.http.close();
    this.http.closeAllConnections();
    await once(this.http, "close");
  }

  // --- browsers -----------------------------------------------------------------------------------------------------

  private talk(socket: WebSocket): void {
    let agent: string | undefined;
    socket.on("message", (data) => {
      const asked = JSON.parse(data.toString()) as Asked;
      if (asked.messageType === "hello") {
        agent = asked.uaid || randomUUID().replaceAll("-", "");
        this.agents.set(agent, socket);
      }
      const answer = agent && this.answer(agent, asked);
      if (answer) socket.send(JSON.stringify(answer));
    });
    socket.on("close", () => {
      if (agent && this.agents.get(agent) === socket) this.agents.delete(agent);
    });
  }

  private answer(agent: string, asked: Asked): object | undefined {
    const { messageType, channelID } = asked;
    switch (messageType) {
      case "hello":
        return { messageType, status: 200, uaid: agent, use_webpush: true, broadcasts: {} };
      case "register": {
        const id = randomUUID();
        this.channels.set(id, { id: channelID, agent, key: unpadded(asked.key ?? "") });
        return { messageType, status: 200, channelID, pushEndpoint: `http://${this.host}/wpush/v2/${id}` };
      }
      case "unregister":
        for (const [id, channel] of this.channels) if (channel.id === channelID) this.channels.delete(id);
        return { messageType, status: 200, channelID };
      case "ack":
        asked.updates.forEach(({ version, code }) => this.conclude(version, code));
        return undefined;
      case "nack":
        this.conclude(asked.version, asked.code);
        return undefined;
      default:
        // A ping.
        return {};
    }
  }

  private conclude(version: string, code: number): void {
    const message = this.pushed.find((message) => message.version === version);
    if (message) message.code = code;
  }

  // --- servers ------------------------------------------------------------------------------------------------------

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const channel = this.channels.get(/^\/wpush\/v2\/([^/]+)$/.exec(request.url ?? "")?.[1] ?? "");
    const socket = channel && this.agents.get(channel.agent);
    if (request.method !== "POST" || !channel || !socket) {
      response.writeHead(404).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers } = request;
    if (headers["content-encoding"] !== "aes128gcm") throw new Error(`the encoding is ${headers["content-encoding"]}`);
    if (!/^\d+$/.test(String(headers.ttl))) throw new Error("a message must say how long it is worth something");
    checkSender(headers.authorization ?? "", `http://${this.host}`, channel.key);
    const message = { channel: channel.id, version: randomUUID(), headers, body: Buffer.concat(chunks) };
    this.pushed.push(message);
    socket.send(
      JSON.stringify({
        messageType: "notification",
        channelID: channel.id,
        version: message.version,
        data: message.body.toString("base64url"),
        headers: { encoding: "aes128gcm" },
      }),
    );
    response.writeHead(201, { location: `http://${this.host}/m/${message.version}`, ttl: headers.ttl }).end();
  }
}

/** Checks that the server whose key the browser subscribed with has signed this (RFC 8292). */
function checkSender(authorization: string, audience: string, key: string): void {
  const [, header, claims, signature, sender] =
    /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), *k=([\w-]+)$/.exec(authorization) ?? [];
  if (!header || !claims || !signature || sender !== key) throw new Error("this is not the subscription's server");
  const point = Buffer.from(key, "base64url");
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString("base64url"));
  const publicKey = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const signed = verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  const { aud, exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { aud: string; exp: number };
  const left = exp - Date.now() / 1_000;
  if (!signed || aud !== audience || left < 0 || left > 24 * 60 * 60) throw new Error("the signature is not valid");
}

const unpadded = (base64: string) => base64.replace(/=+$/, "");
