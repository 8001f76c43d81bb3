/** The transport of a NestJS microservice whose gRPC service is replicated. */
import { Server, ServerCredentials, type ServerInterceptor, type ServerOptions } from '@grpc/grpc-js';
import { type GrpcOptions, ServerGrpc } from '@nestjs/microservices';
import { type StateSource, UnderstudyError } from '@understudy/core';
import { createReplica, type ReplicaServer, type ReplicaServerOptions } from '@understudy/server';

/** The options of a replica, as `createReplica` takes them, where the state may be one of the application's providers. */
export interface ReplicatedServerOptions extends Omit<ReplicaServerOptions, 'state'> {
  /**
   * The service's state, `'none'` for a service without; or a function that returns it, called once, when the application
   * has been made.
   *
   * @example () => app.get(Accounts)
   */
  readonly state: StateSource | 'none' | (() => StateSource);
  /** As for `createReplica`. Default: Nest's `url`, if others can reach the replica there. */
  readonly address?: string;
  /**
   * Interceptors of grpc-js, the first nearest the wire, which run on the primary before calls are ordered: the place for
   * authentication. Default: those in `channelOptions`, if there are any.
   */
  readonly interceptors?: readonly ServerInterceptor[];
}

type GrpcServerOptions = GrpcOptions['options'];

const LIMITS = [
  ['maxSendMessageLength', 'grpc.max_send_message_length'],
  ['maxReceiveMessageLength', 'grpc.max_receive_message_length'],
  ['maxMetadataSize', 'grpc.max_metadata_size'],
] as const;

/**
 * A strategy for `NestFactory.createMicroservice` and `app.connectMicroservice`, in place of `Transport.GRPC` with the same
 * options. `app.listen()` resolves when this replica is primary or in sync. `app.close()`, and so Nest's shutdown hooks,
 * hands over before the server is shut down.
 *
 * @example
 * let app: INestMicroservice;
 * const strategy = new ReplicatedGrpcServer(grpcOptions, {
 *   replicaId: 'bank-1', address: '10.0.0.1:50051', coordinator, serviceConfig, state: () => app.get(Accounts),
 * });
 * app = await NestFactory.createMicroservice(AppModule, { strategy });
 * await app.listen();
 */
export class ReplicatedGrpcServer extends ServerGrpc {
  /** The replica: its status, its role, and `stop()`. */
  readonly replica: ReplicaServer;
  readonly #options: GrpcServerOptions;
  readonly #interceptors: readonly ServerInterceptor[];
  readonly #address: string | undefined;

  /** @throws UNDERSTUDY_CONFIG with the field of the service config that is wrong, UNDERSTUDY_SETUP for other options */
  constructor(options: GrpcServerOptions, { state, interceptors, ...replica }: ReplicatedServerOptions) {
    super(options);
    this.#options = options;
    this.#address = replica.address;
    const own = (options.channelOptions as ServerOptions | undefined)?.interceptors;
    this.#interceptors = interceptors ?? own ?? [];
    this.replica = createReplica({ ...replica, state: typeof state === 'function' ? lazily(state) : state });
  }

  /** Makes the server, as Nest's own transport does. The server is bound once it has all services. */
  override async createClient(): Promise<Server> {
    const { channelOptions, keepalive: _keepalive, ...options } = this.#options;
    const limits: Record<string, number> = {};
    for (const [name, option] of LIMITS) if (options[name]) limits[option] = options[name];
    const server = new Server({
      ...channelOptions,
      ...limits,
      ...this.getKeepaliveOptions(),
      interceptors: this.replica.interceptors(this.#interceptors),
    });
    this.replica.attach(server);
    return server;
  }

  /** Adds the services, binds the server and joins the group. */
  override async start(callback?: () => void): Promise<void> {
    await this.bindEvents();
    const server: Server = this.grpcClient;
    const credentials: ServerCredentials = this.#options.credentials ?? ServerCredentials.createInsecure();
    if (!(credentials instanceof ServerCredentials)) throw new UnderstudyError('UNDERSTUDY_SETUP', TWO_COPIES);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(this.url, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    try {
      await this.replica.start(this.#address === undefined ? { address: this.url.replace(/:\d+$/, `:${port}`) } : {});
    } catch (error) {
      server.forceShutdown();
      throw error;
    }
    callback?.();
  }

  /** Hands over, then shuts the server down. */
  override async close(): Promise<void> {
    await this.replica.stop();
    await super.close();
  }
}

const TWO_COPIES =
  '`credentials` were not made by the grpc-js that @understudy/nestjs uses; if they are server credentials, two copies are ' +
  'installed: `npm ls @grpc/grpc-js` shows them, `npm dedupe` or `overrides` in package.json leave one';

/** The state that `find` returns, once it is needed. */
function lazily(find: () => StateSource): StateSource {
  let found: StateSource | undefined;
  const state = (): StateSource => {
    found ??= find();
    if (typeof found?.checkpoint === 'function' && typeof found?.restore === 'function') return found;
    throw new UnderstudyError('UNDERSTUDY_SETUP', NO_STATE);
  };
  return { checkpoint: () => state().checkpoint(), restore: (bytes) => state().restore(bytes) };
}

const NO_STATE = '`state` returned nothing that has checkpoint() and restore(bytes)';
