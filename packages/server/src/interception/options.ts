import type { ServerInterceptor } from '@grpc/grpc-js';
import { errorReply } from '@understudy/grpc-common';
import type { HandlerRegistry } from '../capture/registry.js';
import type { HandlerFault } from '../handlers/handler-fault.js';
import type { StrayErrors } from '../handlers/stray-errors.js';
import type { Calls } from '../intake/calls.js';
import type { EventLoop } from '../loop/event-loop.js';

/** The options that calls of every kind need on their way through the user's interceptors, in one life of a replica. */
export interface InterceptionOptions {
  readonly loop: EventLoop;
  readonly registry: HandlerRegistry;
  readonly calls: Calls;
  /** The user's own interceptors, the first nearest the wire. */
  readonly interceptors: readonly ServerInterceptor[];
  /** How many unary calls, and how many openings of streams, interceptors may hold at most. */
  readonly admissionsMax: number;
  readonly onFault: (fault: HandlerFault) => void;
  /** Takes errors that interceptors leave uncaught; undefined: the process gets them. */
  readonly strays: StrayErrors | undefined;
}

/** The answer to a call that comes while interceptors hold as many calls as they may. */
export const OVERLOADED = errorReply(
  'UNDERSTUDY_OVERLOADED',
  'interceptors hold as many calls as they may; nothing was done, so call again later',
);
