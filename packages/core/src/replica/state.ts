import type { GroupConfig, MethodSettings } from '../config/config.js';
import { methodSettings } from '../config/service-config.js';
import type { MessageName } from '../connection/callers.js';
import type { Connection } from '../connection/connection.js';
import { Connections } from '../connection/connections.js';
import type { Message } from '../connection/message.js';
import type { Stream } from '../connection/stream.js';
import type { Checkpoint } from '../model/checkpoint.js';
import { digestToHex, EMPTY_DIGEST } from '../model/digest.js';
import type { View } from '../model/frames.js';
import type { CallId, ConnectionId, OrderNum, Term } from '../model/ids.js';
import { connectionId, NO_EPOCH, NO_ORDER, NO_TERM } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { LogLevel } from '../model/ports.js';
import { BackupOrder } from '../ordering/backup-order.js';
import type { PrimaryOrder } from '../ordering/primary-order.js';
import { OrderWindow } from '../ordering/window.js';
import type { GroupRecord, Member } from '../record/record.js';
import { ReceptionScheduler, type Scheduler, type Work } from '../scheduling/scheduler.js';
import { usableBase } from './checkpoint/base.js';
import type { ReplicaEffect, ReplicaStatus, Role, Task } from './events.js';
import type { Collection } from './membership/collection.js';
import { Peers } from './membership/peers.js';
import { NestedCalls } from './nested/open-calls.js';
import { type Entry, MessageOrder } from './order/message-order.js';
import { ReleaseRule, type Reply } from './release/release-rule.js';
import { requiredMembers, Stability } from './release/stability.js';

/** Clocks may differ in rate by this much; leases and sessions are stretched or shortened by it (DESIGN 5.5). */
export const CLOCK_DRIFT = 0.05;
/** What is missing for this long is asked for, and again as often. */
export const NACK_AFTER_MS = 20;
/** Who steps down waits this long, in leases: for everything to become stable, or for the others to let it go. */
export const HAND_OVER_LEASES = 3;
/** Digests of this many processed orders are kept for comparison. */
const DIGESTS_KEPT = 8192;

export interface ReplicaOptions {
  readonly member: Member;
  /** Where peers reach this replica, `host:port`. */
  readonly address: string;
  readonly config: GroupConfig;
  /** The user has server interceptors: calls are admitted before they are ordered. */
  readonly admits: boolean;
}

export const nameOf = ({ connection, seqNum }: MessageName): string => `${connection}.${seqNum}`;

/** A message whose handler runs. */
export interface Running {
  readonly task: Task;
  readonly entry: Entry | undefined;
  readonly work: Work | undefined;
  readonly startedMs: number;
}

/** What a replica knows; the role modules act on it. One object for one life (incarnation) of a replica. */
export class ReplicaState {
  readonly self: Member;
  readonly address: string;
  readonly config: GroupConfig;
  readonly admits: boolean;

  nowMs = 0;
  lastTickMs = Number.NEGATIVE_INFINITY;
  effects: ReplicaEffect[] = [];
  /** Something was gathered that a `flush` must send. */
  wantsFlush = false;

  role: Role = 'starting';
  record: GroupRecord | undefined;
  term: Term = NO_TERM;
  changeInFlight: GroupRecord | undefined;
  /** Why it was proposed. */
  changeReason: string | undefined;
  blocked: string | undefined;

  readonly connections = new Connections();
  readonly peers = new Peers();
  readonly stability = new Stability();
  readonly release = new ReleaseRule(this.connections, this.stability);

  /** messageOrder and the log. */
  readonly order = new MessageOrder();
  readonly backupOrder = new BackupOrder(1 as OrderNum);
  stableUpTo: OrderNum = NO_ORDER;
  digest = EMPTY_DIGEST;
  readonly digests = new OrderWindow<number>(NO_ORDER);

  running: Running | undefined;
  /** Streams whose handlers live. */
  openStreams = 0;
  /** What this group asked of other services. */
  readonly nested = new NestedCalls();
  /** Messages whose handlers wait for replies. */
  readonly unfinished = new Map<string, Message>();
  /** A stream was opened in this life. */
  hadStreams = false;
  /** The user's state is being copied or replaced: nothing may run. */
  stateBusy: 'checkpoint' | 'restore' | undefined;
  /** Passive: what the log starts from. Semi-active: the base, see `base.ts`. */
  checkpoint: Checkpoint | undefined;

  // Primary.
  primaryOrder: PrimaryOrder | undefined;
  readonly scheduler: Scheduler = new ReceptionScheduler();
  /** Replies to this group's own calls: what waits for them goes first. */
  readonly replies: Scheduler = new ReceptionScheduler();
  /** What was just ordered and is about to be processed for the first time. */
  starting: Work | undefined;
  waiting: Reply[] = [];
  /** Open streams that came as RPCs, of clients without our interceptor. */
  readonly streamCalls = new Map<CallId, Stream>();
  /** Items of streams wait for what they reflect to become stable, or for the lease. */
  itemsWait = false;
  /** Orders up to here go to the backups directly, in the `destination` embodiment too. */
  localAnnounceUpTo: OrderNum = NO_ORDER;
  /** Orders up to here are waited for: they do not gather before they are announced. */
  urgentUpTo: OrderNum = NO_ORDER;
  /** Since when announcements gather. */
  batchSinceMs: number | undefined;
  /** When the oldest order that is not stable was given. */
  unstableSinceMs = Number.POSITIVE_INFINITY;
  readonly admissions = new Map<number, Extract<Work, { kind: 'call' | 'read' }>>();
  nextAdmission = 1;
  nextReadTask = 1;
  /** Calls of clients without our interceptor, and what the group itself brings in, as this life numbers them. */
  readonly plain: ConnectionId<'plain'>;
  readonly group: ConnectionId<'group'>;
  /** Idempotency keys whose call is queued, runs or waits for replies: which message it is. */
  readonly keyedRunning = new Map<string, Message>();
  checkpointWanted = false;
  checkpointDueAt: OrderNum;
  /** In a passive group: what a successor replays begins after this order, and has so many bytes. */
  copiedUpTo: OrderNum = NO_ORDER;
  backlogBytes = 0;
  /** It is at its bound: a copy is waited for. */
  backlogFull = false;
  /** Until then no stream is opened, so that those that are open may end. */
  drainUntilMs = Number.NEGATIVE_INFINITY;
  /** The checkpoint that this was tried for last. */
  drainedAt: OrderNum | undefined;
  /** Streams that wait to be opened meanwhile. */
  readonly setAside = new Map<Stream, { readonly connection: Connection; readonly peer: string }>();
  /** A checkpoint that waits for its order to become stable before backups get it. */
  checkpointUnstable: Checkpoint | undefined;
  sessionsPaused = false;
  /** Since when the frames of sessions are read again. */
  sessionsReadSinceMs = Number.NEGATIVE_INFINITY;
  steppingDown: { readonly sinceMs: number } | undefined;
  /** Up to here a backup's service came to something else: who starts from before would do so again. */
  differedUpTo: OrderNum = NO_ORDER;

  // Backup and joining.
  lastHeartbeatMs = Number.NEGATIVE_INFINITY;
  heartbeatMs = 0;
  ackDue = false;
  /** Sessions that the primary was told are registered here, on the present stream. */
  readonly reported = new Set<ConnectionId>();
  /** The next report begins anew. */
  reportAfresh = true;
  expectedDigest: { readonly orderNum: OrderNum; readonly value: number } | undefined;
  divergedAt: OrderNum | undefined;
  missingSinceMs = Number.POSITIVE_INFINITY;
  nackedMs = Number.NEGATIVE_INFINITY;
  joinSentMs = Number.NEGATIVE_INFINITY;
  joined = false;
  /** A copy that covers more than is held here yet. */
  checkpointAhead: Checkpoint | undefined;

  /** Reads of sessions that know already that this replica was designated. */
  readonly earlyReads: { connection: Connection; readId: number; request: Request; peer: string }[] = [];

  // Promoting.
  collection: Collection | undefined;

  #required: readonly Member[] = [];
  readonly #settings = new Map<string, MethodSettings>();

  constructor(options: ReplicaOptions) {
    this.self = options.member;
    this.address = options.address;
    this.config = options.config;
    this.admits = options.admits;
    this.plain = connectionId('plain', options.member.incarnation);
    this.group = connectionId('group', options.member.incarnation);
    this.checkpointDueAt = options.config.checkpointEvery as OrderNum;
  }

  get epoch(): number {
    return this.record?.epoch ?? NO_EPOCH;
  }

  get isPrimary(): boolean {
    return this.role === 'primary';
  }

  /** No stream is opened now. */
  get isDraining(): boolean {
    return this.nowMs < this.drainUntilMs;
  }

  get view(): View {
    return {
      term: this.term,
      epoch: this.record?.epoch ?? NO_EPOCH,
      primary: this.record?.primary.id,
      inSync: this.isPrimary ? [this.self, ...this.#required] : (this.record?.inSync ?? []),
      adoptedThrough: this.record?.adoptedThrough ?? [],
    };
  }

  get primaryAddress(): string | undefined {
    return this.record?.addresses[this.record.primary.id];
  }

  settings(method: string): MethodSettings {
    let settings = this.#settings.get(method);
    if (settings === undefined) {
      settings = methodSettings(this.config, method);
      if (this.#settings.size < 4096) this.#settings.set(method, settings);
    }
    return settings;
  }

  holdsLease(): boolean {
    return this.stability.holdsLease(this.nowMs, this.config.leaseMs);
  }

  /** The set, or a change of it that is in flight, is other than before. */
  requireMembers(): void {
    if (this.record === undefined) return;
    const members = requiredMembers(this.self, this.record, this.changeInFlight, this.peers);
    for (const member of members) if (this.peers.get(member.id) === undefined) this.peers.open(member, this.nowMs);
    this.#required = members;
    this.stability.require(members, this.peers);
    for (const { session } of this.connections.values()) if (session !== undefined) session.viewSent = false;
    this.release.changed();
  }

  keepDigest(orderNum: OrderNum): void {
    if (this.digests.last !== orderNum - 1) this.digests.reset((orderNum - 1) as OrderNum);
    this.digests.append(orderNum, this.digest);
    if (this.digests.length > DIGESTS_KEPT) this.digests.dropUpTo((orderNum - DIGESTS_KEPT / 2) as OrderNum);
  }

  statusOf(): ReplicaStatus {
    return {
      group: this.config.group,
      replica: this.self,
      role: this.role,
      term: this.term,
      epoch: this.epoch,
      primary: this.record?.primary.id,
      inSync: this.record?.inSync ?? [],
      heldUpTo: this.order.heldUpTo,
      processedUpTo: this.order.processedUpTo,
      stableUpTo: this.stableUpTo,
      digest: digestToHex(this.digest),
      sessions: this.connections.sessions,
      logLength: this.order.entries.length,
      base: this.hadStreams ? usableBase(this)?.orderNum : undefined,
      unordered: this.connections.unordered,
      waitingToRelease: this.waiting.length,
      openStreams: this.openStreams,
      openNested: this.nested.open,
      streams: this.connections.streams,
      blocked: this.blocked,
      recordChange: this.changeReason,
    };
  }

  /** What the primary was told of sessions may not have arrived, or was another's to know. */
  forgetReports(): void {
    this.reported.clear();
    this.reportAfresh = true;
  }

  log(level: LogLevel, event: string, fields: Record<string, string | number | boolean | undefined> = {}): void {
    this.effects.push({ kind: 'log', level, event, fields: { term: this.term, role: this.role, ...fields } });
  }
}
