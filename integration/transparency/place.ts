import { createServer, type Server } from 'node:net';

/** Reserves a loopback port for a server that starts later. Until then, connections to the port break. */
export class Place {
  readonly address: string;
  /** Resolves when a client has tried to connect. */
  readonly attempted: Promise<void>;
  readonly #keeper: Server;

  private constructor(keeper: Server, port: number) {
    this.#keeper = keeper;
    this.address = `127.0.0.1:${port}`;
    this.attempted = new Promise((resolve) => {
      keeper.on('connection', (socket) => {
        socket.on('error', () => {}).destroy();
        resolve();
      });
    });
  }

  static async reserve(): Promise<Place> {
    const keeper = createServer();
    await new Promise<void>((resolve) => keeper.listen(0, '127.0.0.1', resolve));
    const address = keeper.address();
    return new Place(keeper, address !== null && typeof address === 'object' ? address.port : 0);
  }

  static reserveAll(count: number): Promise<Place[]> {
    return Promise.all(Array.from({ length: count }, () => Place.reserve()));
  }

  /** Frees the port. */
  async release(): Promise<string> {
    await new Promise((resolve) => this.#keeper.close(resolve));
    return this.address;
  }
}
