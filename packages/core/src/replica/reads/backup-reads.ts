/**
 * A backup answers reads of methods with `readFrom: 'backup'` (DESIGN 5.9). It answers with a state that includes all that
 * the session has heard of, and only once everything in it is stable, so that nobody reads what may be lost.
 */

import type { Connection } from '../../connection/connection.js';
import type { BackupAnswer, BackupReadsFrame, ReadRequest } from '../../model/frames.js';
import type { OrderNum } from '../../model/ids.js';
import { bodyBytes, LARGE_BYTES } from '../../model/message.js';
import { type Outcome, replyBytes } from '../../model/outcome.js';
import type { ReadTask } from '../state/events.js';
import type { FollowerState } from '../state/follower-state.js';
import { type ReplicaState, reflectedBy } from '../state/replica-state.js';
import type { Started } from '../state/role.js';

/** How many reads run at once. */
const READS_AT_ONCE = 1024;

interface BackupRead {
  readonly connection: Connection;
  readonly readId: number;
  readonly request: ReadRequest['request'];
  readonly peer: string;
  /** The session has heard of the orders up to this one. */
  readonly after: OrderNum;
  readonly sinceMs: number;
  /** Where the user's interceptors see it. */
  admission: number | undefined;
  /** Its run, and the last order that was processed before that. */
  run?: { readonly task: ReadTask; readonly from: OrderNum };
  answer?: { readonly outcome: Outcome; readonly orderNum: OrderNum };
}

const OTHER: Started = { kind: 'other' };

const keyOf = ({ id }: Connection, readId: number): string => `${id}.${readId}`;

/** The reads of one backup. */
export class BackupReads {
  readonly #follower: FollowerState;
  /** All, by session and readId, in the order in which they came. */
  readonly #reads = new Map<string, BackupRead>();
  /** Those in a stage, by the number by which the adapter answers. */
  readonly #admitting = new Map<number, BackupRead>();
  readonly #running = new Map<number, BackupRead>();
  readonly #waiting = new Set<BackupRead>();
  readonly #answered = new Set<BackupRead>();
  #bytes = 0;

  constructor(follower: FollowerState) {
    this.#follower = follower;
  }

  /** A session sent reads. Those that this backup cannot answer are the primary's. */
  on(connection: Connection, peer: string, { term, after, reads }: BackupReadsFrame): void {
    const { r } = this.#follower;
    // No session has heard of orders so far beyond those that a backup in sync holds.
    const isOdd = term !== r.term || after > r.order.last + 2 * r.config.unstableMax;
    const elsewhere: number[] = [];
    for (const { readId, request } of reads) {
      if (this.#reads.has(keyOf(connection, readId))) continue;
      if (isOdd || !this.#takes(request)) {
        elsewhere.push(readId);
        continue;
      }
      const read: BackupRead = { connection, readId, request, peer, after, sinceMs: r.nowMs, admission: undefined };
      this.#reads.set(keyOf(connection, readId), read);
      this.#bytes += bodyBytes(request);
      if (r.admits) this.#admit(read);
      else this.#waiting.add(read);
    }
    if (elsewhere.length > 0) sayElsewhere(r, connection, elsewhere);
  }

  /** The user's interceptors let a read pass. */
  admitted(admission: number): void {
    const read = this.#admitting.get(admission);
    this.#admitting.delete(admission);
    if (read !== undefined) this.#waiting.add(read);
    // It took so long that the primary has been asked meanwhile.
    else this.#follower.r.effects.push({ kind: 'dropAdmission', admission });
  }

  /** The user's interceptors ended a read. */
  refused(admission: number, outcome: Outcome): void {
    const read = this.#admitting.get(admission);
    this.#admitting.delete(admission);
    if (read !== undefined) this.#ends(read, outcome, this.#follower.r.stableUpTo);
  }

  /** Starts a read that may run now. */
  startNext(): Started | undefined {
    const { r } = this.#follower;
    if (this.#waiting.size === 0 || this.#running.size >= READS_AT_ONCE || !this.#isFresh) return undefined;
    for (const read of this.#waiting) {
      if (/* rule reads-own-writes */ read.after > r.order.processedUpTo) continue;
      const { request, peer, admission } = read;
      const task: ReadTask = { kind: 'read', readTask: r.nextNumbers.readTask++, request, peer };
      read.run = { task, from: r.order.processedUpTo };
      this.#waiting.delete(read);
      this.#running.set(task.readTask, read);
      r.effects.push({ kind: 'execute', task, live: true, admission });
      return OTHER;
    }
    return undefined;
  }

  executed({ readTask }: ReadTask, outcome: Outcome, atOnce: boolean): void {
    const read = this.#running.get(readTask);
    this.#running.delete(readTask);
    if (read?.run === undefined) return;
    this.#ends(read, outcome, atOnce ? read.run.from : reflectedBy(this.#follower.r));
  }

  /** At the end of a turn: sends the answers that reflect only stable orders. */
  flush(): void {
    if (this.#answered.size === 0) return;
    const { r } = this.#follower;
    const answers = new Map<Connection, BackupAnswer[]>();
    for (const read of this.#answered) {
      const { connection, readId, answer } = read;
      if (answer === undefined || /* rule stable-reads */ answer.orderNum > r.stableUpTo) continue;
      this.#forget(read);
      const ofSession = answers.get(connection);
      if (ofSession === undefined) answers.set(connection, [{ readId, ...answer }]);
      else ofSession.push({ readId, ...answer });
    }
    for (const [connection, ofSession] of answers) say(r, connection, ofSession, []);
  }

  /** At a tick: leaves to the primary what took too long here. */
  tick(): void {
    const { r } = this.#follower;
    for (const read of this.#reads.values()) {
      // They are in the order in which they came.
      if (/* rule late-reads-elsewhere */ r.nowMs - read.sinceMs <= r.config.staleMs) return;
      this.#leave(read);
    }
  }

  /** This replica is no backup any more: the primary answers what is left. */
  close(): void {
    for (const read of this.#reads.values()) this.#leave(read);
  }

  /** A handler that runs is not ended by that. */
  #leave(read: BackupRead): void {
    const { r } = this.#follower;
    if (read.run !== undefined && this.#running.has(read.run.task.readTask)) {
      r.effects.push({ kind: 'abandonTask', task: read.run.task });
    } else if (read.admission !== undefined && this.#waiting.has(read)) {
      r.effects.push({ kind: 'dropAdmission', admission: read.admission });
    }
    this.#forget(read);
    sayElsewhere(r, read.connection, [read.readId]);
  }

  /** Whether this backup may answer such a read at present. */
  #takes(request: ReadRequest['request']): boolean {
    const { r } = this.#follower;
    const { stream, reply, method } = request;
    if (stream !== undefined || reply !== undefined) return false;
    const { readOnly, readFrom } = r.settings(method);
    if (!readOnly || readFrom !== 'backup' || !this.#isFresh || r.stateBehind || !r.executesNext) return false;
    return this.#reads.size < r.config.queueMax && this.#bytes <= r.config.budgets.totalBytes / 4;
  }

  /** Whether this backup knows what the primary did lately. */
  get #isFresh(): boolean {
    const { r, lastFrameMs } = this.#follower;
    return /* rule fresh-reads */ r.nowMs - lastFrameMs <= r.config.staleMs;
  }

  #admit(read: BackupRead): void {
    const { r } = this.#follower;
    const { connection, peer, request } = read;
    const admission = r.nextNumbers.admission++;
    read.admission = admission;
    this.#admitting.set(admission, read);
    r.effects.push({ kind: 'admit', admission, connection: connection.id, peer, request, stream: undefined });
  }

  #ends(read: BackupRead, outcome: Outcome, orderNum: OrderNum): void {
    const { r } = this.#follower;
    if (replyBytes(outcome) > LARGE_BYTES) {
      // Links carry large answers under flow control, which only a primary does.
      this.#forget(read);
      sayElsewhere(r, read.connection, [read.readId]);
      return;
    }
    read.answer = { outcome, orderNum };
    this.#answered.add(read);
    r.wantFlush();
  }

  #forget(read: BackupRead): void {
    this.#reads.delete(keyOf(read.connection, read.readId));
    if (read.admission !== undefined) this.#admitting.delete(read.admission);
    if (read.run !== undefined) this.#running.delete(read.run.task.readTask);
    this.#waiting.delete(read);
    this.#answered.delete(read);
    this.#bytes -= bodyBytes(read.request);
  }
}

/** The primary answers these reads. */
export const sayElsewhere = (r: ReplicaState, connection: Connection, elsewhere: readonly number[]): void =>
  say(r, connection, [], elsewhere);

function say(
  r: ReplicaState,
  { session }: Connection,
  answers: readonly BackupAnswer[],
  elsewhere: readonly number[],
): void {
  if (session?.link === undefined) return;
  const frame = { kind: 'backupAnswers', answers, elsewhere } as const;
  r.effects.push({ kind: 'sendToSession', link: session.link, frame });
}
