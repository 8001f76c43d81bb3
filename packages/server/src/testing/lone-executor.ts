/** An executor without a core, whose messages a test orders. */
import { Server, type ServerInterceptor, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { OrderNum, Term } from '@understudy/core';
import {
  type ConnectionId,
  connectionId,
  type NestedId,
  type Outcome,
  parseServiceConfig,
  type Replica,
  type ReplicaEffect,
  type ReplicaEvent,
  type Reply,
  type Request,
  type SeqNum,
  type StreamPart,
  sameNested,
  type Task,
} from '@understudy/core/internal';
import { bodyDigest } from '@understudy/wire';
import { HandlerRegistry } from '../capture/registry.js';
import { Seeds } from '../determinism/seeds.js';
import { Executor } from '../execution/executor.js';
import { StrayErrors } from '../handlers/stray-errors.js';
import { Calls } from '../intake/calls.js';
import { CallerNames } from '../intake/identity.js';
import { Activity } from '../loop/activity.js';
import { EventLoop } from '../loop/event-loop.js';
import { implementationOf, jsonBytes, type Method, serviceOf } from './comparison/side-by-side.js';

export type EventOf<K extends ReplicaEvent['kind']> = Extract<ReplicaEvent, { kind: K }>;

/** The connection of all ordered calls. */
export const CONNECTION: ConnectionId = connectionId('session', 'c'.repeat(32));
const NO_BYTES = new Uint8Array(0);
/** The time of an order, years before the tests run. */
export const timeOf = (orderNum: number): number => Date.UTC(2001, 0, 1) + 1000 * orderNum;
const BIDI = { requestStream: true, responseStream: true };
const CONFIG = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'lone' } }] });

export interface LoneOptions {
  /** Handlers of bidirectional methods. */
  readonly streaming?: UntypedServiceImplementation;
  readonly interceptors?: readonly ServerInterceptor[];
}

/** The executor of one replica. A test stands in for the core: it orders messages, and sees their events. */
export class LoneExecutor {
  readonly events: ReplicaEvent[] = [];
  readonly logged: string[] = [];
  readonly activity = new Activity();
  readonly strays: StrayErrors;
  readonly #loop: EventLoop;
  readonly #executor: Executor;
  #effects: ReplicaEffect[] = [];
  #lookers: (() => void)[] = [];
  #task: Task | undefined;
  #orders = 0;

  /** @param unary handlers by name */
  constructor(unary: UntypedServiceImplementation, { streaming = {}, interceptors = [] }: LoneOptions = {}) {
    const core = { wantsFlush: false, wantsBatchFlush: false, step: (event: ReplicaEvent) => this.#step(event) };
    const onFatal = (error: Error): void => {
      this.logged.push(error.message);
    };
    const loop = new EventLoop({
      core: core as unknown as Replica,
      perform: (effect) => this.#perform(effect),
      onFatal,
    });
    this.#loop = loop;
    const registry = new HandlerRegistry({ gateway: { onCall() {}, onStream() {} } });
    const methods: Record<string, Method> = {};
    for (const [name, handler] of Object.entries(unary)) methods[name] = { handler };
    for (const [name, handler] of Object.entries(streaming)) methods[name] = { handler, definition: BIDI };
    const server = new Server();
    registry.attach(server);
    server.addService(serviceOf(methods), implementationOf(methods));
    const calls = new Calls({ loop, config: CONFIG, registry, callers: new CallerNames(CONFIG.group, {}) });
    const logger = { log: (_level: string, event: string) => void this.logged.push(event) };
    this.strays = new StrayErrors(logger);
    this.#executor = new Executor({
      loop,
      registry,
      calls,
      interceptors,
      activity: this.activity,
      admissionsMax: 10,
      strays: this.strays,
      seeds: new Seeds({ group: 'lone', secret: () => 'of tests' }),
      inGlobals: true,
      onEffect: undefined,
      tracing: undefined,
      waitsForOthers: () => false,
      timers: { get: () => undefined },
      armedData: () => ({ count: 0, bytes: 0 }),
      logger,
    });
  }

  /** Gives the next order to a unary call. Resolves when its step is over. */
  call(name: string, request: unknown = {}, admission?: number): Promise<EventOf<'executed'>> {
    return this.#order({ method: `/test.Service/${name}`, message: jsonBytes(request) }, admission);
  }

  /**
   * Gives the next order to a message of a stream, which is named by the order that opened it. Resolves when its step
   * is over.
   */
  part(name: string, stream: StreamPart, request: unknown = {}): Promise<EventOf<'executed'>> {
    return this.#order({ method: `/test.Service/${name}`, message: jsonBytes(request), stream });
  }

  /** Gives the next order to the reply to a nested call. Resolves when its step is over. */
  reply(to: NestedId, outcome: Reply): Promise<EventOf<'executed'>> {
    return this.#order({ method: '', message: NO_BYTES, reply: { to, outcome } });
  }

  /** Executes a read at this place in the order. */
  read(name: string, request: unknown = {}): Promise<EventOf<'executed'>> {
    const read: Request = { method: `/test.Service/${name}`, message: jsonBytes(request) };
    return this.#execute({ kind: 'read', readTask: 1, request: read, peer: 'p' }, undefined);
  }

  /** Lets a nested call leave. Resolves with its outcome. */
  async send(id: NestedId, again = false): Promise<Outcome> {
    const caller = { client: 'lone/1', term: 1 as Term, id, settledUpTo: 0 as OrderNum };
    this.#carryOut({ kind: 'sendNested', caller, again });
    return (await this.next('nestedReply', ({ to }) => sameNested(to, id))).outcome;
  }

  /** Passes a call through the interceptors; after that the number `admission` names it. */
  async admit(name: string, admission: number): Promise<void> {
    const request: Request = { method: `/test.Service/${name}`, message: jsonBytes({}) };
    this.#carryOut({ kind: 'admit', admission, connection: CONNECTION, peer: 'p', request });
    await this.next('admitted', (event) => event.admission === admission);
  }

  /** Passes the reply to a nested call over. */
  dropNested(id: NestedId): void {
    this.#carryOut({ kind: 'dropNested', id });
  }

  dropAdmission(admission: number): void {
    this.#carryOut({ kind: 'dropAdmission', admission });
  }

  /** Gives up the last message. */
  abandon(): void {
    if (this.#task !== undefined) this.#carryOut({ kind: 'abandonTask', task: this.#task });
  }

  /** Ends the life. */
  close(): void {
    this.#loop.close();
    this.#executor.close();
  }

  all<K extends ReplicaEvent['kind']>(kind: K): EventOf<K>[] {
    return this.events.filter((event): event is EventOf<K> => event.kind === kind);
  }

  /** @returns resolves with the first event of this kind, which may have come before */
  async next<K extends ReplicaEvent['kind']>(
    kind: K,
    matches: (event: EventOf<K>) => boolean = () => true,
  ): Promise<EventOf<K>> {
    for (;;) {
      const found = this.all(kind).find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#lookers.push(resolve));
    }
  }

  #order(request: Request, admission?: number): Promise<EventOf<'executed'>> {
    const orderNum = ++this.#orders as OrderNum;
    const seqNum = orderNum as number as SeqNum;
    const body = bodyDigest(request);
    const info = {
      term: 1 as Term,
      orderNum,
      timeMs: timeOf(orderNum),
      connection: CONNECTION,
      seqNum,
      body,
      kind: 'call',
    } as const;
    return this.#execute({ kind: 'ordered', info, request, peer: 'p' }, admission);
  }

  #execute(task: Task, admission: number | undefined): Promise<EventOf<'executed'>> {
    this.#task = task;
    this.#carryOut({ kind: 'execute', task, live: admission !== undefined, admission });
    return this.next('executed', (event) => event.task === task);
  }

  /** Has the loop carry out an effect. */
  #carryOut(effect: ReplicaEffect): void {
    this.#effects.push(effect);
    this.#loop.dispatch({ kind: 'tick' });
  }

  #step(event: ReplicaEvent): readonly ReplicaEffect[] {
    if (event.kind === 'tick') {
      const effects = this.#effects;
      this.#effects = [];
      return effects;
    }
    this.events.push(event);
    const lookers = this.#lookers;
    this.#lookers = [];
    for (const look of lookers) look();
    return [];
  }

  #perform(effect: ReplicaEffect): void {
    switch (effect.kind) {
      case 'execute':
        return this.#executor.execute(effect);
      case 'admit':
        return this.#executor.admit(effect);
      case 'sendNested':
        return this.#executor.sendNested(effect);
      case 'dropNested':
        return this.#executor.dropNested(effect);
      case 'dropTimer':
        return this.#executor.dropTimer(effect);
      case 'dropAdmission':
        return this.#executor.dropAdmission(effect);
      case 'abandonTask':
        return this.#executor.abandonTask(effect);
      default:
        throw new Error(`a test has no effect ${effect.kind}`);
    }
  }
}
