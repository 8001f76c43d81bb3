import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import { type CallId, NO_ORDER, type OrderNum } from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import type { PrimaryOrder } from '../../ordering/primary-order.js';
import { ReceptionScheduler, type Scheduler, type Work } from '../../scheduling/scheduler.js';
import { ReleaseRule, type ReplyToRelease } from './release-rule.js';
import type { ReplicaState } from './replica-state.js';
import { Stability } from './stability.js';

/** What only a primary knows. */
export class PrimaryState {
  readonly r: ReplicaState;
  readonly order: PrimaryOrder;
  readonly stability = new Stability();
  readonly release: ReleaseRule;
  /** The members whose acknowledgments count, beside this replica. */
  required: readonly Member[] = [];

  // ── intake ──
  readonly scheduler: Scheduler;
  /** Replies to this group's own calls: the handlers that wait for them go first. */
  readonly replies: Scheduler;
  /** Calls that pass the user's interceptors. */
  readonly admissions: Map<number, Extract<Work, { kind: 'call' | 'read' }>>;
  nextAdmission: number;
  nextReadTask = 1;
  /** Idempotency keys whose call is queued, runs or waits for replies. */
  readonly keyedRunning: Map<string, Message>;
  sessionsPaused: boolean;
  /** Since when the frames of sessions are read again. */
  sessionsReadSinceMs: number;

  // ── order and execute ──
  /** When the oldest order that is not stable was given. */
  unstableSinceMs = Number.POSITIVE_INFINITY;

  // ── release ──
  /** Replies that the release rule holds back. */
  waiting: ReplyToRelease[];
  /** Items of streams wait for what they reflect to become stable, or for the lease. */
  itemsWait = false;
  /** Open streams that came as RPCs, of clients without our interceptor. */
  readonly streamCalls: Map<CallId, Stream>;
  /** Orders up to here go to the backups directly, in the `destination` embodiment too. */
  localAnnounceUpTo: OrderNum = NO_ORDER;
  /** Somebody waits for orders up to here: they do not gather before they are announced. */
  urgentUpTo: OrderNum = NO_ORDER;
  /** Since when announcements gather. */
  batchSinceMs: number | undefined;

  // ── checkpoint ──
  checkpointWanted = false;
  checkpointDueAt: OrderNum;
  /** A checkpoint that waits for its order to become stable before backups get it. */
  checkpointUnstable: Checkpoint | undefined;
  /** In a passive group: what a successor replays begins after this order, and has so many bytes. */
  copiedUpTo: OrderNum = NO_ORDER;
  backlogBytes = 0;
  /** The backlog is full. No new message is ordered until a checkpoint shortens it. */
  backlogFull = false;
  /** Until then no stream is opened, so that those that are open may end. */
  drainUntilMs = Number.NEGATIVE_INFINITY;
  /** The checkpoint that streams were drained for last. */
  drainedAt: OrderNum | undefined;
  /** Streams that wait to be opened meanwhile. */
  readonly setAside: Map<Stream, { readonly connection: Connection; readonly peer: string }>;
  /** Up to here a backup's service came to something else: a replica that starts from before would do so again. */
  differedUpTo: OrderNum;

  /** @param before this replica was primary just before, too: what was queued and what waits go on */
  constructor(r: ReplicaState, order: PrimaryOrder, before: PrimaryState | undefined) {
    this.r = r;
    this.order = order;
    this.release = new ReleaseRule(r.connections, this.stability);
    this.scheduler = before?.scheduler ?? new ReceptionScheduler();
    this.replies = before?.replies ?? new ReceptionScheduler();
    this.admissions = before?.admissions ?? new Map();
    this.nextAdmission = before?.nextAdmission ?? 1;
    this.keyedRunning = before?.keyedRunning ?? new Map();
    this.sessionsPaused = before?.sessionsPaused ?? false;
    this.sessionsReadSinceMs = before?.sessionsReadSinceMs ?? Number.NEGATIVE_INFINITY;
    this.waiting = before?.waiting ?? [];
    this.streamCalls = before?.streamCalls ?? new Map();
    this.setAside = before?.setAside ?? new Map();
    this.checkpointDueAt = before?.checkpointDueAt ?? (r.config.checkpointEvery as OrderNum);
    this.differedUpTo = before?.differedUpTo ?? NO_ORDER;
  }

  /** No stream is opened now. */
  get isDraining(): boolean {
    return this.r.nowMs < this.drainUntilMs;
  }

  holdsLease(): boolean {
    return this.stability.holdsLease(this.r.nowMs, this.r.config.leaseMs);
  }
}
