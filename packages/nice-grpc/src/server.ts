/** A nice-grpc server whose services are replicated. */
import {
  type ChannelOptions,
  Server as GrpcServer,
  type ServerCredentials,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { createReplica, type ReplicaServer, type ReplicaServerOptions } from '@understudy/server';
import { createServer, type Server, type ServerAddBuilder, type ServerMiddleware } from 'nice-grpc';
import { checkOneGrpc, otherGrpcError } from './one-grpc.js';

/** What `createReplica` of `@understudy/server` is given. */
export interface ReplicatedServerOptions extends ReplicaServerOptions {
  /** Where others reach this replica. Default: the address that `listen` is given, if others can reach that. */
  readonly address?: string;
  /**
   * Interceptors of grpc-js, the first nearest the wire, which run on the primary before calls are ordered: the place for
   * authentication. Default: none.
   */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Options of the server that nice-grpc makes. Default: none. */
  readonly channelOptions?: ChannelOptions;
}

/** nice-grpc's server, and the replica that it is. */
export interface ReplicatedServer<Extension = object> extends Omit<Server<Extension>, 'use'> {
  /** The replica: its status, its role, and `stop()`. */
  readonly replica: ReplicaServer;
  /** As nice-grpc's. Middleware is part of the handlers, so it runs on every replica. */
  use<Ext>(middleware: ServerMiddleware<Ext, Extension>): ReplicatedServer<Extension & Ext>;
  with<Ext>(middleware: ServerMiddleware<Ext, Extension>): ServerAddBuilder<Extension & Ext>;
  /**
   * Listens, and joins the group.
   *
   * @returns the port, when this replica is primary or in sync
   * @throws UNDERSTUDY_SETUP, UNDERSTUDY_CONFIG, UNDERSTUDY_BLOCKED, as `start()` of a replica does
   */
  listen(address: string, credentials?: ServerCredentials): Promise<number>;
  /** Hands over if this replica is the primary, lets open calls end, then shuts the server down. */
  shutdown(): Promise<void>;
}

/**
 * In place of nice-grpc's `createServer`. Services are added to it as to nice-grpc's, and their handlers stay as they are.
 *
 * @throws UNDERSTUDY_CONFIG with the field of the service config that is wrong, UNDERSTUDY_SETUP for other options
 *
 * @example
 * const server = createReplicatedServer({ replicaId: 'bank-1', coordinator, state: accounts, serviceConfig });
 * server.add(BankDefinition, bank);
 * await server.listen('10.0.0.1:50051');
 */
export function createReplicatedServer({
  interceptors,
  channelOptions,
  ...options
}: ReplicatedServerOptions): ReplicatedServer {
  checkOneGrpc();
  const replica = createReplica(options);
  // nice-grpc passes these on to a grpc-js server, which takes interceptors too.
  const settings = { ...channelOptions, interceptors: replica.interceptors(interceptors) };
  return replicating(replica, options.address, createServer(settings as ChannelOptions));
}

function replicating<Extension>(
  replica: ReplicaServer,
  address: string | undefined,
  server: Server<Extension>,
): ReplicatedServer<Extension> {
  return {
    replica,
    use: (middleware) => replicating(replica, address, server.use(middleware)),
    with: (middleware) => server.with(middleware),
    add: (definition, implementation) => server.add(definition, implementation),
    async listen(target, credentials) {
      try {
        const port = await attachingTo(replica, () => server.listen(target, credentials));
        await replica.start(address === undefined ? { address: target.replace(/:\d+$/, `:${port}`) } : {});
        return port;
      } catch (error) {
        server.forceShutdown();
        throw error;
      }
    },
    async shutdown() {
      await replica.stop();
      await server.shutdown();
    },
    forceShutdown: () => server.forceShutdown(),
  };
}

/**
 * Attaches the replica to the grpc-js server that `listen` makes. nice-grpc shows nobody that server, but makes it, adds the
 * services and begins to bind it before it first waits. So whoever binds a server during the call is that one.
 */
function attachingTo(replica: ReplicaServer, listen: () => Promise<number>): Promise<number> {
  const { bindAsync } = GrpcServer.prototype;
  let failed: unknown;
  let attached = false;
  GrpcServer.prototype.bindAsync = function bindReplica(this: GrpcServer, ...args) {
    GrpcServer.prototype.bindAsync = bindAsync;
    attached = true;
    try {
      replica.attach(this);
    } catch (error) {
      failed = error;
      return args[2](error as Error, 0);
    }
    // The replica has put a method of its own before the server's.
    return this.bindAsync(...args);
  };
  let listening: Promise<number>;
  try {
    listening = listen();
  } finally {
    GrpcServer.prototype.bindAsync = bindAsync;
  }
  return listening.then(
    (port) => {
      if (attached) return port;
      throw otherGrpcError();
    },
    (error) => {
      throw failed ?? error;
    },
  );
}
