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
  admission: number | undefined;
  stage:
    | { readonly kind: 'admitting' }
    | { readonly kind: 'waiting' }
    | { readonly kind: 'running'; readonly task: ReadTask; readonly from: OrderNum }
    | { readonly kind: 'answered'; readonly outcome: Outcome; readonly orderNum: OrderNum };
}

const OTHER: Started = { kind: 'other' };

/** The reads of one backup, in the order in which they came. */
export class BackupReads {
  readonly #follower: FollowerState;
  readonly #reads = new Set<BackupRead>();
  #bytes = 0;

  constructor(follower: FollowerState) {
    this.#follower = follower;
  }

  /** A session sent reads. Those that this backup cannot answer are the primary's. */
  on(connection: Connection, peer: string, { term, after, reads }: BackupReadsFrame): void {
    const { r } = this.#follower;
    const elsewhere: number[] = [];
    for (const { readId, request } of reads) {
      if (this.#has(connection, readId)) continue;
      if (term !== r.term || !this.#takes(request)) {
        elsewhere.push(readId);
        continue;
      }
      const waiting = { connection, readId, request, peer, after, sinceMs: r.nowMs } as const;
      const read: BackupRead = { ...waiting, admission: undefined, stage: { kind: 'waiting' } };
      this.#reads.add(read);
      this.#bytes += bodyBytes(request);
      if (r.admits) this.#admit(read);
    }
    if (elsewhere.length > 0) sayElsewhere(r, connection, elsewhere);
  }

  /** The user's interceptors let a read pass. */
  admitted(admission: number): void {
    const read = this.#find((each) => each.admission === admission);
    if (read !== undefined) read.stage = { kind: 'waiting' };
  }

  /** The user's interceptors ended a read. */
  refused(admission: number, outcome: Outcome): void {
    const read = this.#find((each) => each.admission === admission);
    if (read !== undefined) this.#ends(read, outcome, this.#follower.r.stableUpTo);
  }

  /** Starts a read that may run now. */
  startNext(): Started | undefined {
    const { r } = this.#follower;
    if (this.#reads.size === 0 || !this.#isFresh) return undefined;
    let running = 0;
    for (const read of this.#reads) {
      if (read.stage.kind === 'running' && ++running >= READS_AT_ONCE) return undefined;
      const mayRun = read.stage.kind === 'waiting' && /* rule reads-own-writes */ read.after <= r.order.processedUpTo;
      if (!mayRun) continue;
      const task: ReadTask = {
        kind: 'read',
        readTask: r.nextNumbers.readTask++,
        request: read.request,
        peer: read.peer,
      };
      read.stage = { kind: 'running', task, from: r.order.processedUpTo };
      r.effects.push({ kind: 'execute', task, live: true, admission: read.admission });
      return OTHER;
    }
    return undefined;
  }

  executed({ readTask }: ReadTask, outcome: Outcome, atOnce: boolean): void {
    const { r } = this.#follower;
    for (const read of this.#reads) {
      const { stage } = read;
      if (stage.kind !== 'running' || stage.task.readTask !== readTask) continue;
      this.#ends(read, outcome, atOnce ? stage.from : reflectedBy(r));
      return;
    }
  }

  /** At the end of a turn: sends the answers that reflect only stable orders. */
  flush(): void {
    if (this.#reads.size === 0) return;
    const { r } = this.#follower;
    const answers = new Map<Connection, BackupAnswer[]>();
    for (const read of this.#reads) {
      const { connection, readId, stage } = read;
      if (stage.kind !== 'answered' || /* rule stable-reads */ stage.orderNum > r.stableUpTo) continue;
      this.#forget(read);
      const { outcome, orderNum } = stage;
      const ofSession = answers.get(connection);
      if (ofSession === undefined) answers.set(connection, [{ readId, outcome, orderNum }]);
      else ofSession.push({ readId, outcome, orderNum });
    }
    for (const [connection, ofSession] of answers) say(r, connection, ofSession, []);
  }

  /** Leaves to the primary what took too long here. A handler that runs is not ended by that. */
  tick(): void {
    const { r } = this.#follower;
    for (const read of this.#reads) {
      // They are in the order in which they came.
      if (/* rule late-reads-elsewhere */ r.nowMs - read.sinceMs <= r.config.staleMs) return;
      this.#forget(read);
      const { stage, admission } = read;
      if (stage.kind === 'running') r.effects.push({ kind: 'abandonTask', task: stage.task });
      if (stage.kind === 'waiting' && admission !== undefined) r.effects.push({ kind: 'dropAdmission', admission });
      sayElsewhere(r, read.connection, [read.readId]);
    }
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
    read.admission = r.nextNumbers.admission++;
    read.stage = { kind: 'admitting' };
    const { admission, connection, peer, request } = read;
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
    read.stage = { kind: 'answered', outcome, orderNum };
    r.wantFlush();
  }

  #has = (connection: Connection, readId: number): boolean =>
    this.#find((read) => read.connection === connection && read.readId === readId) !== undefined;

  #find(which: (read: BackupRead) => boolean): BackupRead | undefined {
    for (const read of this.#reads) if (which(read)) return read;
    return undefined;
  }

  #forget(read: BackupRead): void {
    this.#reads.delete(read);
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
