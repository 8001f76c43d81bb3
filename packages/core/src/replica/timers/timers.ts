/**
 * Timers (DESIGN 5.10). Every replica that executes arms the same ones at the same place in the order. When one is due the
 * primary orders a message for it, and every replica processes that at its place.
 */

import { NO_ORDER } from '../../model/ids.js';
import type { DueTimer, Request } from '../../model/message.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Timer } from '../../scheduling/armed-timers.js';
import { addOwn } from '../nested/nested.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';

/** A timer whose message was refused is not due again sooner than after this long, whatever the clocks say. */
const PUT_OFF_MS = 1000;
const NO_BYTES = new Uint8Array(0);
/** A request that names no timer, so that no replica runs anything for it. */
const NOTHING: Request = {
  method: '',
  message: NO_BYTES,
  timer: { kind: 'raw', id: { orderNum: NO_ORDER, index: 0 } },
};

/** A handler armed a timer. */
export function onTimerSet(r: ReplicaState, timer: Timer): void {
  const isLive = r.role.kind === 'primary';
  r.timers.set(timer, r.clocks.timerMs(r.nowMs), isLive ? undefined : r.clocks.orderMs());
  // Its function is in no checkpoint, so a replica that joins needs the log from before it.
  if (timer.kind === 'raw') r.hadStreams = true;
  r.role.timersChanged();
}

/**
 * The turn of a timer has come.
 *
 * @returns whether its function is to run; false if a handler cleared it meanwhile
 */
export function takeTimer(r: ReplicaState, due: DueTimer, { timeMs }: OrderInfo): boolean {
  if (due.kind === 'every') {
    r.timers.fired(due.name, timeMs);
    r.role.everyFired(due.name);
    return true;
  }
  const timer = r.timers.get(due.id);
  if (timer === undefined) return false;
  if (timer.kind === 'raw' && timer.repeats) {
    onTimerSet(r, { ...timer, dueMs: timeMs + timer.delayMs });
  } else r.timers.clear(due.id);
  return true;
}

/** The earliest time that the order of a request may have: a handler must not run before its timer is due. */
export function notBeforeMs(r: ReplicaState, { timer }: Request): number {
  if (timer === undefined || timer.kind === 'every') return 0;
  return r.timers.get(timer.id)?.dueMs ?? 0;
}

/** An order was processed. At the first order of all, repeating timers begin, at the same time on every replica. */
export function everyBegins(r: ReplicaState, { timeMs }: OrderInfo): void {
  if (r.every.size === 0) return;
  for (const name of r.every.keys()) /* rule every-begins-in-order */ r.timers.began(name, timeMs);
}

/** The primary begins to serve: it orders every timer that is due by now, each once however late it is. */
export function startTimers(p: PrimaryState): void {
  const { r } = p;
  let begins = false;
  for (const [name, periodMs] of r.every) {
    const lastMs = r.timers.lastFired(name);
    begins ||= lastMs === undefined;
    const leftMs = lastMs === undefined ? periodMs : lastMs + periodMs - r.clocks.orderMs();
    p.everyDue.set(name, r.clocks.timerMs(r.nowMs) + Math.min(Math.max(leftMs, 0), periodMs));
  }
  // A successor must know when repeating timers began, even if no client calls until then.
  if (begins) addOwn(p, NOTHING);
  orderDue(p);
}

/** A timer registered with `every` was processed: it is due again after its period. */
export function dueAfterPeriod(p: PrimaryState, name: string): void {
  const periodMs = p.r.every.get(name);
  if (periodMs === undefined) return;
  p.everyDue.set(name, p.r.clocks.timerMs(p.r.nowMs) + periodMs);
  wakeNext(p);
}

/** The message of a timer was refused: one that is data stays armed, and is due again when such messages are refused no more. */
export function putOffTimer(p: PrimaryState, due: DueTimer, untilMs: number): void {
  if (due.kind === 'every') {
    dueAfterPeriod(p, due.name);
    return;
  }
  const { r } = p;
  r.timers.putOff(due.id, r.clocks.timerMs(r.nowMs) + Math.max(untilMs - r.clocks.orderMs(), PUT_OFF_MS));
  wakeNext(p);
}

/** Orders the timers that are due. */
export function orderDue(p: PrimaryState): void {
  const { r } = p;
  p.wakeAtMs = Number.POSITIVE_INFINITY;
  if (r.handsOver) {
    // It may yet go on for a while, until a function has run that no copy of the state can include.
    /* rule timers-while-leaving */ p.wakeAtMs = r.nowMs;
    return;
  }
  const nowMs = r.clocks.timerMs(r.nowMs);
  for (const timer of r.timers.takeDue(nowMs)) addOwn(p, requestOf(timer));
  for (const [name, atMs] of p.everyDue) {
    if (atMs > nowMs) continue;
    p.everyDue.delete(name);
    addOwn(p, { method: '', message: NO_BYTES, timer: { kind: 'every', name } });
  }
  wakeNext(p);
}

/** Has the adapter say when the next timer is due, which may be sooner than the next tick. */
export function wakeNext(p: PrimaryState): void {
  const { r } = p;
  let dueMs = r.timers.nextMs;
  for (const atMs of p.everyDue.values()) dueMs = Math.min(dueMs, atMs);
  const atMs = dueMs - r.clocks.timerMs(r.nowMs) + r.nowMs;
  if (atMs >= p.wakeAtMs) return;
  p.wakeAtMs = atMs;
  r.effects.push({ kind: 'wakeAt', atMs: Math.max(atMs, r.nowMs) });
}

function requestOf(timer: Timer): Request {
  const { id } = timer;
  if (timer.kind === 'raw') return { method: '', message: NO_BYTES, timer: { kind: 'raw', id } };
  return { method: '', message: timer.payload, timer: { kind: 'after', id, name: timer.name } };
}
