/** The user's state, as checkpoints copy it and restores replace it. */
import type { Logger, StateSource } from '@understudy/core';
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

/**
 * Copies and replaces the user's state for one life of a replica. A failure there is fatal, because it leaves a state
 * that nobody knows.
 */
export class UserState {
  readonly #options: UserStateOptions;

  constructor(options: UserStateOptions) {
    this.#options = options;
  }

  checkpoint(): void {
    const { loop, source } = this.#options;
    this.#carryOut('checkpoint', async () => {
      const state = await source.checkpoint();
      if (!(state instanceof Uint8Array)) throw new TypeError('state.checkpoint() must return a Uint8Array');
      loop.dispatch({ kind: 'checkpointTaken', state });
    });
  }

  restore(state: Uint8Array): void {
    const { loop, source, activity, stallMs, logger } = this.#options;
    this.#carryOut('restore', async () => {
      const left = await activity.idle(stallMs);
      if (left > 0) logger.log('warn', 'handlers did not end before a restore', { handlers: left, afterMs: stallMs });
      if (loop.closed) return;
      await source.restore(state);
      loop.dispatch({ kind: 'restored' });
    });
  }

  #carryOut(what: 'checkpoint' | 'restore', work: () => Promise<void>): void {
    const { loop, onFatal } = this.#options;
    work().catch((cause: unknown) => {
      if (!loop.closed) onFatal(new Error(`state.${what}() failed`, { cause }));
    });
  }
}
