/** Keeps reads that arrive before this replica serves, and hands each of them out once. */

import type { CallId, ConnectionId } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Connection } from './connection.js';
import { requestCost } from './usage.js';

/** A read that arrived before this replica serves. */
export interface EarlyRead {
  readonly connection: Connection;
  readonly readId: number;
  /** The RPC that brought the read; undefined if a frame did. */
  readonly call: CallId | undefined;
  readonly request: Request;
  readonly peer: string;
}

/**
 * Reads that wait until this replica serves. A session may learn before the replica itself that the replica was
 * designated, and it sends a read only once per link, so every role of a life keeps reads, from the first role on.
 */
export class EarlyReads {
  #waiting = new Map<string, EarlyRead>();
  #bytes = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether this read of a session is kept already. */
  has({ id }: Connection, readId: number): boolean {
    return this.#waiting.has(nameOfFrameRead(id, readId));
  }

  /** A session may repeat a read on another link; the read is kept once. */
  add(read: EarlyRead): void {
    const name = nameOfRead(read);
    this.#forget(name);
    this.#waiting.set(name, read);
    this.#bytes += requestCost(read.request);
  }

  get bytes(): number {
    return this.#bytes;
  }

  #forget(name: string): void {
    const known = this.#waiting.get(name);
    if (known === undefined) return;
    this.#waiting.delete(name);
    this.#bytes -= requestCost(known.request);
  }

  /** This replica serves now. @returns the reads to answer */
  take(): readonly EarlyRead[] {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#bytes = 0;
    return waiting;
  }

  /**
   * This replica will not serve. Sessions repeat their reads at the new primary; RPCs cannot.
   *
   * @returns the RPCs to refuse
   */
  dropCalls(): readonly CallId[] {
    const calls: CallId[] = [];
    for (const [name, { call }] of this.#waiting) {
      if (call === undefined) continue;
      calls.push(call);
      this.#forget(name);
    }
    return calls;
  }
}

const nameOfFrameRead = (connection: ConnectionId, readId: number): string => `${connection}.${readId}`;

const nameOfRead = ({ connection, readId, call }: EarlyRead): string =>
  call === undefined ? nameOfFrameRead(connection.id, readId) : `call ${call}`;
