// The network between one browser and the program, which a test can cut. Open connections break off, and nothing gets
// through until it is repaired. (Playwright's own `setOffline` leaves open WebSockets alone.)

import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** A TCP proxy on loopback. */
export class Cable {
  private readonly open = new Set<Socket>();
  private isCut = false;

  private constructor(
    private readonly server: Server,
    private readonly to: number,
  ) {}

  /** A cable to the port `to` of this machine. */
  static async laid(to: number): Promise<Cable> {
    const server = createServer();
    const cable = new Cable(server, to);
    server.on("connection", (near) => cable.join(near));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return cable;
  }

  /** Where the browser reaches the program through it. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.isCut = true;
    this.open.forEach((socket) => socket.resetAndDestroy());
  }

  mend(): void {
    this.isCut = false;
  }

  async remove(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, "close");
  }

  private join(near: Socket): void {
    if (this.isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.to, "127.0.0.1");
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.open.add(socket);
      // An end that breaks off takes the other with it; `close` follows.
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
