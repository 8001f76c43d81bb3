/** The connections between the replicas of a group and its clients, which a test can cut. */
import type { Socket } from 'node:net';
import { ChannelCredentials, credentials } from '@grpc/grpc-js';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;
type ConnectorArguments = Parameters<ChannelCredentials['_createSecureConnector']>;

/** A replica by its id; undefined for a client. */
export type Place = string | undefined;

interface Connection {
  readonly from: Place;
  readonly to: Place;
  readonly socket: Socket;
}

/** Knows both ends of every connection. */
export class Cables {
  readonly #connections = new Set<Connection>();
  readonly #ports = new Map<number, string>();
  readonly #cut = new Set<string>();

  /** Notes the port on which a replica listens. */
  listens(replicaId: string, port: number): void {
    this.#ports.set(port, replicaId);
  }

  /** Credentials without TLS, for all connections that `from` makes. Other clients do not share these connections. */
  from(from: Place): ChannelCredentials {
    return new CableCredentials((socket) => this.#connected(from, socket));
  }

  /** Cuts a replica off: its connections end, and no new ones are made. */
  cut(replicaId: string): void {
    this.#cut.add(replicaId);
    for (const { from, to, socket } of this.#connections) {
      if (from === replicaId || to === replicaId) socket.destroy();
    }
  }

  mend(replicaId: string): void {
    this.#cut.delete(replicaId);
  }

  isCut(place: Place): boolean {
    return place !== undefined && this.#cut.has(place);
  }

  /** @throws if one end is cut off */
  #connected(from: Place, socket: Socket): void {
    const to = this.#ports.get(socket.remotePort ?? 0);
    if (this.isCut(from) || this.isCut(to)) {
      socket.destroy();
      throw new Error('the test has cut this connection');
    }
    const connection = { from, to, socket };
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}

/** Credentials that see each connection that is made with them. */
class CableCredentials extends ChannelCredentials {
  readonly #inner = credentials.createInsecure();
  readonly #onSocket: (socket: Socket) => void;

  constructor(onSocket: (socket: Socket) => void) {
    super();
    this.#onSocket = onSocket;
  }

  _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  /** Channels with equal credentials share their connections. */
  _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  _createSecureConnector(...given: ConnectorArguments): SecureConnector {
    const inner = this.#inner._createSecureConnector(...given);
    return {
      connect: async (socket) => {
        this.#onSocket(socket);
        return inner.connect(socket);
      },
      waitForReady: () => inner.waitForReady(),
      getCallCredentials: () => inner.getCallCredentials(),
      destroy: () => inner.destroy(),
    };
  }
}
