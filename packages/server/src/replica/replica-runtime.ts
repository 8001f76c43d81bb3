/** The replica that `createReplica` returns. */
import type { Server, ServerInterceptor } from '@grpc/grpc-js';
import { outside } from '@understudy/context';
import type { ChunkedStateSource, Coordinator, ReplicaId, ReplicaStatus, StateSource } from '@understudy/core';
import type { GroupConfig, OperatorAsk, UserCriteria } from '@understudy/core/internal';
import { checkGrpcVersion, loggerOf } from '@understudy/grpc-common';
import { TimedReplica } from '../agenda/timed-replica.js';
import { Guard } from '../capture/guard.js';
import { HandlerRegistry } from '../capture/registry.js';
import { unwrapHandlers } from '../capture/untraced.js';
import { awaitBound, checkMethods } from '../checks/server.js';
import { setupError } from '../checks/setup-error.js';
import { type AnyState, stateOf, tryCopy } from '../checks/state.js';
import { criteriaOf } from '../criteria/criteria.js';
import { effectWarnings } from '../determinism/effect-warnings.js';
import { installGlobals } from '../determinism/install.js';
import { handOver, haveLeft } from '../ending/hand-over.js';
import { Promised } from '../ending/promised.js';
import { followShutdown } from '../ending/shutdown.js';
import { onTermination } from '../ending/termination.js';
import { StrayErrors } from '../handlers/stray-errors.js';
import { conditionOf, type Phase, whyItWaits } from '../health/condition.js';
import { GroupHealth } from '../health/health.js';
import { RoleWatch } from '../health/role-watch.js';
import { Exposure, watchBinding } from '../identity/exposure.js';
import { OperatorCheck } from '../identity/operator-check.js';
import type { AcceptedLink } from '../links/accepted-link.js';
import { replicationService } from '../links/incoming-peer-links.js';
import { multicastService } from '../links/session-links.js';
import { UnspokenConnections } from '../links/unspoken-connections.js';
import { ReplicaLiveness } from '../liveness/replica-liveness.js';
import type { Life } from '../lives/life.js';
import type { LifeEvents, LifeSetup } from '../lives/life-setup.js';
import { Lives } from '../lives/lives.js';
import { type Measured, Measures } from '../lives/measures.js';
import { Activity } from '../loop/activity.js';
import { limitStart } from '../waiting/start-limit.js';
import { WaitWatch } from '../waiting/wait-watch.js';
import { adminHandlers, adminService } from './admin.js';
import { Arrivals } from './arrivals.js';
import { DivergenceLog } from './divergence-log.js';
import { endAfterFailure, logFailure } from './failure.js';
import { checkStartOptions } from './option-kinds.js';
import type { ReplicaServer, ReplicaServerOptions, StartOptions } from './options.js';
import { OWN_PATHS } from './own-paths.js';
import { PeerListener } from './peer-listener.js';
import { exposed, type PeerSetup, peerSetup } from './peer-setup.js';
import { checkAddress, checkOptions, notStarted } from './setup.js';
import { versionOf } from './version.js';

/** How long the last replica in sync waits by default for others that are catching up. */
const HAND_OVER_MS = 20_000;

/** Ties a grpc-js server to the lives of a replica. */
export class ReplicaRuntime extends TimedReplica implements ReplicaServer {
  readonly #options: ReplicaServerOptions & { readonly version: string };
  readonly #config: GroupConfig;
  readonly #id: ReplicaId;
  readonly #state: StateSource | ChunkedStateSource;
  readonly #logger: DivergenceLog;
  readonly #registry: HandlerRegistry;
  readonly #guard: Guard;
  readonly #criteria: UserCriteria;
  readonly #strays: StrayErrors;
  readonly #measures = new Measures();
  readonly #arrivals = new Arrivals({ life: () => this.#life, guarded: () => this.#guard.passed });
  readonly #health: GroupHealth | undefined;
  readonly #roles: RoleWatch;
  readonly #ready = new Promised<void>();
  readonly #stopped = new Promised<ReplicaId | undefined>();
  readonly #peers: PeerSetup;
  readonly #peerListener: PeerListener | undefined;
  readonly #exposure = new Exposure();
  #users: readonly ServerInterceptor[] | undefined;
  #server: Server | undefined;
  #coordinator: Coordinator | undefined;
  #lives: Lives | undefined;
  #stopping: Promise<ReplicaId | undefined> | undefined;
  #failed: Error | undefined;
  #over = false;
  #begun = false;
  #announced: string;
  livenessAddress: string | undefined;
  #waits: WaitWatch | undefined;
  #shutDownNow: () => void = () => this.#lose();
  #leaveSignals: () => void = () => {};

  constructor(options: ReplicaServerOptions) {
    super();
    checkGrpcVersion();
    installGlobals();
    this.#options = { ...options, version: versionOf(options.version) };
    this.#config = checkOptions(options);
    this.#peers = peerSetup(options);
    this.#announced = options.address ?? '';
    this.#peerListener = this.#peers.own && new PeerListener(this.#peers.own);
    this.#id = options.replicaId as ReplicaId;
    this.#state = stateOf(options.state);
    this.#logger = new DivergenceLog({
      replicaId: options.replicaId,
      logger: loggerOf(options.logger, { group: this.#config.group, replica: options.replicaId }),
      inGlobals: options.determinism !== 'api',
    });
    this.#criteria = criteriaOf(this.#config, options, this.#logger);
    this.#strays = new StrayErrors(this.#logger);
    this.#registry = new HandlerRegistry({
      gateway: this.#arrivals,
      unreplicated: options.unreplicated ?? [],
      traced: options.tracing !== undefined,
    });
    this.#health = options.health === false ? undefined : new GroupHealth(this.#registry, this.#logger);
    this.#roles = new RoleWatch(this.#logger, (serving) => {
      this.#tellHealth();
      options.onServing?.(serving);
    });
    this.#guard = new Guard({
      isReplicated: (path) => this.#registry.get(path) !== undefined,
      isOwn: (path) => OWN_PATHS.has(path),
      life: () => this.#life,
    });
  }

  interceptors(users: readonly ServerInterceptor[] = []): ServerInterceptor[] {
    this.#users = [...users];
    this.#guard.use(this.#users);
    return [this.#guard.interceptor];
  }

  attach(server: Server): void {
    this.#guard.checkAlone(server);
    this.#registry.attach(server);
    this.#server = server;
    server.addService(multicastService, {
      connect: (link: AcceptedLink) => this.#arrivals.onLink(link, (life) => life.onSessionLink(link)),
    });
    unwrapHandlers(server, OWN_PATHS);
    this.#serveReplicas(this.#peerListener?.server ?? server);
    new UnspokenConnections(this.#logger).watch(server, this.#peerListener?.server);
    watchBinding(server, this.#exposure, () => (this.#begun ? this.#strangersWouldPass() : undefined));
    this.#health?.attach(server);
    this.#shutDownNow = followShutdown(server, {
      stop: () => this.stop(),
      isOver: () => this.#over || this.#life === undefined,
      lost: () => this.#lose(),
    });
  }

  async start(options: StartOptions = {}): Promise<void> {
    checkStartOptions(options);
    if (this.#users === undefined) throw setupError('make the server with replica.interceptors([…]) before start()');
    if (this.#server === undefined) throw setupError('call replica.attach(server) before start()');
    if (this.#begun) throw setupError('start() was called before; start a replica once');
    if (this.#stopping !== undefined) throw setupError('stop() was called before; make a new replica');
    const reachedAt = checkAddress(options.address ?? this.#options.address);
    this.#announced = reachedAt;
    const exposure = this.#strangersWouldPass();
    if (exposure !== undefined) throw setupError(exposure);
    this.#begun = true;
    this.timers.begin();
    let state: AnyState;
    try {
      if (!this.#exposure.isBound) await awaitBound(this.#server);
      checkMethods(this.#server, this.#config);
      state = await tryCopy(this.#state);
    } catch (error) {
      this.#begun = false;
      throw error;
    }
    const peerAddress = await this.#peerListener?.bind();
    if (this.#stopping !== undefined) {
      this.#peerListener?.crash();
      throw setupError('stop() was called before; make a new replica');
    }
    this.#health?.addTo(this.#server);
    const place = { announced: peerAddress ?? reachedAt, bound: this.#peers.own?.listen ?? this.#exposure.target };
    const fixed = { config: this.#config, logger: this.#logger };
    const liveness = await ReplicaLiveness.open({ ...this.#options, ...place, ...fixed });
    this.livenessAddress = liveness?.address;
    const coordinator = this.#options.coordinator(this.#config.group);
    this.#coordinator = coordinator;
    const setup = { ...this.#setup(coordinator, state, reachedAt, peerAddress), liveness };
    const lives = new Lives(setup, this.#options.development === true);
    this.#lives = lives;
    this.#waits = new WaitWatch({
      why: () => whyItWaits(this.status, this.#phase),
      joins: () => this.#life?.status.role === 'joining',
      ...{ logger: this.#logger, onLook: () => this.#tellHealth() },
    });
    if (this.#options.handleSignals !== false) {
      this.#leaveSignals = onTermination({
        stop: () => this.stop(),
        server: () => this.#server,
        logger: this.#logger,
      });
    }
    const forget = limitStart(
      { timeoutMs: this.#options.startTimeoutMs, ...options },
      () => this.status.blocked,
      (error) => this.#ready.reject(error),
    );
    try {
      // The first of these to fail is the cause. `start` waits for the coordinator no longer than that.
      const begun = outside(() => lives.begin());
      begun.catch((error) => this.#ready.reject(error));
      await this.#ready.promise;
    } catch (error) {
      await this.#end(lives);
      throw error;
    } finally {
      forget();
    }
  }

  #setup(
    coordinator: Coordinator,
    state: AnyState,
    address: string,
    peerAddress: string | undefined,
  ): Omit<LifeSetup, 'liveness'> {
    return {
      ...{ id: this.#id, address, peerAddress, config: this.#config, coordinator, state },
      ...{ version: this.#options.version, interceptors: this.#users ?? [], registry: this.#registry },
      ...{ activity: new Activity(), peerCredentials: this.#peers.credentials, trust: this.#peers.trust },
      callerSecrets: this.#options.callerSecrets ?? {},
      strays: this.#options.uncaught === 'exit' ? undefined : this.#strays,
      ...{ logger: this.#logger, measures: this.#measures, events: this.#events },
      inGlobals: this.#options.determinism !== 'api',
      onEffect: effectWarnings(this.#options, this.#logger),
      ...{ tracing: this.#options.tracing, criteria: this.#criteria, timers: this.timers, divergences: this.#logger },
      clock: this.clock,
    };
  }

  stop(): Promise<ReplicaId | undefined> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  kick(): void {
    this.#life?.kick();
  }

  remove(replicaId: string): Promise<void> {
    return this.operate({ kind: 'remove', replica: replicaId as ReplicaId });
  }

  async operate(asks: OperatorAsk): Promise<void> {
    const problem = await (this.#life?.operate(asks) ?? 'this replica knows no record');
    if (problem !== undefined) throw setupError(problem);
  }

  get status(): ReplicaStatus {
    const status = { ...(this.#life?.status ?? this.#betweenLives()), ...this.#counts };
    if (this.#failed === undefined) return status;
    return { ...status, role: 'deposed', blocked: `this replica failed: ${this.#failed.message}` };
  }

  /** What is counted over all lives of this process. */
  get #counts(): Pick<ReplicaStatus, 'strayErrors' | 'divergences' | 'diverging'> & Measured {
    return { strayErrors: this.#strays.count, ...this.#logger.counts, ...this.#measures.status };
  }

  #betweenLives(): ReplicaStatus {
    const status = this.#roles.last ?? notStarted(this.#config, this.#id, this.#options.version);
    if (this.#lives === undefined || this.#over) return status;
    return { ...status, role: 'starting', blocked: this.#lives.waits };
  }

  get #phase(): Phase {
    return {
      serving: this.#roles.serving,
      stopping: this.#stopping !== undefined,
      failed: this.#failed !== undefined,
      over: this.#over,
    };
  }

  #tellHealth(): void {
    this.#health?.tell(conditionOf(this.status, this.#phase));
  }

  protected listen(event: 'role' | 'version', listener: (status: ReplicaStatus) => void): () => void {
    return event === 'version' ? this.#roles.listenToVersions(listener) : this.#roles.listen(listener);
  }

  /** For tests: ends all sockets at once, as the death of the process would, and hands nothing over. */
  crash(): void {
    this.#shutDownNow();
  }

  get #life(): Life | undefined {
    return this.#lives?.current;
  }

  readonly #events: LifeEvents = {
    roleChanged: (status) => {
      if (status.role === 'primary' || status.role === 'backup') {
        this.#lives?.settled();
        this.#ready.resolve();
      }
      this.#measures.roleChanged(status);
      this.#roles.changed({ ...status, ...this.#counts });
      this.#tellHealth();
    },
    versionsChanged: (status) => this.#roles.versionsChanged({ ...status, strayErrors: this.#strays.count }),
    over: (reason) => {
      if (this.#stopping !== undefined) this.#stopped.resolve(undefined);
      else this.#lives?.renew(reason);
    },
    stopped: (handedOverTo) => this.#stopped.resolve(handedOverTo),
    mismatch: (peer, error) => {
      // A mismatch with another backup must not keep this replica from starting.
      if (this.status.primary === peer) this.#ready.reject(error);
    },
    fatal: (error) => this.#fail(error),
  };

  /** Adds the services that only other replicas and operators may call. */
  #serveReplicas(server: Server): void {
    server.addService(replicationService, {
      link: (link: AcceptedLink) => this.#arrivals.onLink(link, (life) => life.onPeerLink(link)),
    });
    const operators = new OperatorCheck(this.#peers.trust, this.#config.group, this.#id);
    const handlers = adminHandlers(this, {
      challenge: () => operators.challenge(),
      refuses: (call, method) => this.#strangersWouldPass() ?? operators.refuses(call, method),
    });
    server.addService(adminService, handlers);
    unwrapHandlers(server, OWN_PATHS);
  }

  /** @returns what is wrong, in a sentence, if strangers could pass for replicas; undefined if they could not */
  #strangersWouldPass(): string | undefined {
    if (this.#options.insecurePeers === true) return undefined;
    return exposed(this.#peers, this.#exposure, this.#announced);
  }

  /** Ends the replica as a crash would: it can no longer be reached, and must not keep others from taking over. */
  #lose(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leaveSignals();
    this.#waits?.end();
    this.#tellHealth();
    this.#stopping ??= Promise.resolve(undefined);
    this.#ready.reject(
      setupError('the server was shut down before the replica had joined its group; make a new replica'),
    );
    this.#stopped.resolve(undefined);
    this.#lives?.crash();
    this.#peerListener?.crash();
    this.#roles.ended();
    void this.#coordinator?.close().catch(() => {});
  }

  async #stop(): Promise<ReplicaId | undefined> {
    this.#ready.reject(setupError('stop() was called before the replica had joined its group; make a new replica'));
    const life = this.#life;
    let handedOverTo: ReplicaId | undefined;
    this.#tellHealth();
    if (life !== undefined) {
      handedOverTo = await handOver(life, this.#stopped, {
        learnersMs: this.#options.handOverMs ?? HAND_OVER_MS,
        present: (await this.#lives?.othersThatRun()) ?? [],
        logger: this.#logger,
      });
    }
    if (this.#lives !== undefined) await this.#end(this.#lives);
    return handedOverTo;
  }

  async #end(lives: Lives): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#leaveSignals();
    this.#waits?.end();
    this.#tellHealth();
    const left = haveLeft(lives.end());
    this.#peerListener?.close();
    this.#roles.ended();
    try {
      await this.#coordinator?.close().finally(() => left);
    } catch (error) {
      this.#logger.log('warn', 'closing the coordinator failed', { reason: String(error) });
    }
  }

  /** Fails and stops, because nothing that this replica knows can be relied on. */
  #fail(error: Error): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    logFailure(this.#logger, error);
    this.#ready.reject(error);
    this.#stopped.resolve(undefined);
    if (this.#lives !== undefined) void this.#end(this.#lives);
    this.#roles.changed(this.status);
    endAfterFailure(error, this.#options.onFatal);
  }
}
