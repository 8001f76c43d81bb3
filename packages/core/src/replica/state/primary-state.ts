/**
 * The state that only a primary needs: its queues, the order it gives, replies it holds back, checkpoints under way.
 */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import { type CallId, NO_ORDER, next, type OrderNum, type ReplicaId } from '../../model/ids.js';
import { bodyBytes, type Request } from '../../model/message.js';
import type { Member } from '../../model/record.js';
import type { PrimaryOrder } from '../../ordering/primary-order.js';
import { schedulerOf } from '../../scheduling/criteria.js';
import { Pace } from '../../scheduling/pace.js';
import { ReceptionScheduler } from '../../scheduling/reception.js';
import type { Scheduler, Work } from '../../scheduling/scheduler.js';
import type { Copy } from './copies/copy.js';
import { Digested } from './digests/digested.js';
import type { ReadTask } from './events.js';
import { ReleaseRule, type ReplyToRelease } from './release-rule.js';
import type { ReplicaState } from './replica-state.js';
import { Stability } from './stability.js';

/** A plain client's call with an idempotency key that has not been looked at yet. */
export interface KeyedCall {
  readonly call: CallId;
  readonly peer: string;
  readonly request: Request;
  readonly key: string;
}

/** Work that the user's interceptors see at present. */
export type Admitting = Extract<Work, { kind: 'call' | 'read' }> | ({ readonly kind: 'keyed' } & KeyedCall);

/** A read whose handler runs. */
export interface RunningRead {
  readonly task: ReadTask;
  readonly work: Extract<Work, { kind: 'read' }>;
  readonly startedMs: number;
  /** The last order that was processed when it began. */
  readonly after: OrderNum;
}

/** One object for one primary in one term. */
export class PrimaryState {
  readonly r: ReplicaState;
  readonly order: PrimaryOrder;
  readonly stability = new Stability();
  readonly release: ReleaseRule;
  /** The members, besides this replica, whose acknowledgments count. */
  required: readonly Member[] = [];
  /**
   * The replicas outside the set that are on their way into it, by id, with the time when each was last heard. A
   * replica that is busy with its copy is silent for a while, so it stays here for some time.
   */
  readonly learners = new Map<ReplicaId, number>();
  /** For each replica that the record names and that is not in sync: since when this primary has not reached it. */
  readonly goneSinceMs = new Map<ReplicaId, number>();

  // ── intake ──
  readonly scheduler: Scheduler;
  readonly pace = new Pace();
  /** Replies to this group's own nested calls. They are ordered first, because handlers wait for them. */
  readonly replies: Scheduler;
  /** Calls that are with the user's interceptors, by admission number. */
  readonly admissions: Map<number, Admitting>;
  /** The reads whose handlers run, in the order in which they began. */
  readonly reads: Map<number, RunningRead>;
  /** The message of each idempotency key whose call is queued, running or waiting for nested replies. */
  readonly keyedRunning: Map<string, Message>;
  sessionsPaused: boolean;
  /** Since when frames of sessions are being read again after a pause. */
  sessionsReadSinceMs: number;

  // ── timers ──
  /** When each timer registered with `every` is due, on this replica's own clock; none while its message is queued. */
  readonly everyDue = new Map<string, number>();
  /** When the adapter will say that a timer is due. */
  wakeAtMs = Number.POSITIVE_INFINITY;

  // ── order and execute ──
  /** Since when there have been orders that are not stable; infinite if all are. */
  unstableSinceMs = Number.POSITIVE_INFINITY;

  /** The bytes of the bodies whose orders are not stable. */
  unstableBytes = 0;

  /** The place whose message is a suspect and waits until the backups know that it is the next one (DESIGN 5.14). */
  heldBack: OrderNum | undefined;
  /** When this replica began to serve. */
  readonly servesSinceMs: number;

  /** When states were last compared. */
  readonly digested: Digested;

  // ── release ──
  /** Replies that the release rule still holds back. */
  waiting: ReplyToRelease[];
  /** Whether a session that closes waits until its last order is stable. */
  closerWaits = false;
  /** Some items of streams wait until the orders they reflect are stable, or until this primary holds the lease. */
  itemsWait = false;
  /** Work whose turn had come while too many large replies waited for its client's link. */
  readonly postponed: Map<Connection, Work[]>;
  /** The methods whose newest replies were large, with the bytes of one. Only their calls are postponed. */
  readonly largeMethods: Map<string, number>;
  /** The large replies that wait for the links of all sessions, in bytes, as of the last tick; undefined until it is asked for. */
  unreadBytes: number | undefined;
  /** The open streams of plain clients, by the RPC that opened each. */
  readonly streamCalls: Map<CallId, Stream>;
  /** Orders up to this one go to the backups directly, even in the `destination` embodiment. */
  localAnnounceUpTo: OrderNum = NO_ORDER;
  /** A caller waits for orders up to this one to become stable, so they are announced without gathering first. */
  urgentUpTo: OrderNum = NO_ORDER;
  /** Since when announcements have been gathering; undefined if none are. */
  batchSinceMs: number | undefined;

  // ── checkpoint ──
  checkpointWanted = false;
  /** The user's state could not be copied; it is not tried again before this time. */
  copyAgainAtMs = Number.NEGATIVE_INFINITY;
  checkpointDueAt: OrderNum;
  /** A copy whose order is not stable yet. Backups get it once the order is stable. */
  copyUnstable: Copy | undefined;
  /** The copies that peers are being sent, and the one that they get next, by number. */
  readonly copies: Map<number, Copy>;
  lastCopy: number;
  /** The bytes of all bodies that this primary has ordered. */
  orderedBytes = 0;
  /**
   * In a passive group: the order of the last copy of the state. A successor would replay everything after it, which is
   * `backlogBytes` long.
   */
  copiedUpTo: OrderNum = NO_ORDER;
  /** The order of the last copy that backups were given. */
  givenUpTo = -1;
  backlogBytes = 0;
  /** The backlog is full. No new message is ordered until a checkpoint shortens it. */
  backlogFull = false;
  /** No stream is opened before this time, so that open ones can end. */
  drainUntilMs = Number.NEGATIVE_INFINITY;
  /** The `checkpointDueAt` for which streams were last kept waiting, so that this happens once per checkpoint. */
  drainedAt: OrderNum | undefined;
  /** Streams whose opening waits until `drainUntilMs`. */
  readonly setAside: Map<Stream, { readonly connection: Connection; readonly peer: string }>;
  /**
   * The highest order at which a backup's results differed. A replica that started from a checkpoint before it would
   * differ again.
   */
  differedUpTo: OrderNum;
  /** The last backup that left because it differed, and where. */
  differed: { readonly id: ReplicaId; readonly orderNum: OrderNum } | undefined;

  /** @param before this replica's state if it was primary until now; its queues and waiting replies carry over */
  constructor(r: ReplicaState, order: PrimaryOrder, before: PrimaryState | undefined) {
    this.r = r;
    this.servesSinceMs = r.nowMs;
    this.digested = new Digested(r.order.processedUpTo, r.nowMs);
    this.order = order;
    this.release = new ReleaseRule(r.connections, this.stability);
    this.scheduler = before?.scheduler ?? schedulerOf(r.config, r.criteria);
    this.replies = before?.replies ?? new ReceptionScheduler();
    this.admissions = before?.admissions ?? new Map();
    this.reads = before?.reads ?? new Map();
    this.keyedRunning = before?.keyedRunning ?? new Map();
    this.sessionsPaused = before?.sessionsPaused ?? false;
    this.sessionsReadSinceMs = before?.sessionsReadSinceMs ?? Number.NEGATIVE_INFINITY;
    this.waiting = before?.waiting ?? [];
    this.postponed = before?.postponed ?? new Map();
    this.largeMethods = before?.largeMethods ?? new Map();
    this.streamCalls = before?.streamCalls ?? new Map();
    this.setAside = before?.setAside ?? new Map();
    this.checkpointDueAt = before?.checkpointDueAt ?? (r.config.checkpointEvery as OrderNum);
    this.copies = before?.copies ?? new Map();
    this.lastCopy = before?.lastCopy ?? 0;
    this.differedUpTo = before?.differedUpTo ?? NO_ORDER;
    this.differed = before?.differed;
    this.unstableBytes = this.bytesBetween(r.stableUpTo, r.order.last);
  }

  /** The bytes of the bodies in the log after `from` up to `upTo`. */
  bytesBetween(from: OrderNum, upTo: OrderNum): number {
    let bytes = 0;
    for (let k = next(from); k <= upTo; k = next(k)) {
      const request = this.r.order.entries.get(k)?.message?.request;
      if (request !== undefined) bytes += bodyBytes(request);
    }
    return bytes;
  }

  /** Whether some backup follows by checkpoints: all do in a passive group, and those with other code do in any. */
  get givesCopies(): boolean {
    const { config, peers } = this.r;
    return config.replication === 'passive' || this.required.some(({ id }) => peers.get(id)?.byCopy === true);
  }

  /** Whether new streams wait now. */
  get isDraining(): boolean {
    return this.r.nowMs < this.drainUntilMs;
  }

  holdsLease(): boolean {
    return this.stability.holdsLease(this.r.nowMs, this.r.config.leaseMs);
  }
}
