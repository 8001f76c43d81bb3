/** An instance of the service on a replica of its own, in surroundings of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { realOf } from '@understudy/context';
import type { ReplicaServer } from '@understudy/server';
import { copyOf, type StateCopy } from '../../group/test-replica.js';
import type { MakeService, ServiceAdder, TestedService } from '../../service.js';
import { type Environment, withoutSurroundings } from '../outside/environment.js';
import { type Seen, seenState } from './output.js';
import { type AnyHandler, handlersOf, runRecorded } from './recorder.js';

type TimerHandler = (payload: never) => unknown;

/** What one call of `makeService` made. */
interface Made {
  readonly service: TestedService;
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  readonly timers: ReadonlyMap<string, TimerHandler>;
}

/** Real clocks that tell the instances apart, also through functions that the service has taken aside. */
export interface Turns {
  /** When a handler of the instance under comparison last ran. */
  lastMs: number;
}

const PIECE_BYTES = 1_000;
/** A service that takes longer than this to make waits for a timer. */
const PATIENCE_MS = 100;
const realMs = realOf(Date.now);

export interface InstanceOptions {
  readonly environment: Environment;
  readonly turns: Turns;
  /** Whether this is the instance that all others are compared with. */
  readonly isFirst: boolean;
}

export class Instance {
  readonly environment: Environment;
  readonly replica: ReplicaServer;
  /** What its handlers have given to callers, oldest first. */
  outputs: Seen[] = [];
  readonly #makeService: MakeService;
  readonly #options: InstanceOptions;
  readonly #definitions: ServiceDefinition[] = [];
  readonly #repeating = new Set<string>();
  #afters = 0;
  #made: Made | undefined;

  private constructor(makeService: MakeService, replica: ReplicaServer, options: InstanceOptions) {
    this.#makeService = makeService;
    this.#options = options;
    this.replica = replica;
    this.environment = options.environment;
  }

  static async make(makeService: MakeService, replica: ReplicaServer, options: InstanceOptions): Promise<Instance> {
    const instance = new Instance(makeService, replica, options);
    instance.#made = await instance.#make(true);
    return instance;
  }

  /** The service as its replica sees it. It stays the same object when another instance takes its place. */
  get service(): TestedService {
    const state = (): TestedService['state'] => this.#current.service.state;
    if (state() === 'none') return { state: 'none', addTo: this.#addTo, close: () => this.#current.service.close?.() };
    const each = () => state() as Exclude<TestedService['state'], 'none'>;
    return {
      state: {
        checkpoint: () => this.environment.run(() => each().checkpoint()),
        restore: (copy: never) => this.environment.run(() => each().restore(copy)),
        snapshots: each().snapshots === true,
      } as TestedService['state'],
      addTo: this.#addTo,
      close: () => this.#current.service.close?.(),
    };
  }

  /** The state in the form in which it is compared. Call this between two messages. */
  async state(): Promise<Seen> {
    const { service } = this.#current;
    if (service.digest === undefined) {
      // If equal states may have unequal copies and the service gives no digest, there is nothing to compare.
      if (service.state !== 'none' && service.state.canonical === false) return seenState([]);
      return seenState((await this.environment.run(() => copyOf(service.state))).chunks);
    }
    const digest = await this.environment.run(() => service.digest?.() ?? '');
    return seenState([typeof digest === 'string' ? Buffer.from(digest) : digest]);
  }

  /**
   * Replaces this service by a new one that has been made anew and given a copy of its state.
   *
   * @returns false if that is impossible because functions of timers belong to the present one
   */
  async renew(): Promise<boolean> {
    const { status } = this.replica;
    if (status.timers > this.#afters || status.openStreams + status.openWaits + status.openNested > 0) return false;
    const { service } = this.#current;
    if (service.state === 'none') return false;
    const copy = await this.environment.run(() => copyOf(service.state));
    const made = await this.#make(false);
    const { state } = made.service;
    if (state !== 'none') await this.environment.run(() => restore(state, copy));
    if (this.replica.status.processedUpTo !== status.processedUpTo) {
      await made.service.close?.();
      return false;
    }
    this.#made = made;
    await service.close?.();
    return true;
  }

  get #current(): Made {
    if (this.#made === undefined) throw new Error('the service is not made yet');
    return this.#made;
  }

  /** @param isServed whether the replica serves the new service; otherwise it replaces the one that the replica has */
  async #make(isServed: boolean): Promise<Made> {
    const timers = new Map<string, TimerHandler>();
    const handlers = new Map<string, AnyHandler>();
    const service = await this.#awaitMade(() => this.#makeService(this.#facade(timers, isServed)));
    const addService = (definition: ServiceDefinition, implementation: UntypedServiceImplementation): void => {
      if (isServed) this.#definitions.push(definition);
      for (const [path, handler] of handlersOf(definition, implementation)) handlers.set(path, handler);
    };
    this.environment.run(() => service.addTo({ addService } as ServiceAdder));
    return { service, handlers, timers };
  }

  /** Waits for a service that may wait before it is made. It does not wait for the service's timers. */
  async #awaitMade(make: () => TestedService | Promise<TestedService>): Promise<TestedService> {
    const made = Promise.resolve(this.environment.run(make));
    while ((await Promise.race([made, sleep(PATIENCE_MS)])) === undefined) this.environment.timers.fireOnceOnly();
    return await made;
  }

  readonly #addTo = (server: ServiceAdder): void => {
    for (const definition of this.#definitions) {
      const recorded: UntypedServiceImplementation = {};
      const ordered: Record<string, ServiceDefinition[string]> = {};
      for (const [name, method] of Object.entries(definition)) {
        // The primary alone runs methods that only read, unless nobody knows that they only read.
        ordered[name] = { ...method, options: undefined } as unknown as ServiceDefinition[string];
        if (!this.#current.handlers.has(method.path)) continue;
        recorded[name] = ((...given: unknown[]) => this.#run(method, given)) as never;
      }
      server.addService(ordered, recorded);
    }
  };

  #run(method: ServiceDefinition[string], given: unknown[]): unknown {
    const { turns, isFirst } = this.#options;
    if (isFirst) turns.lastMs = realMs();
    else while (realMs() <= turns.lastMs + 1);
    const handler = this.#current.handlers.get(method.path) as AnyHandler;
    return this.environment.run(() => runRecorded(handler, method, (seen) => this.outputs.push(seen), given));
  }

  /** The replica in the form in which the service gets it. */
  #facade(timers: Map<string, TimerHandler>, isServed: boolean): ReplicaServer {
    const { replica } = this;
    const own: Partial<Record<keyof ReplicaServer, unknown>> = {
      on: (name: string, handler: TimerHandler) => {
        if (name === 'role' || name === 'version') return replica.on(name as 'role', handler as never);
        timers.set(name, handler);
        if (isServed) replica.on(name, (payload) => this.#ring(name, payload));
        return undefined;
      },
      every: (periodMs: number, name: string, handler?: TimerHandler) => {
        this.#repeating.add(name);
        if (handler !== undefined) timers.set(name, handler);
        if (isServed) replica.every(periodMs, name, handler && (() => this.#ring(name, undefined)));
      },
      // What happens once happens outside of all instances.
      once: (name: string, run: (key: string) => unknown) =>
        replica.once(name, (key) => withoutSurroundings(() => run(key))),
      after: (...given: Parameters<ReplicaServer['after']>) => {
        const timer = replica.after(...given);
        this.#afters++;
        return timer;
      },
    };
    return new Proxy(replica, {
      get: (target, key) => {
        const value = Object.hasOwn(own, key) ? own[key as keyof typeof own] : Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  #ring(name: string, payload: unknown): unknown {
    if (!this.#repeating.has(name)) this.#afters--;
    return this.environment.run(() => this.#current.timers.get(name)?.(payload as never));
  }
}

async function restore(state: Exclude<TestedService['state'], 'none'>, copy: StateCopy): Promise<void> {
  const whole = Buffer.concat(copy.chunks);
  await state.restore((copy.isChunked ? pieces(whole) : whole) as never);
}

/** Cuts a copy into chunks at other places than before, as a transfer may. */
async function* pieces(whole: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < whole.length; from += PIECE_BYTES) yield whole.subarray(from, from + PIECE_BYTES);
}
