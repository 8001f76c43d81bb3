import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Traffic } from '../ipc/commands.js';
import { FlowCounter } from './flow-counter.js';
import { Http2Direction } from './http2-direction.js';

/** A proxy on a loopback address that leads to another address and counts the bytes in each direction. */
export class CountingDoor {
  readonly address: string;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #there = new FlowCounter();
  readonly #back = new FlowCounter();

  static async open(target: string): Promise<CountingDoor> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CountingDoor(server, target);
  }

  private constructor(server: Server, target: string) {
    const colon = target.lastIndexOf(':');
    this.#target = { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) };
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => this.#enter(socket));
  }

  traffic(): Traffic {
    return { there: this.#there.flow, back: this.#back.flow };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #enter(near: Socket): void {
    const far = connect(this.#target);
    const there = new Http2Direction(this.#there, 'client');
    const back = new Http2Direction(this.#back, 'server');
    this.#join(near, far, there);
    this.#join(far, near, back);
  }

  #join(from: Socket, to: Socket, direction: Http2Direction): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => direction.push(chunk));
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
