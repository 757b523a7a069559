// @stomp/stompjs as somebody else's program would use it, with promises for what is awaited.

import { Client, Versions } from "@stomp/stompjs";
import WebSocket from "ws";

/** The time until a test gives up on an expected frame, in milliseconds. */
const PATIENCE = 20_000;

/** Waits for a condition, checked again whenever something arrives. */
class Watch {
  #waiting = new Set();

  changed() {
    this.#waiting.forEach((check) => check());
  }

  /** Returns the result of `find`, as soon as it finds something. */
  async until(what, find, seen) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = find();
        if (found !== undefined) {
          finish(resolve, found);
        }
      };
      const late = () => finish(reject, new Error(`${what} did not come; what came: ${JSON.stringify(seen(), null, 1)}`));
      const timer = setTimeout(late, PATIENCE);
      const finish = (how, value) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        how(value);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** One connection of stompjs. */
export class Listener {
  /** MESSAGEs in their order, as `{ headers, body, ack }`, the body read as JSON. */
  messages = [];
  /** The headers of ERROR frames. */
  errors = [];
  /** Ids of RECEIPTs. */
  receipts = [];
  /** The code and the reason of the WebSocket's end. */
  closed;
  #connected;
  #watch = new Watch();
  #client;

  constructor(origin, token, versions = [Versions.V1_2, Versions.V1_1]) {
    const stompVersions = new Versions(versions);
    const url = `${origin.replace("http", "ws")}/an-ws`;
    const note = (change) => (argument) => {
      change(argument);
      this.#watch.changed();
    };
    this.#client = new Client({
      webSocketFactory: () => new WebSocket(url, stompVersions.protocolVersions()),
      stompVersions,
      connectHeaders: { passcode: token },
      reconnectDelay: 0,
      onConnect: note(({ headers }) => (this.#connected = headers)),
      onStompError: note(({ headers }) => this.errors.push(headers)),
      onUnhandledReceipt: note(({ headers }) => this.receipts.push(headers["receipt-id"])),
      onWebSocketClose: note(({ code, reason }) => (this.closed = { code, reason })),
    });
    this.#client.activate();
  }

  /** A listener on which CONNECT has succeeded. */
  static async connected({ origin, token }, versions) {
    const listener = new Listener(origin, token, versions);
    await listener.connected();
    return listener;
  }

  /** A listener on a line that has received its snapshot. */
  static async on(line, person, headers = {}) {
    const listener = await Listener.connected(person);
    listener.subscribe(`/sub/line/${line}`, headers);
    await listener.message("the end of the snapshot", ({ body }) => body.type === "snapshot-end");
    return listener;
  }

  /** The headers of CONNECTED. */
  async connected() {
    return this.#until("CONNECTED", () => this.#connected);
  }

  subscribe(destination, headers = {}) {
    const take = (message) => {
      this.messages.push({
        headers: message.headers,
        body: JSON.parse(message.body),
        acknowledge: (more) => message.ack(more),
      });
      this.#watch.changed();
    };
    return this.#client.subscribe(destination, take, headers);
  }

  send(destination, body, headers = {}) {
    this.#client.publish({ destination, body: JSON.stringify(body), headers });
  }

  /** The first message that is wanted, already here or still to come. */
  async message(what, wanted) {
    return this.#until(what, () => this.messages.find(wanted));
  }

  /** Returns the frame of this type about this event or call. */
  async event(type, id) {
    return this.message(`${type} ${id}`, ({ body }) => body.type === type && body.id === id);
  }

  async receipt(id) {
    return this.#until(`the RECEIPT ${id}`, () => this.receipts.find((receipt) => receipt === id));
  }

  /** The headers of the ERROR frame, once the server has closed the WebSocket after it. */
  async refused() {
    await this.#until("the end of the WebSocket", () => this.closed);
    return this.errors[0];
  }

  /** Leaves in order. stompjs sends DISCONNECT with a receipt and closes when it has come. */
  async leave() {
    await this.#client.deactivate();
  }

  #until(what, find) {
    const seen = () => ({
      messages: this.messages.map(({ headers, body }) => ({ headers, body })),
      errors: this.errors,
      receipts: this.receipts,
      closed: this.closed,
    });
    return this.#watch.until(what, find, seen);
  }
}
