/**
 * The part of a replica by which handlers have things done later or once: `after`, `every` and `once` as
 * `ReplicaServer` describes them.
 */

import type { ReplicaStatus } from '@understudy/core';
import { agendaFor } from './agenda-for.js';
import type { MovableClock } from './movable-clock.js';
import { NamedTimers } from './named-timers.js';

/** The part of a replica that handlers use: what they have done later, or once. See `ReplicaServer`. */
export abstract class TimedReplica {
  protected readonly timers = new NamedTimers();
  protected clock: MovableClock | undefined;

  /** Tells the listener of each change of role, or of versions. */
  protected abstract listen(event: 'role' | 'version', listener: (status: ReplicaStatus) => void): () => void;

  /** For tests, and to be called before `start`: the time of orders and timers, in place of the machine's. */
  useClock(clock: MovableClock): void {
    this.clock = clock;
  }

  on(event: 'role' | 'version', listener: (status: ReplicaStatus) => void): () => void;
  on<T>(timer: string, handler: (payload: T) => unknown): void;
  on(name: string, listener: (told: never) => unknown): (() => void) | undefined {
    if (name !== 'role' && name !== 'version') return this.timers.handle(name, listener);
    return this.listen(name, listener as (status: ReplicaStatus) => void);
  }

  after(delayMs: number, name: string, payload?: unknown): string {
    const bytes = this.timers.payload(delayMs, name, payload);
    return agendaFor('after()').after(delayMs, name, bytes);
  }

  every(periodMs: number, name: string, handler?: () => unknown): void {
    this.timers.every(periodMs, name, handler);
  }

  cancel(timer: string): void {
    agendaFor('cancel()').cancel(timer);
  }

  async once<T>(name: string, run: (key: string) => T | PromiseLike<T>): Promise<Awaited<T>> {
    return (await agendaFor('once()').once(name, run)) as Awaited<T>;
  }
}
