import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status as Status,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { OrderNum, Term } from '@understudy/core';
import { NO_ORDER, type RpcRequestHeader } from '@understudy/core/internal';
import { CODE_KEY, HEADER_KEY, PRIMARY_KEY } from '@understudy/grpc-common';
import { decodeRpcRequestHeader, encodeRpcReplyHeader } from '@understudy/wire';
import { echoDefinition } from './echo.js';

interface RpcReplica {
  port: number;
  readonly server: Server;
  answered: number;
  refused: number;
}

/**
 * Replicas that serve calls as ordinary RPCs. All but the primary refuse calls and say which replica is the primary.
 */
export class RpcGroup {
  readonly replicas: RpcReplica[] = [];
  readonly headers: RpcRequestHeader[] = [];
  readonly seen: Metadata[] = [];
  primary = 0;
  /** The primary dies as soon as the client has this much of a reply; then another replica is the primary. */
  diesAfterInitialMetadata = false;
  /** Replies wait for this. */
  mayReply: Promise<void> = Promise.resolve();
  /** Whether refusals name the primary. */
  tells = true;

  static async start(size: number): Promise<RpcGroup> {
    const group = new RpcGroup();
    for (let i = 0; i < size; i++) {
      const server = new Server();
      const replica = group.serve(server, 0);
      replica.port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        );
      });
    }
    return group;
  }

  /** Makes a server, which may have other services, the next replica. */
  serve(server: Server, port: number): RpcReplica {
    const replica: RpcReplica = { port, server, answered: 0, refused: 0 };
    this.replicas.push(replica);
    const handle = (call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>): void =>
      this.#handle(replica, call, callback);
    const { echo, look } = echoDefinition;
    server.addService({ echo, look }, { echo: handle, look: handle });
    return replica;
  }

  get target(): string {
    return `understudy:///${this.replicas.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  stop(): void {
    for (const { server } of this.replicas) server.forceShutdown();
  }

  #handle(replica: RpcReplica, call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>): void {
    this.seen.push(call.metadata);
    if (replica !== this.replicas[this.primary]) {
      replica.refused++;
      const metadata = new Metadata();
      metadata.set(CODE_KEY, 'UNDERSTUDY_NOT_PRIMARY');
      if (this.tells) metadata.set(PRIMARY_KEY, `127.0.0.1:${this.replicas[this.primary]?.port}`);
      callback({ code: Status.ABORTED, details: 'not the primary', metadata });
      return;
    }
    replica.answered++;
    const [header] = call.metadata.get(HEADER_KEY);
    if (header instanceof Buffer) {
      this.headers.push(decodeRpcRequestHeader(header));
      const initial = new Metadata();
      initial.set(HEADER_KEY, replyHeader());
      call.sendMetadata(initial);
      if (this.diesAfterInitialMetadata) {
        this.diesAfterInitialMetadata = false;
        this.primary = (this.primary + 1) % this.replicas.length;
        setImmediate(() => replica.server.forceShutdown());
        return;
      }
    }
    void this.mayReply.then(() => callback(null, call.request));
  }
}

function replyHeader(): Buffer {
  const header = { term: 1 as Term, sourceOrderInfo: [], stableUpTo: 1 as OrderNum, heartbeatMs: 0 };
  return Buffer.from(encodeRpcReplyHeader({ outcome: 'reply', stable: true, orderNum: NO_ORDER, header }));
}
