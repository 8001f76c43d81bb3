import type { GroupConfig, MethodSettings } from '../../config/config.js';
import { methodSettings } from '../../config/service-config.js';
import type { MessageName } from '../../connection/callers.js';
import { Connections } from '../../connection/connections.js';
import type { Message } from '../../connection/message.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import { digestToHex, EMPTY_DIGEST } from '../../model/digest.js';
import type { View } from '../../model/frames.js';
import type { ConnectionId, OrderNum, Term } from '../../model/ids.js';
import { connectionId, NO_EPOCH, NO_ORDER, NO_TERM } from '../../model/ids.js';
import type { LogLevel } from '../../model/ports.js';
import type { GroupRecord, Member } from '../../model/record.js';
import { OrderWindow } from '../../ordering/window.js';
import type { Work } from '../../scheduling/scheduler.js';
import { EarlyReads } from './early-reads.js';
import type { ReplicaEffect, ReplicaStatus, Task } from './events.js';
import { type Entry, MessageOrder } from './message-order.js';
import { NestedCalls } from './open-calls.js';
import { Peers } from './peers.js';
import type { Role } from './role.js';

/** What is missing for this long is asked for, and again as often. */
export const NACK_AFTER_MS = 20;
/**
 * A replica that steps down waits this long, in leases: for everything to become stable, or for the others to let it go.
 */
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

/**
 * What a replica knows in every role. What only one role knows belongs to `role`. One object for one life (incarnation)
 * of a replica.
 */
export class ReplicaState {
  readonly self: Member;
  readonly address: string;
  readonly config: GroupConfig;
  readonly admits: boolean;
  /** The connections whose messages this life numbers: calls of clients without our interceptor, and the group's own. */
  readonly plain: ConnectionId<'plain'>;
  readonly group: ConnectionId<'group'>;

  nowMs = 0;
  lastTickMs = Number.NEGATIVE_INFINITY;
  effects: ReplicaEffect[] = [];
  #wantsFlush = false;

  role: Role;
  record: GroupRecord | undefined;
  term: Term = NO_TERM;
  changeInFlight: GroupRecord | undefined;
  /** Why the change was proposed. */
  changeReason: string | undefined;
  steppingDown: { readonly sinceMs: number } | undefined;

  readonly connections = new Connections();
  readonly peers = new Peers();
  readonly earlyReads = new EarlyReads();

  /** messageOrder and the log. */
  readonly order = new MessageOrder();
  stableUpTo: OrderNum = NO_ORDER;
  digest = EMPTY_DIGEST;
  readonly digests = new OrderWindow<number>(NO_ORDER);

  running: Running | undefined;
  /** The user's state is being copied or replaced: nothing may run. */
  stateBusy: 'checkpoint' | 'restore' | undefined;
  /** Streams whose handlers live. */
  openStreams = 0;
  /** A stream was opened in this life. */
  hadStreams = false;
  /** What this group asked of other services. */
  readonly nested = new NestedCalls();
  /** Messages whose handlers wait for replies to calls that they made. */
  readonly unfinished = new Map<string, Message>();
  /** Passive: what the log starts from. Semi-active: the base, see `checkpoint/base.ts`. */
  checkpoint: Checkpoint | undefined;

  readonly #settings = new Map<string, MethodSettings>();

  constructor({ member, address, config, admits }: ReplicaOptions, firstRole: (r: ReplicaState) => Role) {
    this.self = member;
    this.address = address;
    this.config = config;
    this.admits = admits;
    this.plain = connectionId('plain', member.incarnation);
    this.group = connectionId('group', member.incarnation);
    this.role = firstRole(this);
  }

  get wantsFlush(): boolean {
    return this.#wantsFlush;
  }

  /** Something was gathered that a `flush` must send. */
  wantFlush(): void {
    this.#wantsFlush = true;
  }

  flushed(): void {
    this.#wantsFlush = false;
  }

  get epoch(): number {
    return this.record?.epoch ?? NO_EPOCH;
  }

  get view(): View {
    const { record } = this;
    return {
      term: this.term,
      epoch: record?.epoch ?? NO_EPOCH,
      primary: record?.primary.id,
      inSync: this.role.inSync ?? record?.inSync ?? [],
      adoptedThrough: record?.adoptedThrough ?? [],
    };
  }

  settings(method: string): MethodSettings {
    let settings = this.#settings.get(method);
    if (settings === undefined) {
      settings = methodSettings(this.config, method);
      if (this.#settings.size < 4096) this.#settings.set(method, settings);
    }
    return settings;
  }

  keepDigest(orderNum: OrderNum): void {
    if (this.digests.last !== orderNum - 1) this.digests.reset((orderNum - 1) as OrderNum);
    this.digests.append(orderNum, this.digest);
    if (this.digests.length > DIGESTS_KEPT) this.digests.dropUpTo((orderNum - DIGESTS_KEPT / 2) as OrderNum);
  }

  /** @param base where the log begins for the sake of replicas that join while streams are open */
  statusWith(base: OrderNum | undefined): ReplicaStatus {
    return {
      group: this.config.group,
      replica: this.self,
      role: this.role.kind,
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
      base,
      unordered: this.connections.unordered,
      waitingToRelease: this.role.waitingToRelease,
      openStreams: this.openStreams,
      openNested: this.nested.open,
      streams: this.connections.streams,
      blocked: this.role.blocked,
      recordChange: this.changeReason,
    };
  }

  log(level: LogLevel, event: string, fields: Record<string, string | number | boolean | undefined> = {}): void {
    this.effects.push({ kind: 'log', level, event, fields: { term: this.term, role: this.role.kind, ...fields } });
  }
}
