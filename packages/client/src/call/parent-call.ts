/** Calls that are made as part of a server call: grpc-js's option `parent`. */
import type { EventEmitter } from 'node:events';
import { type InterceptorOptions, propagate } from '@grpc/grpc-js';

/** The call's own deadline or that of its parent, whichever comes first, in milliseconds since the epoch. */
export function callDeadlineMs({ deadline, parent, propagate_flags }: InterceptorOptions): number {
  const ownMs = toMs(deadline);
  if (parent === undefined || !((propagate_flags ?? propagate.DEFAULTS) & propagate.DEADLINE)) return ownMs;
  return Math.min(ownMs, toMs(parent.getDeadline()));
}

/**
 * Cancels the call when its parent is cancelled.
 *
 * @returns a function that ends the listening, since a parent may have many calls; undefined if the call does not
 *   follow it
 */
export function followParent(
  { parent, propagate_flags }: InterceptorOptions,
  cancel: (details: string) => void,
): (() => void) | undefined {
  if (parent === undefined || !((propagate_flags ?? propagate.DEFAULTS) & propagate.CANCELLATION)) return undefined;
  const onCancelled = (): void => cancel('Cancelled by parent call');
  const emitter: EventEmitter = parent;
  emitter.once('cancelled', onCancelled);
  return () => emitter.off('cancelled', onCancelled);
}

function toMs(deadline: Date | number | undefined): number {
  if (deadline === undefined) return Number.POSITIVE_INFINITY;
  return typeof deadline === 'number' ? deadline : deadline.getTime();
}
