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
 * asks once on every link, so they wait from the first role of a life on.
 */
export class EarlyReads {
  #waiting = new Map<string, EarlyRead>();

  get size(): number {
    return this.#waiting.size;
  }

  /** A read that a session asks again, on another link, waits once. */
  add(read: EarlyRead): void {
    this.#waiting.set(nameOfRead(read), read);
  }

  /** This replica serves. @returns what it is to answer now */
  take(): readonly EarlyRead[] {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    return waiting;
  }

  /** This replica does not serve after all. Sessions ask the new primary. @returns the RPCs that are to be refused */
  dropCalls(): readonly CallId[] {
    const calls: CallId[] = [];
    for (const [name, { call }] of this.#waiting) {
      if (call === undefined) continue;
      calls.push(call);
      this.#waiting.delete(name);
    }
    return calls;
  }
}

const nameOfRead = ({ connection, readId, call }: EarlyRead): string =>
  call === undefined ? `${connection.id}.${readId}` : `call ${call}`;
