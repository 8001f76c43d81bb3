import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { hostAndPort } from '../../liveness/life-liveness.js';

/** Takes the place of a replica that is gone: it ends every connection at once, and counts them. */
export class Grave {
  dials = 0;
  readonly #server: Server;
  readonly #address: { readonly host: string; readonly port: number };

  private constructor(server: Server, address: { readonly host: string; readonly port: number }) {
    this.#server = server;
    this.#address = address;
    server.on('connection', (socket) => {
      this.dials++;
      socket.destroy();
    });
  }

  /** Resolves when it has the place: what listened there may close a moment after its replica has ended. */
  static async at(address: string): Promise<Grave> {
    const place = hostAndPort(address);
    const server = createServer();
    const grave = new Grave(server, place);
    for (;;) {
      try {
        await once(server.listen(place.port, place.host), 'listening');
        return grave;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        await delay(10);
      }
    }
  }

  /**
   * From now on counts only connections that are made after this call.
   *
   * @returns how many there were before
   */
  async seal(): Promise<number> {
    // The server accepts connections in the order in which they came.
    const socket = connect(this.#address);
    socket.on('error', () => {});
    await once(socket, 'close');
    const before = this.dials - 1;
    this.dials = 0;
    return before;
  }

  end(): void {
    this.#server.close();
  }
}
