/** One replica of a group under test: a server on a free port of loopback, with a service of its own. */
import { createHash } from 'node:crypto';
import { Server, ServerCredentials, type ServerInterceptor } from '@grpc/grpc-js';
import { type ChunkedStateSource, type StateSource, UnderstudyError } from '@understudy/core';
import { createReplica, type ReplicaServer, type ReplicaServerOptions } from '@understudy/server';
import type { MethodTable } from '../calls/methods.js';
import type { MakeService, TestedService } from '../service.js';
import type { GroupClock } from './group-clock.js';

const HOST = '127.0.0.1';

/** The hooks that a replica has for tests alone. */
interface ForTests {
  useClock(clock: GroupClock): void;
  crash(): void;
}

export interface TestReplicaOptions {
  readonly makeService: MakeService;
  readonly interceptors: readonly ServerInterceptor[];
  /** Learns the methods that the service adds. */
  readonly methods: MethodTable;
  readonly replica: Omit<ReplicaServerOptions, 'state'>;
  readonly clock: GroupClock;
  /** Called with the port before any other replica or client learns it. */
  readonly onPort: (port: number) => void;
}

export class TestReplica {
  readonly id: string;
  readonly replica: ReplicaServer;
  readonly service: TestedService;
  readonly address: string;
  /** Why the replica failed; undefined if it did not. */
  failure: Error | undefined;
  readonly #server: Server;
  #ended = false;

  private constructor(id: string, replica: ReplicaServer, service: TestedService, server: Server, port: number) {
    this.id = id;
    this.replica = replica;
    this.service = service;
    this.address = `${HOST}:${port}`;
    this.#server = server;
  }

  /**
   * Makes a replica and starts it.
   *
   * @returns resolves when it is primary or in sync
   */
  static async start(options: TestReplicaOptions): Promise<TestReplica> {
    const { makeService, interceptors, methods, onPort } = options;
    let service: TestedService | undefined;
    let made: TestReplica | undefined;
    let failure: Error | undefined;
    const replica = createReplica({
      ...options.replica,
      state: lazily(() => service?.state),
      onFatal: (error) => {
        failure = error;
        if (made !== undefined) made.failure = error;
      },
    });
    (replica as unknown as ForTests).useClock(options.clock);
    const server = new Server({ interceptors: replica.interceptors(interceptors) });
    replica.attach(server);
    service = await makeService(replica);
    service.addTo({
      addService: (definition, implementation) => {
        methods.add(definition);
        server.addService(definition, implementation);
      },
    });
    const port = await bind(server);
    onPort(port);
    made = new TestReplica(options.replica.replicaId, replica, service, server, port);
    made.failure = failure;
    try {
      await replica.start({ address: made.address });
    } catch (error) {
      await made.close();
      throw error;
    }
    return made;
  }

  /** A digest of the state as `checkpoint` copies it. Call this between two messages. */
  async digest(): Promise<string> {
    const hash = createHash('sha256');
    for (const chunk of (await copyOf(this.service.state)).chunks) hash.update(chunk);
    return hash.digest('hex').slice(0, 16);
  }

  /** Ends all sockets at once, as the death of the process would, and hands nothing over. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    (this.replica as unknown as ForTests).crash();
    await this.service.close?.();
  }

  /** Hands over and ends. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.replica.stop();
    this.#server.forceShutdown();
    await this.service.close?.();
  }
}

const bind = (server: Server): Promise<number> =>
  new Promise((resolve, reject) =>
    server.bindAsync(`${HOST}:0`, ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );

type State = TestedService['state'];
const NO_STATE: StateSource = { checkpoint: () => new Uint8Array(0), restore() {} };

/**
 * A state that looks the service up when it is used: the service is made with its replica, which must have the state
 * before.
 */
function lazily(find: () => State | undefined): StateSource | ChunkedStateSource {
  const state = (): StateSource | ChunkedStateSource => {
    const found = find();
    if (found === 'none') return NO_STATE;
    if (found !== undefined && 'checkpoint' in found && 'restore' in found) return found;
    throw new UnderstudyError('UNDERSTUDY_SETUP', "makeService must return a `state`, which may be 'none'");
  };
  return {
    checkpoint: () => state().checkpoint(),
    restore: (copy: never) => state().restore(copy),
    get snapshots() {
      return state().snapshots;
    },
    get canonical() {
      return state().canonical;
    },
  } as StateSource | ChunkedStateSource;
}

/** A copy of a state. */
export interface StateCopy {
  readonly chunks: readonly Uint8Array[];
  /** Whether it was made in chunks, and must be restored in chunks. */
  readonly isChunked: boolean;
}

export async function copyOf(state: State): Promise<StateCopy> {
  if (state === 'none') return { chunks: [], isChunked: false };
  const copy = await state.checkpoint();
  if (copy instanceof Uint8Array) return { chunks: [copy], isChunked: false };
  const chunks: Uint8Array[] = [];
  for await (const chunk of copy) chunks.push(Uint8Array.from(chunk));
  return { chunks, isChunked: true };
}
