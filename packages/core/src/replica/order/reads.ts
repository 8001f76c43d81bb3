/**
 * Read-only calls have no place in the order. They run on the primary between steps, beside each other and beside
 * handlers that wait (DESIGN 5.9).
 */

import type { Outcome } from '../../model/outcome.js';
import type { Work } from '../../scheduling/scheduler.js';
import { giveRead } from '../release/replies.js';
import type { ReadTask } from '../state/events.js';
import type { PrimaryState } from '../state/primary-state.js';
import { reflectedBy } from '../state/replica-state.js';

type ReadWork = Extract<Work, { kind: 'read' }>;

/** How many reads run at once. Further ones wait for their turn, and so does the work behind them. */
const READS_AT_ONCE = 1024;

/** Whether the next piece of work is a read that waits until others have ended. */
export const waitsForReads = ({ reads, scheduler }: PrimaryState): boolean =>
  reads.size >= READS_AT_ONCE && scheduler.peek()?.kind === 'read';

export function startRead(p: PrimaryState, work: ReadWork): void {
  const { r } = p;
  const task: ReadTask = { kind: 'read', readTask: r.nextNumbers.readTask++, request: work.request, peer: work.peer };
  p.reads.set(task.readTask, { task, work, startedMs: r.nowMs, after: r.order.processedUpTo });
  r.effects.push({ kind: 'execute', task, live: true, admission: work.admission });
}

/**
 * A read has its outcome. If it waited for something, other messages were processed meanwhile, and it may have seen
 * their effects: its outcome reflects all orders up to its end.
 */
export function readExecuted(p: PrimaryState, { readTask }: ReadTask, outcome: Outcome, atOnce: boolean): void {
  const read = p.reads.get(readTask);
  if (read === undefined) return;
  p.reads.delete(readTask);
  p.scheduler.reconsider?.();
  giveRead(p, read.work, outcome, atOnce ? read.after : /* rule read-reflects-its-end */ reflectedBy(p.r));
}

/**
 * Stops waiting for reads that do not end. Their callers get no answer, as from any server whose handler never ends.
 */
export function leaveStalledReads(p: PrimaryState): void {
  const { r } = p;
  for (const { task, startedMs } of p.reads.values()) {
    // Reads are kept in the order in which they began, so none behind this one is due.
    if (r.nowMs - startedMs < r.config.stallMs) return;
    p.reads.delete(task.readTask);
    r.effects.push({ kind: 'abandonTask', task });
    r.log('warn', 'a handler did not end in time', { afterMs: r.config.stallMs, method: task.request.method });
  }
}
