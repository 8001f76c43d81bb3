/** The calls that wait for a primary or for room: small and large ones in queues of their own. */

import type { CallId } from '../model/ids.js';
import { bodyBytes, isLarge } from '../model/message.js';
import type { Waiting } from './open-calls.js';

export class WaitingCalls {
  #small: Waiting[] = [];
  #large: Waiting[] = [];
  #bytes = 0;

  get length(): number {
    return this.#small.length + this.#large.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(waiting: Waiting): void {
    (isLarge(waiting.request) ? this.#large : this.#small).push(waiting);
    this.#bytes += bodyBytes(waiting.request);
  }

  first(large: boolean): Waiting | undefined {
    return (large ? this.#large : this.#small)[0];
  }

  shift(large: boolean): void {
    const waiting = (large ? this.#large : this.#small).shift();
    if (waiting !== undefined) this.#bytes -= bodyBytes(waiting.request);
  }

  delete(call: CallId): void {
    this.#take((waiting) => waiting.call === call);
  }

  /** Forgets the calls that `which` accepts. */
  drop(which: (waiting: Waiting) => boolean): void {
    this.#take(which);
  }

  takeOlderThan(timeMs: number): Waiting[] {
    return this.#take(({ sinceMs }) => sinceMs <= timeMs);
  }

  takeAll(): Waiting[] {
    return this.#take(() => true);
  }

  #take(which: (waiting: Waiting) => boolean): Waiting[] {
    if (this.length === 0) return [];
    const all = [...this.#small, ...this.#large];
    const taken = all.filter(which);
    if (taken.length === 0) return taken;
    const gone = new Set(taken);
    this.#small = this.#small.filter((waiting) => !gone.has(waiting));
    this.#large = this.#large.filter((waiting) => !gone.has(waiting));
    for (const { request } of taken) this.#bytes -= bodyBytes(request);
    return taken;
  }
}
