import type { EventEmitter } from 'node:events';
import { type InterceptorOptions, propagate } from '@grpc/grpc-js';

/** The call's own deadline or that of the server call it is part of, whichever comes first; milliseconds since the epoch. */
export function callDeadlineMs({ deadline, parent, propagate_flags }: InterceptorOptions): number {
  const ownMs = toMs(deadline);
  if (parent === undefined || !((propagate_flags ?? propagate.DEFAULTS) & propagate.DEADLINE)) return ownMs;
  return Math.min(ownMs, toMs(parent.getDeadline()));
}

/** Cancels with the parent; returns a function that stops listening, since a parent may have many calls. */
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
