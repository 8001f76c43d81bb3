/** A whole group of replicas in this process, with real sockets. */
import { Client, type ClientOptions } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { type Logger, type ReplicaStatus, UnderstudyError, type UnderstudyServiceConfig } from '@understudy/core';
import { type CallOutcome, makeCall, type TestCall } from '../calls/make-call.js';
import { MethodTable } from '../calls/methods.js';
import { Cables } from '../network/cable.js';
import { DistantCoordinator } from '../network/distant-coordinator.js';
import type { MakeService } from '../service.js';
import { GroupClock } from './group-clock.js';
import type { Logged } from './logged.js';
import type { GroupOptions } from './options.js';
import { areSettled, describe } from './settled.js';
import { TestReplica } from './test-replica.js';
import { until } from './waiting.js';

const DEFAULTS = { replicas: 3, withinMs: 30_000 } as const;
const SETTINGS = { group: 'test', leaseMs: 500 } as const;
const DIVERGED = 'UNDERSTUDY_DIVERGED';
/** The event that a replica logs when a handler itself uses files, the network and the like. */
const EFFECT = 'a handler reaches into the outside world without once()';

/** A client's class: generated, or made by `makeGenericClientConstructor`. */
export type ClientClass<C extends Client> = new (
  target: string,
  credentials: ReturnType<Cables['from']>,
  options: ClientOptions,
) => C;

/** A group of replicas in this process, with a coordinator in memory. */
export class TestGroup {
  /** Everything that the replicas have logged, oldest first. */
  readonly logged: Logged[] = [];
  /** The service config of the group, for clients that the test makes itself. */
  readonly serviceConfig: UnderstudyServiceConfig;
  readonly #makeService: MakeService;
  readonly #options: GroupOptions;
  readonly #withinMs: number;
  readonly #cables = new Cables();
  readonly #clock: GroupClock;
  readonly #coordinator = memoryCoordinator();
  readonly #coordinators = new Map<string, DistantCoordinator>();
  readonly #methods = new MethodTable();
  readonly #replicas: TestReplica[] = [];
  readonly #clients: Client[] = [];
  /**
   * Replicas that found that they differ, and the lives in which they did. In their next lives they have restored the
   * state.
   */
  readonly #differing = new Map<string, string>();
  /** How many differences have been reported by `settled`. */
  #reported = 0;
  #own: Client | undefined;

  private constructor(makeService: MakeService, options: GroupOptions) {
    this.#makeService = makeService;
    this.#options = options;
    this.#withinMs = options.withinMs ?? DEFAULTS.withinMs;
    this.#clock = new GroupClock(options.timeMs);
    this.serviceConfig = { loadBalancingConfig: [{ understudy: { ...SETTINGS, ...options.settings } }] };
  }

  /** See `inProcessGroup`. */
  static async start(makeService: MakeService, options: GroupOptions): Promise<TestGroup> {
    const group = new TestGroup(makeService, options);
    try {
      const size = options.replicas ?? DEFAULTS.replicas;
      for (let i = 1; i <= size; i++) await group.#start(`replica-${i}`);
    } catch (error) {
      await group.close();
      throw error;
    }
    return group;
  }

  /** The ids of the replicas that run, those that are cut off among them: `replica-1`, `replica-2` … */
  get replicas(): readonly string[] {
    return this.#replicas.map(({ id }) => id);
  }

  /**
   * The id of the replica that serves. If two believe so, because one is cut off, the one of the later term.
   *
   * @throws UNDERSTUDY_UNREACHABLE if none does
   */
  get primary(): string {
    const [first] = this.#replicas
      .filter(({ replica }) => replica.status.role === 'primary')
      .sort((a, b) => b.replica.status.term - a.replica.status.term);
    if (first === undefined) throw new UnderstudyError('UNDERSTUDY_UNREACHABLE', 'no replica of the group serves now');
    return first.id;
  }

  /** @throws UNDERSTUDY_SETUP if no such replica runs */
  status(replicaId: string): ReplicaStatus {
    return this.#find(replicaId).replica.status;
  }

  /**
   * A replicated client of the group. It is closed with the group. Keep it across failovers, as a program does.
   *
   * @param Class default: grpc-js's own `Client`
   * @param options further client options. Default: none
   *
   * @example const bank = group.client(BankClient);
   */
  client<C extends Client = Client>(Class?: ClientClass<C>, options: ClientOptions = {}): C {
    const { serviceConfig } = this;
    const Made = Class ?? (Client as unknown as ClientClass<C>);
    const ours = replicated({ serviceConfig, logger: this.#loggerOf('client') });
    const client = new Made(this.target, this.#cables.from(undefined), { ...options, ...ours });
    this.#clients.push(client);
    return client;
  }

  /** The target of clients: every replica that runs. */
  get target(): string {
    return `understudy:///${this.#replicas.map(({ address }) => address).join(',')}`;
  }

  /**
   * Makes a call by the name of its method, with a client of the group. Failures of the call are outcomes, too.
   *
   * @param request the request; of a method that takes a stream, a list of its messages. Default: `{}`
   *
   * @throws UNDERSTUDY_SETUP if there is no such method
   *
   * @example const { code, reply } = await group.call('Deposit', { account: 'alice', cents: 5 });
   */
  async call(method: string, request: unknown = {}, metadata: TestCall['metadata'] = {}): Promise<CallOutcome> {
    this.#own ??= this.client();
    return await makeCall(this.#own, this.#methods.get(method), { method, request, metadata });
  }

  /** @returns the whole path of a method @throws UNDERSTUDY_SETUP if there is no such method */
  path(method: string): string {
    return this.#methods.get(method).path;
  }

  /**
   * Ends the primary's sockets at once, as the death of its process would, when another connected replica could take over, if
   * there is one. Nothing is handed over. Its handlers may run on for a while, since they are in this process.
   *
   * @returns the id of the dead replica, when another serves, or when none is left
   */
  async killPrimary(): Promise<string> {
    const mayDie = () => this.#connected.length < 2 || this.#inSync.size > 1;
    await this.#until(mayDie, () => `no backup is in sync: ${this.#describe()}`);
    const { primary } = this;
    await this.kill(primary);
    if (this.#replicas.length > 0) await this.#served('took over from the killed primary');
    return primary;
  }

  /** Does to any replica what `killPrimary` does to the primary, and waits for nothing. */
  async kill(replicaId: string): Promise<void> {
    const replica = this.#find(replicaId);
    this.#replicas.splice(this.#replicas.indexOf(replica), 1);
    this.#coordinators.delete(replicaId);
    await replica.kill();
  }

  /**
   * Cuts a replica off from the other replicas, from the group's clients and from the coordinator. It runs on, and does not
   * know whether the others do.
   *
   * @param replicaId default: the primary
   * @returns the id of the replica, when another one serves
   */
  async partition(replicaId = this.primary): Promise<string> {
    this.#find(replicaId);
    this.#cables.cut(replicaId);
    this.#coordinators.get(replicaId)?.changed();
    const others = this.#replicas.filter(({ id }) => !this.#cables.isCut(id));
    if (others.length > 0) await this.#served('serves besides the one that is cut off');
    return replicaId;
  }

  /**
   * Lets a replica that is cut off reach the others again, or starts one that was killed anew, with an empty service.
   *
   * @param replicaId default: all that are cut off, and one replica for each that was killed
   * @returns resolves when every replica that is not cut off is in sync, those that differed included
   */
  async rejoin(replicaId?: string): Promise<void> {
    for (const id of replicaId === undefined ? this.#missing() : [replicaId]) {
      if (this.#replicas.some((replica) => replica.id === id)) {
        this.#cables.mend(id);
        this.#coordinators.get(id)?.changed();
      } else {
        await this.#start(id);
      }
    }
    await this.#until(
      () => this.#connected.every((each) => this.#isReady(each) && this.#inSync.has(each.id)),
      () => `not all replicas are in sync: ${this.#describe()}`,
    );
  }

  /**
   * Resolves when all replicas that are not cut off have processed the same messages, or hold them where they do not
   * process, and no handler waits.
   *
   * @throws UNDERSTUDY_DIVERGED once for each difference that a replica has found since
   * @throws UNDERSTUDY_BLOCKED if that takes too long, with what each replica still lacks
   */
  async settled(): Promise<void> {
    await this.#until(
      () => this.#replicas.some(({ failure }) => failure !== undefined) || this.#hasDiverged || this.#isSettled(),
      () => `the group is not settled: ${this.#describe()}`,
    );
    const failed = this.#replicas.find(({ failure }) => failure !== undefined);
    if (failed !== undefined) {
      throw new UnderstudyError('UNDERSTUDY_BLOCKED', `${failed.id} failed and stopped`, { cause: failed.failure });
    }
    const found = this.divergences[this.#reported];
    if (found === undefined) return;
    this.#reported = this.divergences.length;
    throw new UnderstudyError(DIVERGED, String(found.fields.message ?? JSON.stringify(found.fields)));
  }

  /** The group's time, which handlers see, in milliseconds since 1970. */
  get timeMs(): number {
    return this.#clock.orderMs();
  }

  /**
   * Moves the group's time on at once, on all replicas alike: as if no call had come for so long. Each timer of `after`, `every`
   * and `setTimeout` in handlers that is due by then fires once, in the order in which they are due, and sees the new time.
   * Leases, deadlines of calls and timers outside of handlers are by the machine's time, so nobody is taken for dead.
   *
   * @param ms how far, from 0 to a year
   * @returns resolves when the group has settled
   * @throws as `settled` does, and UNDERSTUDY_SETUP
   *
   * @example await group.advance(3_600_000); // an hour
   */
  async advance(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    if (this.#connected.length > 0) await this.settled();
  }

  /** What replicas logged when they found that they differ. Empty in a group whose handlers do the same everywhere. */
  get divergences(): readonly Logged[] {
    return this.logged.filter(({ event, fields }) => event === DIVERGED && fields.peer === undefined);
  }

  /**
   * Digests of the state of each replica that is not cut off, as its `checkpoint` copies it. Of a passive group only the
   * primary's says anything.
   *
   * @example await group.settled(); expect(new Set(Object.values(await group.digests())).size).toBe(1);
   */
  async digests(): Promise<Record<string, string>> {
    const digests: Record<string, string> = {};
    for (const replica of this.#connected) digests[replica.id] = await replica.digest();
    return digests;
  }

  /** Ends clients and replicas. Cut and killed ones, too. */
  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => endClient(client)));
    const replicas = this.#replicas.splice(0);
    for (const { id } of replicas) this.#cables.mend(id);
    for (const replica of replicas.slice(1)) await replica.kill();
    await replicas[0]?.kill();
  }

  async #start(replicaId: string): Promise<void> {
    const { interceptors = [], replicaOptions } = this.#options;
    const { serviceConfig } = this;
    this.#cables.mend(replicaId);
    const replica = await TestReplica.start({
      ...{ makeService: this.#makeService, interceptors, methods: this.#methods },
      onPort: (port) => this.#cables.listens(replicaId, port),
      clock: this.#clock,
      replica: {
        // This process also runs the tests.
        endsBlocked: false,
        ...{ effectWarnings: true, startTimeoutMs: this.#withinMs },
        ...replicaOptions,
        ...{ replicaId, serviceConfig, handleSignals: false, livenessAddress: false },
        coordinator: (group) => this.#coordinatorOf(replicaId, group),
        peerCredentials: this.#cables.from(replicaId),
        logger: this.#loggerOf(replicaId),
      },
    });
    this.#replicas.push(replica);
  }

  #coordinatorOf(replicaId: string, group: string): DistantCoordinator {
    const made = new DistantCoordinator(this.#coordinator, group, () => this.#cables.isCut(replicaId));
    this.#coordinators.set(replicaId, made);
    return made;
  }

  #loggerOf(replica: string): Logger {
    return {
      log: (level, event, fields = {}) => {
        const all = { ...fields, replica };
        if (event === EFFECT) this.#warn(all);
        if (event === DIVERGED && fields.peer === undefined) this.#differs(replica);
        this.logged.push({ level, event, fields: all });
        this.#options.logger?.log(level, event, all);
      },
    };
  }

  /** Prints one warning for a line, although every replica runs it. */
  #warn({ at, message }: Logged['fields']): void {
    if (this.logged.some(({ event, fields }) => event === EFFECT && fields.at === at)) return;
    process.emitWarning(String(message), { type: 'Warning', code: 'UNDERSTUDY_EFFECT' });
  }

  #find(replicaId: string): TestReplica {
    const found = this.#replicas.find(({ id }) => id === replicaId);
    if (found !== undefined) return found;
    const reason = `no replica ${JSON.stringify(replicaId)} runs; there are ${this.replicas.join(', ') || 'none'}`;
    throw new UnderstudyError('UNDERSTUDY_SETUP', reason);
  }

  get #connected(): TestReplica[] {
    return this.#replicas.filter(({ id }) => !this.#cables.isCut(id));
  }

  /** The replicas that the primary's record names as in sync. */
  get #inSync(): ReadonlySet<string> {
    const primary = this.#connected.find(({ replica }) => replica.status.role === 'primary');
    return new Set(primary?.replica.status.inSync.map(({ id }) => id));
  }

  #missing(): string[] {
    const wanted = Array.from({ length: this.#options.replicas ?? DEFAULTS.replicas }, (_, i) => `replica-${i + 1}`);
    return wanted.filter((id) => this.#cables.isCut(id) || !this.replicas.includes(id));
  }

  get #hasDiverged(): boolean {
    return this.divergences.length > this.#reported;
  }

  #isSettled(): boolean {
    if (!this.#connected.every((each) => this.#isReady(each))) return false;
    const statuses = this.#connected.map(({ replica }) => replica.status);
    return areSettled(statuses, this.#options.settings?.replication === 'passive');
  }

  #isReady({ id, replica: { status } }: TestReplica): boolean {
    const hasRestored = this.#differing.get(id) !== status.replica.incarnation;
    return hasRestored && (status.role === 'primary' || status.role === 'backup');
  }

  #differs(replicaId: string): void {
    const found = this.#replicas.find(({ id }) => id === replicaId);
    if (found !== undefined) this.#differing.set(replicaId, found.replica.status.replica.incarnation);
  }

  #served(what: string): Promise<void> {
    return this.#until(
      () => this.#connected.some(({ replica }) => replica.status.role === 'primary'),
      () => `no replica ${what}: ${this.#describe()}`,
    );
  }

  #until(holds: () => boolean, lacks: () => string): Promise<void> {
    return until(holds, this.#withinMs, lacks);
  }

  #describe(): string {
    return describe(this.#replicas);
  }
}

async function endClient(client: Client): Promise<void> {
  client.close();
  await understudyClient(client).close();
}

/**
 * Starts a group of replicas of your service in this process, with real sockets on loopback and a coordinator in memory. Works
 * in every test runner. Close it after the test.
 *
 * @param makeService called once for each replica; instances must share nothing
 *
 * @example
 * const group = await inProcessGroup(() => {
 *   const bank = new Bank();
 *   return { state: bank, addTo: (server) => server.addService(BankService, handlers(bank)) };
 * });
 * const client = group.client(BankClient);
 * await deposit(client, 'alice', 5);
 * await group.killPrimary();
 * await deposit(client, 'alice', 5); // the group goes on
 * await group.settled();
 * await group.close();
 */
export function inProcessGroup(makeService: MakeService, options: GroupOptions = {}): Promise<TestGroup> {
  return TestGroup.start(makeService, options);
}
