/** Decides which of the waiting messages the primary orders next ([0042]). */

import type { Connection } from '../connection/connection.js';
import type { Message } from '../connection/message.js';
import type { CallId, ConnectionId, SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Determinants } from '../model/order-info.js';
import type { Outcome, Reply } from '../model/outcome.js';

/** How long a call may wait, by the replica's monotonic clock. */
export interface Patience {
  /** When its turn should have come, so that there is time left for the handler and the reply. */
  readonly turnByMs: number;
  /** When its caller's deadline will have passed. */
  readonly lateAtMs: number;
}

/** A piece of work that waits at the primary for its turn. */
export type Work =
  | {
      readonly kind: 'call';
      readonly connection: Connection;
      readonly message: Message;
      readonly request: Request;
      readonly peer: string;
      readonly admission: number | undefined;
      readonly determinants: Determinants | undefined;
      readonly patience?: Patience;
    }
  | {
      readonly kind: 'void';
      readonly connection: Connection;
      readonly message: Message;
      readonly outcome: Outcome;
    }
  | {
      readonly kind: 'read';
      readonly connection: Connection | undefined;
      readonly readId: number;
      readonly call: CallId | undefined;
      readonly request: Request;
      readonly peer: string;
      readonly admission: number | undefined;
      readonly mustBeStable: boolean;
      readonly patience?: Patience;
    }
  | {
      readonly kind: 'cancel';
      readonly connection: Connection;
      readonly stream: SeqNum;
      /**
       * Present if the stream was ended with a status: the status for its client, and the item it follows. If `after`
       * is undefined, it follows the items sent until its turn.
       */
      readonly end?: { readonly status: Reply; readonly after: number | undefined };
    }
  | { readonly kind: 'expire'; readonly connection: ConnectionId };

/** A call of the application that waits for its turn. */
export type WaitingCall = Extract<Work, { kind: 'call' | 'read' }>;

/**
 * Whether this may be refused at the bound of the queue, for a call that ranks before it: nobody but one RPC waits for it.
 * Sessions are paused at the bound instead, and what they sent before has numbers that others follow.
 */
export function isSheddable(work: Work): work is WaitingCall {
  if (work.kind !== 'call' && work.kind !== 'read') return false;
  const { connection, request } = work;
  const isPlain = work.kind === 'call' ? connection?.kind === 'plain' : connection === undefined;
  return isPlain && request.stream === undefined && request.nested === undefined;
}

/** The connection whose work this is, or the common lane of reads without one. */
export const laneOf = ({ connection }: Work): string =>
  typeof connection === 'string' ? connection : laneName(connection);

export const laneName = (connection: Connection | undefined): string => connection?.id ?? 'reads without a session';

/** No client of ours has more requests at once, and a client that sends more must not get all others paused. */
export const COUNTED_MAX = 4096;

/** A queue of work. Its implementations differ in the order in which they return it. */
export interface Scheduler {
  readonly size: number;
  /** How much work waits, counting no more than 4,096 pieces for each connection: no client of ours sends more at once. */
  readonly load: number;
  /** How much work of this connection waits, or of reads without one. */
  countOf(connection: Connection | undefined): number;
  /** How much work has its turn before a new call of this connection. Absent where the calls themselves decide that. */
  ahead?(connection: Connection | undefined): number;
  add(work: Work): void;
  /** The work that `next` would return; undefined if none waits, or if none of it may be ordered yet. */
  peek(): Work | undefined;
  next(): Work | undefined;
  /** Takes all work out, whether it may be ordered or not. */
  drain(): Work[];
  /**
   * Whether a call that may be refused waits, and would have its turn behind this one. Absent, as `shed` is, where the last to
   * come has the last turn.
   */
  outranks?(work: WaitingCall): boolean;
  /**
   * Takes out the call whose turn would come last, of those that may be refused.
   *
   * @param added the last that was added, by whose criterion
   */
  shed?(added: WaitingCall): WaitingCall | undefined;
  /** Something ended, or the application asks for it: work that had to wait may be ordered now. */
  reconsider?(): void;
}
