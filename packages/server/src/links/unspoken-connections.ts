/**
 * Bounds connections that have not yet shown that they speak HTTP/2. grpc-js gives them neither a deadline nor a bound
 * (1.14), so each would stay for as long as its maker likes.
 */
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import type { Logger } from '@understudy/core';
import { Refusals } from './refusals.js';

/** How long a connection may take for its TLS handshake and its first settings, which clients send at once. */
export const SPOKEN_WITHIN_MS = 5_000;
/** How long the other side may take to read what was written before a connection is ended. */
const READ_WITHIN_MS = 2_000;
/** How many connections may be open that have not sent their settings. The oldest makes room for a newcomer. */
const UNSPOKEN_MAX = 1_024;

interface Unspoken {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
}

/**
 * The field of a grpc-js server that names its listeners, which has no public access. Where a later version keeps them
 * elsewhere, nothing is watched.
 */
interface WithListeners {
  readonly http2Servers?: unknown;
}

/** The connections of a server of grpc-js, from when they are made until they have spoken. */
export class UnspokenConnections {
  readonly #refusals: Refusals;
  readonly #max: number;
  readonly #watched = new WeakSet<Http2Server>();
  /** The connections by the other end's address, the oldest first. */
  readonly #connections = new Map<string, Unspoken>();

  constructor(logger: Logger, max = UNSPOKEN_MAX) {
    this.#refusals = new Refusals(logger);
    this.#max = max;
  }

  /** Watches everything that servers are bound to, now and later. */
  watch(...servers: readonly (Server | undefined)[]): void {
    for (const server of servers) {
      if (server === undefined) continue;
      const { bindAsync } = server;
      server.bindAsync = (target, credentials, callback) => {
        bindAsync.call(server, target, credentials, (error, port) => {
          this.#look(server);
          callback(error, port);
        });
      };
      this.#look(server);
    }
  }

  #look(server: Server): void {
    const { http2Servers } = server as unknown as WithListeners;
    if (!(http2Servers instanceof Map)) return;
    for (const listener of (http2Servers as Map<Http2Server, unknown>).keys()) {
      if (this.#watched.has(listener)) continue;
      this.#watched.add(listener);
      // The session of a connection without TLS is made by an earlier listener of this event.
      listener.prependListener('connection', (socket: Socket) => this.#add(socket));
      listener.on('session', (session: ServerHttp2Session) => {
        // The session's socket is a wrapper, and with TLS it is not the connection's socket.
        const name = nameOf(session.socket);
        const connection = this.#connections.get(name)?.socket;
        if (connection !== undefined) letGo(session, connection);
        session.once('remoteSettings', () => this.#forget(name));
      });
    }
  }

  #add(socket: Socket): void {
    // The other end of a Unix socket is a process of this machine and has no address.
    if (socket.remoteAddress === undefined) return;
    if (this.#connections.size >= this.#max) {
      const [oldest] = this.#connections.keys();
      this.#end(oldest, `${this.#max} later ones have not begun to speak HTTP/2 either`);
    }
    const name = nameOf(socket);
    const late = `it did not begin to speak HTTP/2 within ${SPOKEN_WITHIN_MS / 1000} s`;
    const timer = setTimeout(() => {
      // After a blocked loop, bytes that the client has sent are read first.
      setImmediate(() => {
        if (this.#connections.get(name)?.timer === timer) this.#end(name, late);
      });
    }, SPOKEN_WITHIN_MS).unref();
    this.#connections.set(name, { socket, timer });
    socket.once('close', () => {
      if (this.#connections.get(name)?.socket === socket) this.#forget(name);
    });
  }

  #end(name: string | undefined, reason: string): void {
    const unspoken = name === undefined ? undefined : this.#connections.get(name);
    if (name === undefined || unspoken === undefined) return;
    this.#forget(name);
    this.#refusals.log('warn', 'a connection was ended', { peer: name, reason });
    unspoken.socket.destroy();
  }

  #forget(name: string): void {
    clearTimeout(this.#connections.get(name)?.timer);
    this.#connections.delete(name);
  }
}

/**
 * Makes a connection end soon after its session is destroyed. The session alone waits until the other side has read
 * what was written before (Node 20), and a side that never reads would keep the connection, and all that waits on it,
 * for ever.
 */
function letGo(session: ServerHttp2Session, connection: Socket): void {
  const { destroy } = session;
  session.destroy = (...why) => {
    session.destroy = destroy;
    session.destroy(...why);
    const late = setTimeout(() => connection.destroy(), READ_WITHIN_MS).unref();
    connection.once('close', () => clearTimeout(late));
  };
}

const nameOf = ({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string =>
  `${remoteAddress}:${remotePort}`;
