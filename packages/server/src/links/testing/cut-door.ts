import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { hostAndPort } from '../../liveness/life-liveness.js';

/** A place on loopback that leads to a replica, until the connections through it are cut. */
export class CutDoor {
  readonly address: string;
  /** How many times connections were cut while some were open. */
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async to(address: string): Promise<CutDoor> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new CutDoor(server, hostAndPort(address));
  }

  private constructor(server: Server, target: { readonly host: string; readonly port: number }) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (near) => {
      const far = connect(target);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      }
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
      near.pipe(far).pipe(near);
    });
  }

  /** Breaks all connections; others may be made at once. */
  cut(): void {
    if (this.#sockets.size > 0) this.cuts++;
    for (const socket of this.#sockets) socket.destroy();
  }

  end(): void {
    this.#server.close();
    this.cut();
  }
}
