/** The options that a user gives to `createReplica`, and the replica that it returns. */
import type { Server, ServerCredentials, ServerInterceptor } from '@grpc/grpc-js';
import type {
  ChunkedStateSource,
  CoordinatorFactory,
  Logger,
  ReplicaId,
  ReplicaStatus,
  StateSource,
} from '@understudy/core';
import type { CriteriaOptions } from '../criteria/criteria.js';
import type { HandlerTracing } from '../handlers/tracing.js';
import type { GroupSecretSource } from '../identity/group-secret.js';
import type { PeerNames } from '../identity/peer-trust.js';
import type { CallerSecrets } from '../intake/identity.js';
import type { PeerCredentials } from '../links/peer-link.js';

/** `'none'`. The rest lets compilers tell from `snapshots` which kind of state an object is. */
export type NoState = 'none' & { readonly snapshots?: undefined };

/** The options of `createReplica`. */
export interface ReplicaServerOptions extends CriteriaOptions {
  /**
   * Name of the group. The service config has it already; given here too, the two must be equal, which catches a server that
   * was started with another group's config. Default: the service config's.
   */
  readonly group?: string;
  /**
   * Name of this replica, 1 to 512 characters: unique in its group, and the same after a restart. The name of a stateful
   * set's pod for instance.
   *
   * @example 'bank-1'
   */
  readonly replicaId: string;
  /**
   * Where the other replicas and the clients reach this one, `host:port`: not `0.0.0.0`, which is where a server listens.
   * Required here or in `start`. Default: what `start` is given.
   *
   * @example '10.0.0.1:50051'
   */
  readonly address?: string;
  /**
   * Where the record of who is primary is kept: what `etcd(…)` of `@understudy/coordinator-etcd` or `embeddedCoordinator(…)`
   * of `@understudy/coordinator-embedded` returns. The same place for all replicas of the group. No call needs it.
   */
  readonly coordinator: CoordinatorFactory;
  /**
   * The service's state: how it is copied, and how it is replaced by a copy. Called between two messages, never while a
   * handler runs. All that a handler's answers depend on must be in it. `start` copies it once, to see that it can be
   * copied. Large state is copied in chunks, see `ChunkedStateSource`. `'none'` for a service without state.
   *
   * @example { checkpoint: () => Buffer.from(JSON.stringify(accounts)), restore: (bytes) => { accounts = JSON.parse(…); } }
   */
  readonly state: StateSource | ChunkedStateSource | NoState;
  /**
   * gRPC service config whose `loadBalancingConfig` has the group's `understudy` entry; an object or JSON text. The group's
   * name is the same for all replicas and clients. Of everything else the primary's settings are in force; a replica that
   * has others follows them, and applies its own when it becomes primary. `UnderstudyServiceConfig` is its type, for editors and compilers.
   *
   * @example { loadBalancingConfig: [{ understudy: { group: 'bank' } }] }
   */
  readonly serviceConfig: object | string;
  /**
   * The version of the service's code, 1 to 512 characters. Replicas of different versions never execute the same
   * message: while a group is upgraded, those with another version than the primary follow by copies of its state. Give
   * it where the nearest package.json does not change with the code. Default: name and version in the package.json
   * nearest to the file that the process runs.
   *
   * @example 'bank@1.4.0'
   */
  readonly version?: string;
  /**
   * Receives what happens to this replica, as an event with fields; never a message, unless the text of an error has one that
   * your own code throws. `'none'` for silence. Default: warnings and errors, each as one line of JSON on stderr.
   */
  readonly logger?: Logger | 'none';
  /**
   * Services that are not replicated: each replica serves them by itself. `package.Service`, or `package.*` for all below a
   * package. gRPC's health and reflection services are among them anyhow. Default: none.
   *
   * @example ['debug.v1.Debug', 'admin.*']
   */
  readonly unreplicated?: readonly string[];
  /**
   * A listener of its own for other replicas and for operators, `host:port`, which the replica makes, binds and shuts down:
   * where other replicas reach this one. The server of the clients then has neither replication nor the Admin service. Port 0
   * takes a free one. Default: none, and they share the clients' port.
   *
   * @example '10.0.0.1:50052'
   */
  readonly peerAddress?: string;
  /**
   * Where to listen for other replicas, `host:port`: for a host whose own address is not the one by which others reach it.
   * Default: `peerAddress`.
   *
   * @example '0.0.0.0:50052'
   */
  readonly peerListen?: string;
  /**
   * Where a thread of this process exchanges heartbeats with those of other replicas, `host:port`, so that the group
   * goes on while an event loop is blocked. Fix the port where a firewall must know it. Replicas that cannot reach it
   * send heartbeats on their main links instead, as with `false`, and then a blocked event loop may cost a replica its
   * role. Default: a free port of the host at which other replicas reach this one.
   *
   * @example '10.0.0.1:50053'
   */
  readonly livenessAddress?: string | false;
  /**
   * Whether the process is ended (SIGABRT, with a line on stderr that names order and method) when its event loop has
   * been blocked for longer than `stallMs`, a second and three leases, whichever is longest. By then the group has gone on
   * without it. Not while a debugger may attach itself. With `false` it stays, and comes back if it ever turns again.
   * Default `true`.
   */
  readonly endsBlocked?: boolean;
  /**
   * Credentials of the listener at `peerAddress`. For mutual TLS its clients' certificates must be required and checked: the
   * third argument of `createSsl` is `true`. Certificates may be renewed while it runs if they come from a provider, see
   * docs/security.md. Default: without TLS.
   *
   * @example grpc.ServerCredentials.createSsl(authority, [{ private_key: key, cert_chain: certificate }], true)
   */
  readonly peerServerCredentials?: ServerCredentials;
  /**
   * How this replica connects to the others, or a function that says so for each new connection, so that certificates can be
   * renewed while it runs. Default: without TLS.
   *
   * @example () => grpc.credentials.createSsl(readFileSync('ca.pem'), readFileSync('key.pem'), readFileSync('cert.pem'))
   */
  readonly peerCredentials?: PeerCredentials;
  /**
   * The name (common name or DNS name) in each replica's certificate, by replica id; several names if it changes. Only who
   * shows a certificate with one of them is believed to be that replica. With it, certificates are demanded at the clients'
   * port too, if replicas use that. Default, with `peerServerCredentials`: the replica's id itself.
   *
   * @example { 'bank-1': 'bank-1.bank.svc', 'bank-2': 'bank-2.bank.svc' }
   */
  readonly peerNames?: PeerNames;
  /**
   * Names in certificates that may call the Admin service, besides those of replicas. Default: with `peerNames` none, without
   * it every certificate that `peerServerCredentials` accepts.
   */
  readonly operatorNames?: readonly string[];
  /**
   * A secret that all replicas of the group know, 16 bytes or more of randomness. Replicas prove to each other that they know
   * it, and authenticate every frame with it; operators prove it to the Admin service. Of two secrets the first is used and
   * both are accepted, so that one can replace the other without a stop. A function is called for each new connection and
   * every few seconds. It encrypts nothing. Default: none.
   *
   * @example () => readFileSync('/run/secrets/bank', 'utf8').trim().split('\n')
   */
  readonly groupSecret?: GroupSecretSource;
  /**
   * With `true` a replica starts although anybody who reaches its address can replicate, read all state and stop it. Say so
   * only where the network keeps strangers out. Default `false`: without `groupSecret` and without mutual TLS a replica starts
   * only if it listens on loopback alone.
   */
  readonly insecurePeers?: boolean;
  /**
   * By the name of a group that calls this one, the secret that both know: any text of 32 characters or more. A call that
   * uses the group's name without proving this is refused. A list holds several that are valid while one is renewed. The
   * calling group gives its client the same text as `callerSecret`. Default: names belong to the subject of the certificate
   * with which they were first used, and without certificates to whoever may call.
   *
   * @example { shop: process.env.SHOP_CALLS_BANK }
   */
  readonly callerSecrets?: CallerSecrets;
  /**
   * SIGTERM and SIGINT hand over, shut the server down and exit the process with 0; if something else listens to the signal,
   * the process goes on until that has done its work. A second signal ends it at once. With `false` call `stop` yourself
   * before you shut the server down. Default `true`.
   */
  readonly handleSignals?: boolean;
  /**
   * What becomes of an error that nobody caught and that comes from a handler, or from an interceptor of a replicated
   * call: thrown in a timer, a tick or a listener that it has set, or of a promise that nobody awaits. `'contain'`: it
   * ends the call with UNKNOWN, as an error does that the handler throws, unless the call has ended before; it is logged
   * with method, order and stack, and counted in the status. Listeners of `uncaughtException` and `unhandledRejection`
   * are not told of it; those of `uncaughtExceptionMonitor` are told of exceptions. `'exit'`: it is the process's as
   * without us, and since every replica runs the same handlers it ends all of them. Errors that come from neither are
   * the process's in any case. Default `'contain'`.
   *
   * @example 'exit'
   */
  readonly uncaught?: 'contain' | 'exit';
  /**
   * Puts executions of handlers into traces: `openTelemetry()` of `@understudy/otel`. Default: handlers run in nobody's
   * context, and are no spans.
   *
   * @example openTelemetry()
   */
  readonly tracing?: HandlerTracing;
  /**
   * How long this replica, told to stop while no other is in sync, waits for one that is catching up, in milliseconds; it
   * serves meanwhile. Shorter than the time after which your orchestrator kills a process. Default 20,000.
   *
   * @example 5_000
   */
  readonly handOverMs?: number;
  /**
   * How long `start` waits, in milliseconds, before it fails with UNDERSTUDY_BLOCKED and says for what. Longer than
   * a rolling restart keeps the others away; a shorter one ends processes that would have joined. Default: for as long
   * as it takes, with a warning every 10 s.
   *
   * @example 60_000
   */
  readonly startTimeoutMs?: number;
  /**
   * For a group that is restarted all the time, often a single process: when no replica runs any more that holds the group's
   * state, the next one begins anew, without it, instead of waiting for `understudy force`. Not for production: there a
   * replica without the state must not take the place of one that is only out of reach. Default `false`.
   */
  readonly development?: boolean;
  /**
   * Adds grpc.health.v1.Health. Service `''` and the group's services are SERVING on the primary only; `understudy.ready`
   * where the replica is in sync, so that another one may safely be stopped; `understudy.live` while the process can go on;
   * `understudy.degraded` while the replica knows that the group is weaker than it looks, see `status.degraded`. `false`
   * for a server that has a health service of its own; without it the replica stands aside with a warning. Default `true`.
   */
  readonly health?: boolean;
  /**
   * Where handlers find the time and the randomness that are the same on all replicas. `'patch'`: in `Date`,
   * `performance.now`, `Math.random` and the random functions of `crypto`, which are the real ones everywhere else.
   * `'api'`: only in `stepTime()` and `stepRandom()`; the globals are the real ones in handlers too. The same for all
   * replicas. Default `'patch'`.
   */
  readonly determinism?: 'patch' | 'api';
  /**
   * Whether a line of code is warned of, once, that uses files, `fetch`, `http`, sockets or other processes in a handler outside
   * of `once`: every replica would do so. With `false` those functions are left as node has them, if all replicas of the process
   * say so and NODE_ENV was `production` when this package was loaded. Default: `true`, unless NODE_ENV is `production`
   * and `development` is not set.
   *
   * @example false
   */
  readonly effectWarnings?: boolean;
  /** Called with `true` when this replica begins to serve as primary, with `false` when it ceases to. Default: nothing. */
  readonly onServing?: (serving: boolean) => void;
  /**
   * Called when an invariant does not hold, or when the user's state cannot be replaced. This replica does
   * not serve any more, and its state must not be trusted. Default: exits the process with 70, so that a supervisor
   * starts it anew.
   */
  readonly onFatal?: (error: Error) => void;
}

export interface StartOptions {
  /**
   * Where the other replicas and the clients reach this one, `host:port`, for a server that learns its port only when it is
   * bound. Default: the option `address` of `createReplica`.
   *
   * @example `10.0.0.1:${port}`
   */
  readonly address?: string;
  /** How long this `start` waits, in milliseconds. A shorter one ends processes that would have joined. Default: the option `startTimeoutMs` of `createReplica`. */
  readonly timeoutMs?: number | undefined;
  /**
   * Ends the wait when it is aborted: `start` fails with UNDERSTUDY_BLOCKED. Default: none.
   *
   * @example AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal;
}

/** One replica of a service: a grpc-js server whose calls are ordered and replicated. */
export interface ReplicaServer {
  /**
   * The interceptors that `new grpc.Server({ interceptors })` must be given, alone.
   *
   * @param users the service's own interceptors, the first nearest the wire. Calls of replicated methods meet them on
   *   the primary, before they are ordered; calls of all other services, health and reflection among them, on every
   *   replica, as on a server without us. The replica's own services (`understudy.v1`) do not meet them.
   */
  interceptors(users?: readonly ServerInterceptor[]): ServerInterceptor[];
  /**
   * Captures the services of `server`, whether they were added before or are added later. Of those that were added before,
   * `idempotency_level` is not known, so name their read-only methods in the service config. When the server is shut down,
   * the replica stops first, also when it is shut down by force; a second `forceShutdown` ends it at once.
   *
   * @throws UNDERSTUDY_SETUP when called twice, when the server is of another copy of grpc-js, when it has interceptors
   *   besides those of `interceptors()`, or when its limits of message size are not above 1 MiB
   */
  attach(server: Server): void;
  /**
   * Joins the group, or creates it. The server must be bound. It waits for a coordinator that is away, and for replicas that
   * hold the group's state, and says so by a warning; see `startTimeoutMs`.
   *
   * @returns resolves when this replica is primary or an in-sync backup
   * @throws UNDERSTUDY_SETUP, UNDERSTUDY_CONFIG, UNDERSTUDY_RECORD_DAMAGED, UNDERSTUDY_BLOCKED
   */
  start(options?: StartOptions): Promise<void>;
  /**
   * Hands over if this replica is the primary, then ends the replica's links. The server stays bound, so shut it down
   * next. May be called again; takes at most 3 s, and `handOverMs` more where it waits for a replica that is catching up.
   *
   * @returns the replica that was handed over to, if any
   */
  stop(): Promise<ReplicaId | undefined>;
  /**
   * On the primary: takes a replica that does not run out of the group's record, as `understudy remove` does. Otherwise that
   * happens after `forgetMs`. To replace a replica, start the new one, `stop` the old one, and remove its name here.
   *
   * @returns resolves when the change of the record is under way
   * @throws UNDERSTUDY_SETUP saying why it cannot be done: this replica is not the primary, that one runs, or the record
   *   does not name it
   */
  remove(replicaId: string): Promise<void>;
  /** With `ordering: 'resource'`: asks `admits` again about the calls that wait, because one may run now that might not. */
  kick(): void;
  readonly status: ReplicaStatus;
  /**
   * Tells the listener of each change of role.
   *
   * @returns a function that ends the listening
   */
  on(event: 'role', listener: (status: ReplicaStatus) => void): () => void;
  /**
   * Tells the listener when the version of the primary, or of a replica that this one has a link to, is another one than
   * before: `status.members` has them.
   *
   * @returns a function that ends the listening
   */
  on(event: 'version', listener: (status: ReplicaStatus) => void): () => void;
  /**
   * Registers the handler of a timer, before `start`, on all replicas alike. It runs on every replica at the same place in
   * the order, and may do what handlers of calls may.
   *
   * @throws UNDERSTUDY_SETUP after `start`, or for a second handler
   *
   * @example replica.on('expire', ({ cart }) => carts.delete(cart));
   */
  on<T>(timer: string, handler: (payload: T) => unknown): void;
  /**
   * In a handler: runs the handler of a timer in `delayMs` milliseconds, 0 to a year. The timer is data, so it survives
   * failover, and replicas that join have it too. One that is late runs at once.
   *
   * @param payload data, at most 64 KiB as `v8.serialize` writes it
   * @returns the timer's name for `cancel`, the same on every replica
   * @throws UNDERSTUDY_SETUP without a handler for it, UNDERSTUDY_OUT_OF_ORDER outside of handlers
   *
   * @example replica.after(60_000, 'expire', { cart });
   */
  after(delayMs: number, timer: string, payload?: unknown): string;
  /**
   * Runs the handler of a timer every `periodMs` milliseconds, from 1 to a year, as long as the group serves. To be called
   * before `start`, on all replicas alike. If it is missed, while no replica serves, it runs once and goes on from there.
   *
   * @param handler default: the one of `on`
   * @throws UNDERSTUDY_SETUP after `start`, or without a handler
   *
   * @example replica.every(1_000, 'sweep', () => store.sweep());
   */
  every(periodMs: number, timer: string, handler?: () => unknown): void;
  /**
   * In a handler: cancels a timer of `after`. Nothing happens if it has run.
   *
   * @param timer what `after` returned
   */
  cancel(timer: string): void;
  /**
   * In a handler: does something in the outside world, on the primary alone, when everything that led to it is stable. All
   * replicas get the same result, now and when they replay. Other calls go on meanwhile. If the primary dies before the
   * result is known to others, its successor runs `run` again with the same `key`, so give the key to whom you call.
   *
   * @param name says in messages what it is
   * @param run its result is copied as data, at most 1 MiB; what it throws is thrown everywhere with its name, message and
   *   `code`. At most 64 run at a time
   * @throws UNDERSTUDY_OUT_OF_ORDER outside of handlers
   *
   * @example await replica.once('charge', (key) => stripe.charges.create(order, { idempotencyKey: key }));
   */
  once<T>(name: string, run: (key: string) => T | PromiseLike<T>): Promise<Awaited<T>>;
}
