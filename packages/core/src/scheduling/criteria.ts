/** Makes the scheduler of a group's ordering criterion. */

import type { GroupConfig, MethodOrdering, Ordering } from '../config/config.js';
import { methodOrdering } from '../config/service-config.js';
import { ByMethod } from './by-method.js';
import { FairScheduler } from './fair.js';
import { RankedScheduler } from './ranked.js';
import { ReceptionScheduler } from './reception.js';
import { ResourceScheduler } from './resource.js';
import type { Scheduler, WaitingCall, Work } from './scheduler.js';
import { SequenceScheduler } from './sequence.js';

/** A call without a deadline is as urgent as one that has this long when it comes, milliseconds. */
const NO_DEADLINE_MS = 60_000;

const METHODS_KEPT = 1024;

/** The questions that the criteria `resource` and `custom` ask the application. */
export interface UserCriteria {
  /** `resource`: whether the call may run now. */
  readonly admits?: ((call: WaitingCall) => boolean) | undefined;
  /** `custom`: below zero if `a` goes before `b`. */
  readonly compares?: ((a: WaitingCall, b: WaitingCall) => number) | undefined;
}

export interface CriteriaPorts extends UserCriteria {
  /** The wall clock, in milliseconds since the Unix epoch, in which deadlines are given. */
  readonly wallMs: () => number;
}

export function schedulerOf(config: GroupConfig, ports: CriteriaPorts): Scheduler {
  const named = new Set(config.methods.flatMap(({ ordering }) => ordering ?? []));
  named.delete(config.ordering);
  const methods = new MethodOrderings(config);
  const own = oneOf(config.ordering, methods, ports);
  if (named.size === 0) return own;
  const others = new Map([...named].map((ordering) => [ordering, oneOf(ordering, methods, ports)]));
  return new ByMethod(own, others, (path) => methods.of(path).ordering);
}

function oneOf(ordering: Ordering, methods: MethodOrderings, { wallMs, admits, compares }: CriteriaPorts): Scheduler {
  switch (ordering) {
    case 'reception':
      return new ReceptionScheduler();
    case 'sequence':
      return new SequenceScheduler();
    case 'priority':
      return new RankedScheduler({
        keyOf: keyOfCalls((call) => wallMs() - priorityOf(methods, call) * methods.config.ageingMs),
      });
    case 'deadline':
      return new RankedScheduler({
        keyOf: keyOfCalls(({ request: { deadlineMs } }) => deadlineMs ?? wallMs() + NO_DEADLINE_MS),
      });
    case 'fair':
      return new FairScheduler((work) => weightOf(methods.config, work));
    case 'resource':
      return new ResourceScheduler(admits ?? (() => true));
    case 'custom':
      return new RankedScheduler({ compare: (a, b) => (isCall(a) && isCall(b) ? (compares?.(a, b) ?? 0) : 0) });
  }
}

/** The ordering of each method, looked up once. A call may name any method, so the number of kept ones is bounded. */
class MethodOrderings {
  readonly config: GroupConfig;
  readonly #known = new Map<string, MethodOrdering>();

  constructor(config: GroupConfig) {
    this.config = config;
  }

  of(path: string): MethodOrdering {
    let found = this.#known.get(path);
    if (found === undefined) {
      found = methodOrdering(this.config, path);
      if (this.#known.size < METHODS_KEPT) this.#known.set(path, found);
    }
    return found;
  }
}

const isCall = (work: Work): work is WaitingCall => work.kind === 'call' || work.kind === 'read';

/**
 * A key is taken once, when a call comes. So a waiting call becomes more urgent than any that come after it, and none
 * starves.
 */
const keyOfCalls =
  (keyOf: (call: WaitingCall) => number) =>
  (work: Work): number =>
    isCall(work) ? keyOf(work) : 0;

/** The priority that the caller gave in metadata, else the method's. A higher one goes first. */
function priorityOf(methods: MethodOrderings, { request }: WaitingCall): number {
  const { priorityKey } = methods.config;
  const given = priorityKey === '' ? undefined : request.metadata?.find(([key]) => key === priorityKey)?.[1];
  if (typeof given === 'string' && /^-?\d{1,4}$/.test(given)) return Number(given);
  return methods.of(request.method).priority;
}

/** The weight of the connection's authenticated owner. */
function weightOf({ weights }: GroupConfig, { connection }: Work): number {
  const owner = typeof connection === 'string' ? undefined : connection?.owner;
  return (owner !== undefined && weights[owner]) || 1;
}
