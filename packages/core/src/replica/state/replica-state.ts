/** The state of a replica that every role needs, for one life. State that only one role needs is in that role. */

import { settingsDigest } from '../../config/client-settings.js';
import type { GroupConfig, MethodSettings } from '../../config/config.js';
import { methodSettings } from '../../config/service-config.js';
import { configAsFarAsUsable, configInForce, settingsText } from '../../config/term-settings.js';
import type { MessageName } from '../../connection/callers.js';
import { addressOf } from '../../connection/client-session.js';
import { Connections } from '../../connection/connections.js';
import { EarlyReads } from '../../connection/early-reads.js';
import type { Message } from '../../connection/message.js';
import type { Checkpoint, PieceAckFrame } from '../../model/checkpoint.js';
import { digestToHex, EMPTY_DIGEST } from '../../model/digest.js';
import type { View } from '../../model/frames.js';
import type { ConnectionId, OrderNum, Term } from '../../model/ids.js';
import { connectionId, NO_EPOCH, NO_ORDER, NO_TERM } from '../../model/ids.js';
import type { Outcome } from '../../model/outcome.js';
import type { Clocks, DigestBody, LogLevel, OrderSeal, RunningDigest } from '../../model/ports.js';
import type { GroupRecord, Leadership, Member } from '../../model/record.js';
import { OrderWindow } from '../../ordering/window.js';
import { addressIn, codeOf } from '../../record/transitions.js';
import { ArmedTimers } from '../../scheduling/armed-timers.js';
import type { CriteriaPorts } from '../../scheduling/criteria.js';
import type { ReplicaOptions } from '../outside/options.js';
import { NOT_MEASURED } from '../outside/status.js';
import { type Duty, NO_DUTY } from '../threads/duty.js';
import type { IncomingCopy } from './copies/incoming.js';
import { DeathNotes } from './deaths/death-notes.js';
import { StateNotes } from './digests/state-notes.js';
import type { ReplicaEffect, ReplicaStatus } from './events.js';
import { MessageOrder, type Running } from './message-order.js';
import { NestedCalls } from './open-calls.js';
import { Peers, type Reached } from './peers.js';
import type { Role } from './role.js';

/** A replica asks for a body or order that has been missing this long, and repeats the request as often. */
export const NACK_AFTER_MS = 20;
/**
 * How long a replica that steps down waits, in leases: for all orders to become stable, or for the others to let it go.
 */
export const HAND_OVER_LEASES = 3;
/** About how many bytes a piece of a checkpoint has: little enough that sending one delays no call by much. */
export const PIECE_BYTES = 131_072;
/** How many digests of processed orders are kept for comparison with the primary's. */
const DIGESTS_KEPT = 8192;

export type { ReplicaOptions } from '../outside/options.js';

/** A message's name as a key for maps. */
export const nameOf = ({ connection, seqNum }: MessageName): string => `${connection}.${seqNum}`;

/**
 * The newest order whose effects a handler that goes on by itself may have seen: the one that is being processed, or
 * else the last one. Whatever the handler sends now may leave only when that order may.
 */
export const reflectedBy = ({ running, order }: ReplicaState): OrderNum =>
  /* rule late-reflects-running */ running?.entry.info.orderNum ?? order.processedUpTo;

/** A record that the coordinator no longer has. */
interface LostRecord {
  /** What the coordinator has instead. */
  readonly found: GroupRecord | undefined;
  /** The record that was there directly before, if that is certain. */
  readonly last: GroupRecord | undefined;
  /** Whether an operator has said that no replica knows a newer record than this one. */
  readonly vouched: boolean;
  /** This primary's change that may have been made before the record was lost. */
  pending: GroupRecord | undefined;
  /** Whether this replica had proposed another one as primary and the proposal may have succeeded. */
  readonly handedOver: boolean;
  /** When the coordinator was last asked. */
  askedMs: number;
  /** Whether this replica has said that it cannot take over without the record. */
  claimTold: boolean;
}

/** A replica that was told to stop. */
export interface SteppingDown {
  readonly toldMs: number;
  /** Since when it has been handing over. */
  sinceMs: number;
  /** Until when the last replica in sync goes on while a learner is on its way. */
  readonly learnersUntilMs: number;
  warned: boolean;
  stopped: boolean;
}

export const steppingDown = (nowMs: number, learnersMs: number): SteppingDown => ({
  toldMs: nowMs,
  sinceMs: nowMs,
  learnersUntilMs: nowMs + learnersMs,
  warned: false,
  stopped: false,
});

/** One object for one life (incarnation) of a replica. `role` holds what only the present role knows. */
export class ReplicaState {
  readonly self: Member;
  readonly reached: Reached;
  /** The settings in force: those of the primary in this term, and this replica's own where no term decides. */
  config: GroupConfig;
  /** This replica's own settings, which it brings along when it becomes primary. */
  readonly own: GroupConfig;
  readonly leadership: Leadership;
  readonly refusesMethod: (method: string) => Outcome | undefined;
  /** The longest time for which any client that this replica welcomed may deliver replies without hearing from it. */
  sessionMsMax: number;
  /**
   * Whether the user's state is older than `processedUpTo`, because `checkpoint`, which is of that very order, was not
   * restored yet. This replica restores it before it executes anything.
   */
  stateBehind = false;
  readonly admits: boolean;
  readonly digestBody: DigestBody;
  readonly newDigest: () => RunningDigest;
  readonly pieceBytes: number;
  readonly seal: OrderSeal;
  readonly newSecret: string;
  readonly criteria: CriteriaPorts;
  readonly clocks: Clocks;
  readonly fresh: boolean;
  readonly delegates: boolean;
  /** What the liveness thread was last told to do. */
  duty: Duty = NO_DUTY;
  /** The answer to the last `delegate` is still due. */
  dutyChanges = false;
  /** How often clients reflected orders that no replica of the group had sealed for them. */
  forgedOrders = 0;
  /** When a client last made this replica read the record. */
  termClaimedMs = Number.NEGATIVE_INFINITY;
  /** Where this replica itself numbers messages: `plain` for plain clients, `group` for replies to the group's calls. */
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
  /** Why the change in flight was proposed. */
  changeReason: string | undefined;
  /** Set while the coordinator does not have the record that this replica knows. */
  lost: LostRecord | undefined;
  steppingDown: SteppingDown | undefined;
  /** This replica is to stop, but goes on serving until a learner can take over. */
  lingers = false;

  readonly connections: Connections;
  readonly peers = new Peers();
  readonly earlyReads = new EarlyReads();

  /** messageOrder, which is also the log. */
  readonly order = new MessageOrder();
  stableUpTo: OrderNum = NO_ORDER;
  digest = EMPTY_DIGEST;
  readonly digests = new OrderWindow<number>(NO_ORDER);

  /** How many bodies this replica refused because their orders name other ones. */
  refusedBodies = 0;
  running: Running | undefined;
  /** The numbers of the next call that interceptors see, and of the next read. */
  readonly nextNumbers = { admission: 1, readTask: 1 };
  readonly deaths = new DeathNotes();
  /** The adapter is copying or replacing the user's state; no handler may run meanwhile. */
  stateBusy: 'checkpoint' | 'restore' | 'digest' | undefined;
  readonly states: StateNotes;
  /** When this replica last said that it may be silent for a while. */
  saidBusyMs = Number.NEGATIVE_INFINITY;
  /** The copy of the primary's state that this replica is being sent. It stays when the role changes. */
  incoming: IncomingCopy | undefined;
  /** What this replica last answered about such a copy. */
  answered: PieceAckFrame | undefined;
  /** The number of the copy that the adapter was last asked for. */
  copyAsked = 0;
  /** The number of handlers that stay: those of open streams, and those that wait for other calls. */
  openStreams = 0;
  /** Whether any stream was opened in this life. */
  hadStreams = false;
  /** The calls that this group made to other services. */
  readonly nested = new NestedCalls();
  /** How many of the handlers that stay wait for other calls. */
  openWaits = 0;
  /** The methods whose handlers did not end in time and whose users were told why that may be. */
  readonly advised = new Set<string>();
  /** The timers of this group. */
  readonly timers = new ArmedTimers();
  readonly every: ReadonlyMap<string, number>;
  readonly mayArm: boolean;
  /** Messages whose handlers wait for nested replies or for other calls. */
  readonly unfinished = new Map<string, Message>();
  /** Passive: the checkpoint at which the log starts. Semi-active: the base, see `state/base.ts`. */
  checkpoint: Checkpoint | undefined;

  #usageOf: ReadonlyMap<string, number> | undefined;
  #settings = new Map<string, MethodSettings>();
  readonly #declaresReadOnly: (method: string) => boolean;
  /** The digest of the settings that this group's clients follow. */
  settingsDigest: number;

  constructor(options: ReplicaOptions, firstRole: (r: ReplicaState) => Role) {
    const { member, address, peerAddress, config, admits, digestBody, seal, newSecret, wallClock } = options;
    this.newDigest = options.newDigest;
    this.pieceBytes = options.pieceBytes ?? PIECE_BYTES;
    this.self = member;
    this.reached = { address, ...(peerAddress !== undefined && { peerAddress }) };
    this.config = config;
    this.own = config;
    this.sessionMsMax = config.sessionMs;
    const { version = '', refusesMethod = () => undefined } = options;
    this.leadership = { settings: settingsText(config), version, replication: config.replication };
    this.refusesMethod = refusesMethod;
    this.connections = new Connections(config.budgets);
    this.admits = admits;
    this.digestBody = digestBody;
    this.seal = seal;
    this.newSecret = newSecret;
    this.#declaresReadOnly = options.declaresReadOnly ?? (() => false);
    this.settingsDigest = settingsDigest(config);
    this.clocks = { wallMs: wallClock, orderMs: wallClock, timerMs: (nowMs) => nowMs, ...options.orderClock };
    this.criteria = { ...options.criteria, wallMs: wallClock };
    this.fresh = options.fresh ?? false;
    this.delegates = options.delegates ?? false;
    this.every = options.every ?? new Map();
    this.mayArm = options.mayArm ?? false;
    this.states = new StateNotes(options.onOtherState ?? 'restore');
    if (options.copyCost !== undefined) this.states.copied(options.copyCost);
    this.plain = connectionId('plain', member.incarnation);
    this.group = connectionId('group', member.incarnation);
    this.role = firstRole(this);
  }

  /** Whether this replica is about to stop, and orders nothing more. */
  get handsOver(): boolean {
    return this.steppingDown !== undefined && !this.lingers;
  }

  get wantsFlush(): boolean {
    return this.#wantsFlush;
  }

  /** Something was gathered that the next `flush` must send. */
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
    const inSync = this.role.inSync ?? record?.inSync ?? [];
    return {
      term: this.term,
      epoch: record?.epoch ?? NO_EPOCH,
      primary: record?.primary.id,
      inSync,
      addresses: inSync.map(({ id }) => addressIn(id, this.changeInFlight, record)),
      adoptedThrough: record?.adoptedThrough ?? [],
    };
  }

  /** The settings of the record apply from now on, whatever this replica's own are. */
  takeSettings(text: string): void {
    let config: GroupConfig;
    try {
      config = configInForce(text, this.own);
    } catch (error) {
      this.log('error', "some settings of the primary cannot be used; this replica's own apply in their place", {
        error: String(error),
      });
      config = configAsFarAsUsable(text, this.own);
    }
    this.config = config;
    this.sessionMsMax = Math.max(this.sessionMsMax, config.sessionMs);
    this.settingsDigest = settingsDigest(config);
    this.#settings = new Map();
    this.connections.keepAtMost(config.budgets);
  }

  /** Whether this replica executes the orders of a term: the same code gave them, for backups to execute. */
  executes(term: Term): boolean {
    const code = this.record && codeOf(this.record, term);
    return code?.replication === 'semi-active' && /* rule same-code */ code.version === this.leadership.version;
  }

  /** Whether this replica follows by log and checkpoint, and executes nothing until it has another checkpoint. */
  get followsByCopy(): boolean {
    return !this.executes(this.term) || !this.executesNext;
  }

  /** Whether this replica executes the order that comes next. */
  get executesNext(): boolean {
    const next = this.order.entries.get((this.order.processedUpTo + 1) as OrderNum);
    return this.executes(next?.info.term ?? this.term);
  }

  settings(method: string): MethodSettings {
    let settings = this.#settings.get(method);
    if (settings === undefined) {
      settings = methodSettings(this.config, method);
      if (this.#settings.size < 4096) this.#settings.set(method, settings);
    }
    return settings;
  }

  /** Whether calls of a method may be processed as reads: beside the order, by the primary alone. */
  isReadOnly(method: string): boolean {
    return this.settings(method).readOnly || this.#declaresReadOnly(method);
  }

  /** What is kept for the clients of one address, as of the last tick. */
  usageOf(address: string): number {
    this.#usageOf ??= this.#sumUsage();
    return this.#usageOf.get(address) ?? 0;
  }

  /** The sums by address are made again when they are next asked for. */
  forgetSums(): void {
    this.#usageOf = undefined;
  }

  #sumUsage(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const { session, peer = '', usage } of this.connections.values()) {
      const address = addressOf(session?.peer ?? peer);
      sums.set(address, (sums.get(address) ?? 0) + usage.bytes);
    }
    return sums;
  }

  keepDigest(orderNum: OrderNum): void {
    if (this.digests.last !== orderNum - 1) this.digests.reset((orderNum - 1) as OrderNum);
    this.digests.append(orderNum, this.digest);
    if (this.digests.length > DIGESTS_KEPT) this.digests.dropUpTo((orderNum - DIGESTS_KEPT / 2) as OrderNum);
  }

  /** @param base the order from which the log is kept so that replicas can join while streams are open */
  statusWith(members: ReplicaStatus['members'], base: OrderNum | undefined): ReplicaStatus {
    return {
      group: this.config.group,
      replica: this.self,
      role: this.role.kind,
      term: this.term,
      epoch: this.epoch,
      primary: this.record?.primary.id,
      inSync: this.record?.inSync ?? [],
      version: this.leadership.version,
      settings: this.record?.settings ?? '',
      members,
      heldUpTo: this.order.heldUpTo,
      processedUpTo: this.order.processedUpTo,
      stableUpTo: this.stableUpTo,
      digest: digestToHex(this.digest),
      statesEqualUpTo: this.role.statesEqualUpTo,
      sessions: this.connections.sessions,
      logLength: this.order.entries.length,
      base,
      unordered: this.connections.unordered,
      refusedBodies: this.refusedBodies,
      keptBytes: this.connections.keptBytes,
      ...NOT_MEASURED,
      waitingToRelease: this.role.waitingToRelease,
      openStreams: this.openStreams - this.openWaits,
      openWaits: this.openWaits,
      openNested: this.nested.open,
      timers: this.timers.size,
      streams: this.connections.streams,
      forgedOrders: this.forgedOrders,
      poisoned: this.record?.deaths?.poisoned.map(({ method, digest, deaths }) => ({ method, digest, deaths })) ?? [],
      blocked: this.role.blocked ?? this.#withoutRecord,
      degraded: this.role.degraded,
      leaving: this.role.leaving,
      recordChange: this.changeReason,
    };
  }

  get #withoutRecord(): string | undefined {
    const { lost, record } = this;
    if (lost === undefined || record === undefined) return undefined;
    const found = lost.found === undefined ? 'no record' : `a record of epoch ${lost.found.epoch}`;
    const what = `the coordinator has ${found} of group ${record.group}, which had one of epoch ${record.epoch}`;
    const { id } = (lost.pending ?? record).primary;
    const whom = id === this.self.id ? 'this replica' : `the primary ${id}`;
    return `${what}; ${whom} puts it back. If no primary runs any more: understudy restore --group ${record.group} --replica ${this.self.id}`;
  }

  log(level: LogLevel, event: string, fields: Record<string, string | number | boolean | undefined> = {}): void {
    this.effects.push({ kind: 'log', level, event, fields: { term: this.term, role: this.role.kind, ...fields } });
  }
}
