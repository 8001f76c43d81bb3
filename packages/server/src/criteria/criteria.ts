/** Asks the application which of its waiting calls go first (`ordering` `resource` and `custom`). */
import type { Metadata } from '@grpc/grpc-js';
import type { Logger } from '@understudy/core';
import type { GroupConfig, UserCriteria, WaitingCall } from '@understudy/core/internal';
import { callMetadataOf, messageOf } from '@understudy/grpc-common';
import { setupError } from '../checks/setup-error.js';

/** A call that waits for its turn at the primary. */
export interface QueuedCall {
  /** `/package.Service/Method` */
  readonly method: string;
  /** A copy of what the caller sent. */
  readonly metadata: Metadata;
  /** The caller's address. */
  readonly peer: string;
  /** The identity that the caller proved, such as the subject of its certificate; undefined if it proved none. */
  readonly user: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly deadlineMs: number | undefined;
}

/** How the application takes part in the order. Only the primary asks; backups follow the order that it announces. */
export interface CriteriaOptions {
  /**
   * With `ordering: 'resource'`: whether the call may run now. One that may not lets others pass, and is asked about again
   * when a handler ends or after `kick()`. If it throws, the call may run, and the log says so once. It is asked often, so it
   * must be quick. Default: none, and such an `ordering` is refused.
   *
   * @example (call) => call.method !== '/shop.v1.Shop/Export' || exports < 2
   */
  readonly admits?: (call: QueuedCall) => boolean;
  /**
   * With `ordering: 'custom'`: below zero if `a` goes before `b`, above zero for the opposite, zero if the earlier one goes
   * first. Calls that wait are not moved when its answer changes. If it throws, the answer is zero. It is asked often, so it
   * must be quick. Default: none, and such an `ordering` is refused.
   *
   * @example (a, b) => Number(b.user === 'operations') - Number(a.user === 'operations')
   */
  readonly compares?: (a: QueuedCall, b: QueuedCall) => number;
}

/** @throws UNDERSTUDY_SETUP for a criterion that lacks its function */
export function criteriaOf(config: GroupConfig, options: CriteriaOptions, logger: Logger): UserCriteria {
  const { admits, compares } = options;
  const used = new Set([config.ordering, ...config.methods.map(({ ordering }) => ordering)]);
  for (const [criterion, name, given] of [
    ['resource', 'admits', admits],
    ['custom', 'compares', compares],
  ] as const) {
    if (given !== undefined && typeof given !== 'function') throw setupError(`the option ${name} must be a function`);
    if (used.has(criterion) && given === undefined) {
      throw setupError(`ordering is "${criterion}", which needs the option ${name} of createReplica`);
    }
  }
  const calm = new Calm(logger);
  return {
    ...(admits && { admits: (call) => calm.ask('admits', true, () => admits(queued(call)) === true) }),
    ...(compares && {
      compares: (a, b) => calm.ask('compares', 0, () => Number(compares(queued(a), queued(b))) || 0),
    }),
  };
}

/** Calls functions of the application, whose errors must not end the replica. */
class Calm {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  ask<T>(name: string, otherwise: T, question: () => T): T {
    try {
      return question();
    } catch (error) {
      if (!this.#logged.has(name)) {
        this.#logged.add(name);
        const reason = messageOf(error);
        this.#logger.log('error', `the option ${name} threw; calls are ordered without its answer`, { reason });
      }
      return otherwise;
    }
  }
}

const queuedCalls = new WeakMap<WaitingCall, QueuedCall>();

function queued(call: WaitingCall): QueuedCall {
  let known = queuedCalls.get(call);
  if (known === undefined) {
    const { request, peer, connection } = call;
    known = {
      method: request.method,
      metadata: callMetadataOf(request.metadata),
      peer,
      user: connection?.owner || undefined,
      deadlineMs: request.deadlineMs,
    };
    queuedCalls.set(call, known);
  }
  return known;
}
