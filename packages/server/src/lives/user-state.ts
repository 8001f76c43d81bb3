/** The user's state, as checkpoints copy it and restores replace it. */
import type { Logger, StateSource } from '@understudy/core';
import { messageOf } from '@understudy/grpc-common';
import { problemOfCopy } from '../checks/state.js';
import type { Activity } from '../loop/activity.js';
import type { EventLoop } from '../loop/event-loop.js';

export interface UserStateOptions {
  readonly loop: EventLoop;
  readonly source: StateSource;
  readonly activity: Activity;
  /** How long handlers of earlier lives may hold up a restore. */
  readonly stallMs: number;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

/** What a user's function threw goes to other replicas and to logs, so it is cut to so many characters. */
const REASON_MAX = 300;

/**
 * Copies and replaces the user's state for one life of a replica. A copy that fails fails whoever waits for it. A restore
 * that fails is fatal, because it leaves a state that nobody knows.
 */
export class UserState {
  readonly #options: UserStateOptions;

  constructor(options: UserStateOptions) {
    this.#options = options;
  }

  checkpoint(): void {
    const { loop, source } = this.#options;
    copyOf(source).then(
      (state) => loop.dispatch({ kind: 'checkpointTaken', state }),
      (error: unknown) => {
        const reason = messageOf(error).slice(0, REASON_MAX);
        loop.dispatch({ kind: 'checkpointFailed', reason });
      },
    );
  }

  restore(state: Uint8Array): void {
    const { loop, source, activity, stallMs, logger, onFatal } = this.#options;
    const work = async (): Promise<void> => {
      const left = await activity.idle(stallMs);
      if (left > 0) logger.log('warn', 'handlers did not end before a restore', { handlers: left, afterMs: stallMs });
      if (loop.closed) return;
      await source.restore(state);
      loop.dispatch({ kind: 'restored' });
    };
    work().catch((cause: unknown) => {
      if (!loop.closed) onFatal(new Error('state.restore() failed', { cause }));
    });
  }
}

async function copyOf(source: StateSource): Promise<Uint8Array> {
  const state: unknown = await source.checkpoint();
  const problem = problemOfCopy(state);
  if (problem !== undefined) throw new TypeError(problem);
  return state as Uint8Array;
}
