/** Drives the core's session: one event at a time, with the clock and the flushes that it asks for. */
import { monotonicMs, realImmediate, realTimeout } from '@understudy/context';
import { InvariantViolation, type SessionEffect, type SessionEvent } from '@understudy/core/internal';
import type { SessionMachine } from './session-port.js';

export interface StepperEvents {
  effect(effect: SessionEffect): void;
  /** An invariant of the session does not hold: nothing it says can be believed any more. */
  defect(error: InvariantViolation): void;
}

/** Gives a session its events, one after another, and hands out the effects. */
export class SessionStepper {
  readonly #session: SessionMachine;
  /** How long frames to the backups gather. */
  batchMs: number;
  readonly #events: StepperEvents;
  #batchTimer: NodeJS.Timeout | undefined;
  #stepping = false;
  #later: SessionEvent[] = [];
  #flushScheduled = false;
  #stopped = false;

  constructor(session: SessionMachine, batchMs: number, events: StepperEvents) {
    this.#session = session;
    this.batchMs = batchMs;
    this.#events = events;
  }

  /** Takes an event. Events that arise while the session is at work wait for their turn. */
  step(event: SessionEvent): void {
    if (this.#stopped) return;
    if (this.#stepping) {
      this.#later.push(event);
      return;
    }
    this.#stepping = true;
    try {
      this.#stepOne(event);
      while (this.#later.length > 0) {
        const events = this.#later;
        this.#later = [];
        for (const each of events) this.#stepOne(each);
      }
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      this.#events.defect(error);
    } finally {
      this.#stepping = false;
    }
  }

  /** Ends the stepping: the session is over. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#batchTimer);
  }

  #stepOne(event: SessionEvent): void {
    if (this.#stopped) return;
    const effects = this.#session.step(event, monotonicMs());
    for (let i = 0; i < effects.length; i++) {
      const effect = effects[i];
      if (effect !== undefined) this.#events.effect(effect);
    }
    if (this.#stopped) return;
    if (this.#session.wantsFlush && !this.#flushScheduled) {
      this.#flushScheduled = true;
      realImmediate(this.#flush);
    }
    if (this.#session.wantsBatchFlush === true && this.#batchTimer === undefined) {
      this.#batchTimer = realTimeout(this.#flushBatch, this.batchMs);
    }
  }

  readonly #flushBatch = (): void => {
    this.#batchTimer = undefined;
    if (this.#session.wantsBatchFlush === true) this.step({ kind: 'flush' });
  };

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    this.step({ kind: 'flush' });
  };
}
