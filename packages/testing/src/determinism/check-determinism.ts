/** Finds what makes replicas of a service differ, before it is in production. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnderstudyError } from '@understudy/core';
import type { ReplicaServer } from '@understudy/server';
import type { TestCall } from '../calls/make-call.js';
import { inProcessGroup, type TestGroup } from '../group/in-process-group.js';
import type { GroupOptions } from '../group/options.js';
import type { MakeService } from '../service.js';
import { causeOf, causeOfTimer } from './differences/causes.js';
import { areEqual, DeterminismError, type Difference, diffOf, type Variation } from './differences/difference.js';
import { Instance } from './instances/instance.js';
import { digestOf, type Seen } from './instances/output.js';
import { Environment } from './outside/environment.js';
import { installOverlay } from './outside/overlay.js';

/** The first instance is the one that the others are compared with. */
const VARIATIONS: readonly Variation[] = ['nothing', 'nothing', 'random', 'clock', 'timers', 'restore'];
const DAY_MS = 24 * 3600_000;
const FAR_MS = 400 * DAY_MS;
/** A lease so long that the primary of this group does not fail over on a busy machine. */
const LEASE_MS = 20_000;
/** After this many turns, everything that a timer has started should have ended. */
const TURNS = 5;

/** The options of `checkDeterminism`. */
export type CheckOptions = Omit<GroupOptions, 'replicas' | 'timeMs'>;

/**
 * Plays calls, one after the other, on several instances of a service: replicas of one group in this process, each in
 * surroundings of its own. They are given the same order. Outside of steps one has another clock, one has other randomness, one has
 * every timer fire between two calls, and one is made anew after each call from a copy of its own state. After each call all
 * replies and all states are compared.
 *
 * @param makeService called once for each instance, and again whenever one is made anew. Instances must share nothing
 * @param calls what is played
 * @throws DeterminismError with the first call whose reply or state differs, and the likely cause
 *
 * @example
 * await checkDeterminism(makeBank, [
 *   { method: 'Deposit', request: { account: 'alice', cents: 5 } },
 *   { method: 'List', request: {} },
 * ]);
 */
export async function checkDeterminism(
  makeService: MakeService,
  calls: readonly TestCall[],
  options: CheckOptions = {},
): Promise<void> {
  const removeOverlay = installOverlay();
  const check = new Check(makeService, options);
  try {
    await check.play(calls);
  } finally {
    await check.end();
    removeOverlay();
  }
}

class Check {
  readonly #makeService: MakeService;
  readonly #options: CheckOptions;
  readonly #instances: Instance[] = [];
  readonly #turns = { lastMs: 0 };
  readonly #startMs = Date.now();
  #group: TestGroup | undefined;
  #at = { index: -1, method: '' };

  constructor(makeService: MakeService, options: CheckOptions) {
    this.#makeService = makeService;
    this.#options = options;
  }

  async play(calls: readonly TestCall[]): Promise<void> {
    const group = await this.#begin();
    await this.#compareStates('restore');
    for (const [index, call] of calls.entries()) {
      for (const instance of this.#instances) instance.outputs = [];
      this.#at = { index, method: group.path(call.method) };
      await group.call(call.method, call.request, call.metadata);
      await this.#settled(group);
      await this.#compareReplies();
      await this.#compareStates();
      await this.#fireTimers();
      await this.#renew();
      const [unexplained] = group.divergences;
      if (unexplained !== undefined) {
        throw new UnderstudyError('UNDERSTUDY_DIVERGED', String(unexplained.fields.message));
      }
    }
  }

  async end(): Promise<void> {
    await this.#group?.close();
  }

  async #begin(): Promise<TestGroup> {
    const { settings, replicaOptions, ...rest } = this.#options;
    // Only one replica would run methods that only read.
    const methods = settings?.methods?.map(({ readOnly: _, ...entry }) => entry);
    const group = await inProcessGroup((replica) => this.#makeInstance(replica), {
      ...rest,
      replicas: VARIATIONS.length,
      // The check compares the states itself.
      settings: {
        leaseMs: LEASE_MS,
        stateDigestEvery: 0,
        ...settings,
        ...(methods && { methods }),
        replication: 'semi-active',
      },
      ...(replicaOptions && { replicaOptions }),
    });
    this.#group = group;
    await this.#settled(group);
    return group;
  }

  async #makeInstance(replica: ReplicaServer) {
    const variation = VARIATIONS[this.#instances.length];
    const environment = new Environment(
      this.#startMs + (variation === 'clock' ? FAR_MS : 0),
      variation === 'random' ? 'other' : 'usual',
    );
    const isFirst = this.#instances.length === 0;
    const instance = await Instance.make(this.#makeService, replica, { environment, turns: this.#turns, isFirst });
    this.#instances.push(instance);
    return instance.service;
  }

  /**
   * Waits until the group has settled. The check finds each difference that replicas have found, too, and explains it
   * better.
   */
  async #settled(group: TestGroup): Promise<void> {
    try {
      await group.settled();
    } catch (error) {
      if (!(error instanceof UnderstudyError && error.code === 'UNDERSTUDY_DIVERGED')) throw error;
    }
  }

  async #compareReplies(): Promise<void> {
    const [first, ...others] = this.#instances;
    if (first === undefined) return;
    for (const [i, other] of others.entries()) {
      if (areEqual(first.outputs, other.outputs)) continue;
      const states = await this.#states();
      const variation = this.#variationOf(i + 1);
      const cause = causeOf(variation, other.environment, [states[0] as Seen, states[i + 1] as Seen]);
      this.#differ('reply', variation, [first.outputs, other.outputs], cause);
    }
  }

  /** @param instead the variation to name for every instance, since all but the first were restored when they joined */
  async #compareStates(instead?: Variation): Promise<void> {
    const [first, ...others] = await this.#states();
    for (const [i, other] of others.entries()) {
      if (first === undefined || areEqual([first], [other])) continue;
      const variation = instead ?? this.#variationOf(i + 1);
      const { environment } = this.#instances[i + 1] as Instance;
      this.#differ('state', variation, [[first], [other]], causeOf(variation, environment, [first, other]));
    }
  }

  /** Fires every timer that the instance has set outside of steps. */
  async #fireTimers(): Promise<void> {
    const index = VARIATIONS.indexOf('timers');
    const { environment } = this.#instances[index] as Instance;
    for (const timer of environment.timers.armed) {
      environment.advance(Math.max(timer.delayMs, DAY_MS));
      environment.timers.fire(timer);
      for (let i = 0; i < TURNS; i++) await nextTurn();
      const states = await this.#states();
      const [first, other] = [states[0] as Seen, states[index] as Seen];
      if (!areEqual([first], [other])) this.#differ('state', 'timers', [[first], [other]], causeOfTimer(timer));
    }
  }

  async #renew(): Promise<void> {
    const index = VARIATIONS.indexOf('restore');
    const instance = this.#instances[index] as Instance;
    if (!(await instance.renew())) return;
    const states = await this.#states();
    const [first, other] = [states[0] as Seen, states[index] as Seen];
    if (areEqual([first], [other])) return;
    this.#differ('state', 'restore', [[first], [other]], causeOf('restore', instance.environment, [first, other]));
  }

  /** The states of all instances after the same message. */
  async #states(): Promise<Seen[]> {
    const place = (): string => this.#instances.map(({ replica }) => replica.status.processedUpTo).join();
    for (;;) {
      if (this.#group !== undefined) await this.#settled(this.#group);
      const before = place();
      const states: Seen[] = [];
      for (const instance of this.#instances) states.push(await instance.state());
      if (place() === before) return states;
    }
  }

  #variationOf(index: number): Variation {
    return VARIATIONS[index] as Variation;
  }

  #differ(
    what: Difference['what'],
    variation: Variation,
    [first, other]: readonly [readonly Seen[], readonly Seen[]],
    cause: string,
  ): never {
    const digests = { digest: digestOf(first), otherDigest: digestOf(other) };
    throw new DeterminismError({ ...this.#at, what, variation, ...digests, diff: diffOf(first, other), cause });
  }
}
