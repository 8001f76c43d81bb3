/** A group whose first call is processed until a test lets it go on, so that many others wait for the criterion's choice. */
import {
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type ServerInterceptor,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Logger } from '@understudy/core';
import type { ReplicaServerOptions } from '../../replica/options.js';
import { type Added, type Counter, counterService } from '../counter.js';
import { type Node, Stage, type TestCoordinator } from '../stage.js';

/** So long that no busy machine stalls the first primary for it, before it has come to where the test has it die. */
const LEASE_MS = 2000;

/** A call that waits. Its id is unique. */
export interface WaitingAdd {
  readonly id: string;
  /** How long its deadline is behind that of rank 0, in seconds. All deadlines are far away. */
  readonly rank?: number;
}

export interface WaitingGroupOptions {
  /** Of each replica. */
  readonly options?: (counter: () => Counter) => Partial<ReplicaServerOptions>;
  /** The service's interceptors. */
  readonly users?: readonly ServerInterceptor[];
  /** Whether the first primary stops in the handler of a call, which is the `place`-th of all. */
  readonly stopsAt: (id: string, place: number) => boolean;
}

/** Gives the options of a client of ours. */
type Replicate = (options: { readonly serviceConfig: object; readonly logger: Logger }) => ClientOptions;

export class WaitingGroup {
  readonly stage: Stage;
  readonly nodes: Node[] = [];
  readonly clients: Client[] = [];
  readonly #options: WaitingGroupOptions;
  readonly #replicated: Replicate;
  readonly #held: (() => void)[] = [];
  #first: Promise<unknown> | undefined;

  /** @param replicated given by the test, as the coordinator is, since this package depends on neither */
  constructor(
    coordinator: TestCoordinator,
    replicated: Replicate,
    settings: Record<string, unknown>,
    options: WaitingGroupOptions,
  ) {
    this.#options = options;
    this.#replicated = replicated;
    this.stage = new Stage(coordinator, { leaseMs: LEASE_MS, ...settings }, options.users);
  }

  /** Starts three replicas, the first of which then processes the call `first`. */
  async start({ rank = 0 }: Pick<WaitingAdd, 'rank'> = {}): Promise<void> {
    for (const id of ['r1', 'r2', 'r3']) {
      const node: Node = await this.stage.bind(
        id,
        this.#options.options?.(() => node.counter),
      );
      this.nodes.push(node);
      if (id === 'r1') this.#stop(node);
      await node.start();
    }
    await this.stage.until(() => this.primary.status.inSync.length === 3);
    this.connect();
    this.#first = this.call(0, { id: 'first', rank });
    await this.stage.until(() => this.#held.length === 1);
  }

  get primary(): Node {
    return this.nodes[0] as Node;
  }

  /** @returns the number of a new client */
  connect(): number {
    const target = `understudy:///${this.nodes.map(({ address }) => address).join()}`;
    const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters' } }] };
    const options = this.#replicated({ serviceConfig, logger: this.stage.logger });
    return this.clients.push(new Client(target, credentials.createInsecure(), options)) - 1;
  }

  call(client: number, { id, rank = 0 }: WaitingAdd): Promise<unknown> {
    const { path, requestSerialize, responseDeserialize } = counterService.Add;
    const metadata = new Metadata();
    metadata.set('x-rank', `${rank}`);
    const options = { deadline: Date.now() + 200_000 + 1_000 * rank };
    const request = { id, by: 1 };
    return new Promise((resolve, reject) =>
      this.clients[client]?.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize, request, metadata, options] as const),
        (error, value) => (error === null ? resolve(value) : reject(error)),
      ),
    );
  }

  /** Resolves when so many calls wait on all replicas. */
  async allWait(count: number): Promise<void> {
    await this.stage.until(() => this.nodes.every(({ status }) => status.unordered >= count));
  }

  /**
   * The first call goes on. The primary dies where it stops next, and the others process the rest.
   *
   * @returns the ids after the first one, in the order in which each of these two processed them
   */
  async process(answers: readonly Promise<unknown>[]): Promise<string[][]> {
    this.#held[0]?.();
    await this.stage.until(() => this.#held.length === 2);
    this.primary.crash();
    await Promise.all([this.#first, ...answers]);
    const others = this.nodes.slice(1);
    await this.stage.until(() => others.every(({ counter }) => counter.ids.length === answers.length + 1));
    return others.map(({ counter }) => counter.ids.slice(1));
  }

  #stop({ counter, server }: Node): void {
    const { Add } = counter.handlers;
    server.removeService(counterService);
    server.addService(counterService, {
      ...counter.handlers,
      Add: (call: ServerUnaryCall<Added, number>, callback: sendUnaryData<number>) => {
        const { id } = call.request;
        if (id === 'first' || this.#options.stopsAt(id, counter.ids.length)) this.#held.push(() => Add(call, callback));
        else Add(call, callback);
      },
    });
  }
}
