/**
 * A backup answers reads of methods with `readFrom: 'backup'` (DESIGN 5.9). Its state then includes every order that
 * the session has heard of, and it answers only once all of that is stable, so that no client reads effects that may
 * still be lost.
 */

import type { Connection } from '../../connection/connection.js';
import type { BackupAnswer, BackupReadsFrame, ReadRequest } from '../../model/frames.js';
import { type CallId, NO_ORDER, type OrderNum } from '../../model/ids.js';
import { bodyBytes, LARGE_BYTES, LINK_WINDOW_BYTES } from '../../model/message.js';
import { type Outcome, replyBytes } from '../../model/outcome.js';
import type { EventOf, ReadTask } from '../state/events.js';
import type { FollowerState } from '../state/follower-state.js';
import { type ReplicaState, reflectedBy } from '../state/replica-state.js';
import type { Started } from '../state/role.js';

/** How many reads run at once. */
const READS_AT_ONCE = 1024;

/** The reader that gets the answer: a session, or a plain client with an RPC. */
type Asker =
  | { readonly kind: 'session'; readonly connection: Connection; readonly readId: number }
  | { readonly kind: 'call'; readonly call: CallId };

interface BackupRead {
  readonly from: Asker;
  readonly request: ReadRequest['request'];
  readonly peer: string;
  /** The session has heard of the orders up to this one. */
  readonly after: OrderNum;
  readonly sinceMs: number;
  /** The number under which the user's interceptors see it. */
  admission: number | undefined;
  /** Its running task, and the last order that was processed before it began. */
  run?: { readonly task: ReadTask; readonly from: OrderNum };
  answer?: { readonly outcome: Outcome; readonly orderNum: OrderNum; readonly bytes: number };
}

const OTHER: Started = { kind: 'other' };
const NOT_HERE = 'this backup does not answer the read at present; ask the primary';

const keyOf = (from: Asker): string =>
  from.kind === 'session' ? `${from.connection.id}.${from.readId}` : `call ${from.call}`;

/** The reads of one backup. */
export class BackupReads {
  readonly #follower: FollowerState;
  readonly #refuse: (call: CallId, reason: string) => void;
  /** All reads by reader, in the order in which they came. */
  readonly #reads = new Map<string, BackupRead>();
  /** The reads in each stage, by the number under which the adapter answers. */
  readonly #admitting = new Map<number, BackupRead>();
  readonly #running = new Map<number, BackupRead>();
  readonly #waiting = new Set<BackupRead>();
  readonly #answered = new Set<BackupRead>();
  #bytes = 0;

  /** @param refuse ends the RPC of a plain client, which then asks another replica */
  constructor(follower: FollowerState, refuse: (call: CallId, reason: string) => void) {
    this.#follower = follower;
    this.#refuse = refuse;
  }

  /** A session sent reads. The primary answers those that this backup cannot. */
  on(connection: Connection, peer: string, { term, after, reads }: BackupReadsFrame): void {
    const { r } = this.#follower;
    // An honest session has heard of no order this far beyond those that a backup in sync holds.
    const isOdd = term !== r.term || after > r.order.last + 2 * r.config.unstableMax;
    const elsewhere: number[] = [];
    for (const { readId, request } of reads) {
      const from: Asker = { kind: 'session', connection, readId };
      if (this.#reads.has(keyOf(from))) continue;
      if (!isOdd && this.#takes(request)) this.#begin(from, peer, request, after);
      else elsewhere.push(readId);
    }
    if (elsewhere.length > 0) sayElsewhere(r, connection, elsewhere);
  }

  /** A plain client called a method. As far as the group knows, it has heard of no order. */
  onPlain({ call, peer, request }: EventOf<'plainCall'>): void {
    if (this.#takes(request)) this.#begin({ kind: 'call', call }, peer, request, NO_ORDER);
    else this.#refuse(call, NOT_HERE);
  }

  /** The caller of an RPC is gone. */
  callGone(call: CallId): void {
    const read = this.#reads.get(keyOf({ kind: 'call', call }));
    if (read !== undefined) this.#abandon(read);
  }

  #begin(from: Asker, peer: string, request: BackupRead['request'], after: OrderNum): void {
    const { r } = this.#follower;
    const read: BackupRead = { from, request, peer, after, sinceMs: r.nowMs, admission: undefined };
    this.#reads.set(keyOf(from), read);
    this.#bytes += bodyBytes(request);
    if (r.admits) this.#admit(read);
    else this.#waiting.add(read);
  }

  /** The user's interceptors let a read pass. */
  admitted(admission: number): void {
    const read = this.#admitting.get(admission);
    this.#admitting.delete(admission);
    if (read !== undefined) this.#waiting.add(read);
    // The interceptors took so long that the primary has the read by now.
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
      const { from, answer } = read;
      if (answer === undefined || /* rule stable-reads */ answer.orderNum > r.stableUpTo) continue;
      const { outcome, orderNum, bytes } = answer;
      if (from.kind === 'call') {
        this.#forget(read);
        r.effects.push({ kind: 'answerCall', call: from.call, outcome, reflects: orderNum });
        continue;
      }
      const { connection, readId } = from;
      const isLarge = bytes > LARGE_BYTES;
      if (isLarge && !hasRoom(connection)) continue;
      this.#forget(read);
      const ofSession = answers.get(connection);
      if (isLarge) sayAlone(r, connection, { readId, outcome, orderNum }, bytes);
      else if (ofSession === undefined) answers.set(connection, [{ readId, outcome, orderNum }]);
      else ofSession.push({ readId, outcome, orderNum });
    }
    for (const [connection, ofSession] of answers) say(r, connection, ofSession, []);
  }

  /** The link of a session has passed on a large answer, and may have room for the next one. */
  linkDrained(): void {
    if (this.#answered.size > 0) this.#follower.r.wantFlush();
  }

  /** At a tick: leaves to the primary the reads that took too long here. */
  tick(): void {
    const { r } = this.#follower;
    for (const read of this.#reads.values()) {
      // Reads are kept in the order in which they came, so those behind this one are younger.
      if (/* rule late-reads-elsewhere */ r.nowMs - read.sinceMs <= r.config.staleMs) return;
      this.#leave(read);
    }
  }

  /** This replica is no longer a backup: the primary answers the remaining reads. */
  close(): void {
    for (const read of this.#reads.values()) this.#leave(read);
  }

  #leave(read: BackupRead): void {
    this.#abandon(read);
    const { from } = read;
    if (from.kind === 'call') this.#refuse(from.call, NOT_HERE);
    else sayElsewhere(this.#follower.r, from.connection, [from.readId]);
  }

  /** Stops waiting for the read's handler, which runs on all the same. */
  #abandon(read: BackupRead): void {
    const { r } = this.#follower;
    if (read.run !== undefined && this.#running.has(read.run.task.readTask)) {
      r.effects.push({ kind: 'abandonTask', task: read.run.task });
    } else if (read.admission !== undefined && this.#waiting.has(read)) {
      r.effects.push({ kind: 'dropAdmission', admission: read.admission });
    }
    this.#forget(read);
  }

  /** Whether this backup may answer a read of this method at present. */
  #takes(request: ReadRequest['request']): boolean {
    const { r } = this.#follower;
    const { stream, reply, method } = request;
    if (stream !== undefined || reply !== undefined) return false;
    const { readOnly, readFrom } = r.settings(method);
    if (!readOnly || readFrom !== 'backup' || !this.#isFresh || r.stateBehind || !r.executesNext) return false;
    return this.#reads.size < r.config.queueMax && this.#bytes <= r.config.budgets.totalBytes / 4;
  }

  /** Whether this backup has heard from the primary recently enough to answer. */
  get #isFresh(): boolean {
    const { r, lastFrameMs } = this.#follower;
    return /* rule fresh-reads */ r.nowMs - lastFrameMs <= r.config.staleMs;
  }

  #admit(read: BackupRead): void {
    const { r } = this.#follower;
    const { from, peer, request } = read;
    const connection = from.kind === 'session' ? from.connection.id : undefined;
    const admission = r.nextNumbers.admission++;
    read.admission = admission;
    this.#admitting.set(admission, read);
    r.effects.push({ kind: 'admit', admission, connection, peer, request, stream: undefined });
  }

  #ends(read: BackupRead, outcome: Outcome, orderNum: OrderNum): void {
    const bytes = replyBytes(outcome);
    this.#bytes += bytes;
    read.answer = { outcome, orderNum, bytes };
    this.#answered.add(read);
    this.#follower.r.wantFlush();
  }

  #forget(read: BackupRead): void {
    if (!this.#reads.delete(keyOf(read.from))) return;
    if (read.admission !== undefined) this.#admitting.delete(read.admission);
    if (read.run !== undefined) this.#running.delete(read.run.task.readTask);
    this.#waiting.delete(read);
    this.#answered.delete(read);
    this.#bytes -= bodyBytes(read.request) + (read.answer?.bytes ?? 0);
  }
}

/** Tells a session that the primary answers these reads. */
export const sayElsewhere = (r: ReplicaState, connection: Connection, elsewhere: readonly number[]): void =>
  say(r, connection, [], elsewhere);

/** Whether the link of a session has room for a large answer. A session without a link waits for no answer. */
function hasRoom({ session }: Connection): boolean {
  return session?.link === undefined || session.bulkBytes < LINK_WINDOW_BYTES;
}

/** Sends a large answer in a frame of its own, which everything else may overtake. */
function sayAlone(r: ReplicaState, { session }: Connection, answer: BackupAnswer, bytes: number): void {
  if (session?.link === undefined) return;
  session.onTheWay.push(bytes);
  session.bulkBytes += bytes;
  const frame = { kind: 'backupAnswers', answers: [answer], elsewhere: [] } as const;
  r.effects.push({ kind: 'sendToSession', link: session.link, frame, bulk: true });
}

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
