/** The handlers of unary calls that may wait until other calls wake them. */
import { realImmediate } from '@understudy/context';
import type { ConnectionId, SeqNum } from '@understudy/core/internal';
import type { Activity } from '../loop/activity.js';
import type { UnaryRun } from './unary-run.js';

/** The waiting handlers of one life of a replica, from the step of their messages to their ends. */
export class WaitingRuns {
  readonly #activity: Activity;
  readonly #runs = new Map<string, UnaryRun>();

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  get size(): number {
    return this.#runs.size;
  }

  add(run: UnaryRun): void {
    this.#runs.set(keyOf(run.name.connection, run.name.seqNum), run);
  }

  get(connection: ConnectionId, seqNum: SeqNum): UnaryRun | undefined {
    return this.#runs.get(keyOf(connection, seqNum));
  }

  /** @returns whether the handler still counts as running */
  ended({ name }: UnaryRun): boolean {
    return this.#runs.delete(keyOf(name.connection, name.seqNum));
  }

  /**
   * Cancels all handlers, because this life is over. A handler that does not end now may never be woken, so the next
   * life does not wait for it.
   */
  close(): void {
    const left = [...this.#runs.values()];
    for (const run of left) run.cancel();
    realImmediate(() => {
      for (const { name } of left) {
        if (!this.#runs.delete(keyOf(name.connection, name.seqNum))) continue;
        this.#activity.ended();
      }
    });
  }
}

const keyOf = (connection: ConnectionId, seqNum: SeqNum): string => `${connection}.${seqNum}`;
