import type { Connection } from '../../connection/connection.js';
import type { CallId } from '../../model/ids.js';
import type { Request } from '../../model/message.js';

/** A read that came before this replica serves. */
export interface EarlyRead {
  readonly connection: Connection;
  readonly readId: number;
  /** Its RPC, if it came as one. */
  readonly call: CallId | undefined;
  readonly request: Request;
  readonly peer: string;
}

/**
 * Reads that wait until this replica serves. A session may know sooner than the replica itself that it was designated, and
 * asks only once, so they wait from the first role of a life on.
 */
export class EarlyReads {
  readonly #max: number;
  #waiting: EarlyRead[] = [];

  /** @param max how many may wait */
  constructor(max: number) {
    this.#max = max;
  }

  /** @returns false if too many wait already: then none of these was taken */
  add(reads: readonly EarlyRead[]): boolean {
    if (this.#waiting.length + reads.length > this.#max) return false;
    this.#waiting.push(...reads);
    return true;
  }

  /** This replica serves. @returns what it is to answer now */
  take(): readonly EarlyRead[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** This replica will not serve after all. Sessions ask the new primary. @returns the RPCs that are to be refused */
  dropCalls(): readonly CallId[] {
    const calls = this.#waiting.flatMap(({ call }) => (call === undefined ? [] : [call]));
    this.#waiting = this.#waiting.filter(({ call }) => call === undefined);
    return calls;
  }
}
