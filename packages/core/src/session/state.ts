/** The state of a client's session: its links, its view of the group, its open calls and the orders it heard of. */

import { differingSettings, isListed, settingsDigest } from '../config/client-settings.js';
import type { GroupConfig } from '../config/config.js';
import { methodSettings } from '../config/service-config.js';
import type { ClientSettings, SessionHeader, StreamAsk, View } from '../model/frames.js';
import type { CallId, ConnectionId, Incarnation, SeqNum, Term } from '../model/ids.js';
import { NO_EPOCH, NO_ORDER, NO_SEQ, NO_TERM } from '../model/ids.js';
import { isLarge, type Request } from '../model/message.js';
import type { LogLevel, WallClock } from '../model/ports.js';
import type { Member } from '../model/record.js';
import { NOTHING_STABLE, PendingRemoteOrder, type PlaceInOrder } from '../ordering/remote-order.js';
import type { SessionEffect, Slot } from './events.js';
import {
  type BackupChoice,
  type Bulk,
  type Carried,
  type ClientStream,
  type Held,
  Kept,
  type Read,
  type Sent,
} from './open-calls.js';
import { WaitingCalls } from './waiting-calls.js';

/** The link to one replica as the session sees it. */
export interface Link {
  readonly slot: Slot;
  up: boolean;
  member: Member | undefined;
  /** The replica that was last found at this address; it stays known when the link is down. */
  lastMember: Member | undefined;
  /** The link to the same replica that is used instead of this one, which the adapter keeps down. */
  standsIn: Link | undefined;
  /** The newest heartbeat of ours that the replica has echoed, by our clock. */
  ackedMs: number;
  sentAtMs: number;
  /** The replica has requests up to this number, or this link carried them. */
  sentUpTo: SeqNum;
  /** Requests to send again, ahead of new ones. */
  resend: Carried[];
  /** So many bytes wait on this link that it gets no more frames. */
  full: boolean;
  /** The large requests that wait for room on this link. */
  bulk: Bulk[];
  /** The large requests that the link has not passed on yet, and their bytes. */
  onTheWay: { readonly seqNum: SeqNum | undefined; readonly bytes: number }[];
  bulkBytes: number;
  /** The requests beyond `sentUpTo` that the replica said it has. */
  has: ReadonlySet<SeqNum>;
  /** The streams whose progress the primary must be told. */
  asks: StreamAsk[];
  /** How many of the arrivals at pendingRemoteOrder this link has reflected. */
  reflected: number;
  /** Why the replica has no room for this session, and when it said so; undefined once it welcomes the session. */
  noRoom: { readonly reason: string; readonly sinceMs: number } | undefined;
}

export interface SessionOptions {
  readonly connection: ConnectionId;
  /** How many addresses the adapter knows; it may add others later. */
  readonly slots: number;
  readonly config: GroupConfig;
  /** The clock by which the application gives deadlines. Without it, replicas do not know when calls are late. */
  readonly wallClock?: WallClock;
}

const NOTHING: ReadonlySet<SeqNum> = new Set();

const newLink = (slot: Slot): Link => ({
  slot,
  up: false,
  member: undefined,
  lastMember: undefined,
  standsIn: undefined,
  ackedMs: Number.NEGATIVE_INFINITY,
  sentAtMs: Number.NEGATIVE_INFINITY,
  sentUpTo: NO_SEQ,
  resend: [],
  full: false,
  bulk: [],
  onTheWay: [],
  bulkBytes: 0,
  has: NOTHING,
  asks: [],
  reflected: 0,
  noRoom: undefined,
});

/** How many differing settings the log names. */
const NAMED_MAX = 10;

const mayBatch = ({ batchMs, release, methods }: ClientSettings): boolean =>
  batchMs > 0 && release === 'concurrent' && methods.every((one) => one.release !== 'acknowledged');

/** One object for one session, from its first link to its end. */
export class SessionState {
  readonly connection: ConnectionId;
  readonly config: GroupConfig;
  /** The group's settings for clients: this client's own until a replica has said that they are others. */
  settings: ClientSettings;
  readonly links: Link[];
  /** The members that no link leads to: where each is looked for, and when. Its next life may be at another address. */
  readonly soughtMembers = new Map<Incarnation, { readonly address: string; dueMs: number; byLinks: boolean }>();
  /** Whether a view has told who the members are. */
  knowsMembers = false;
  #readOnly: Map<string, boolean> | undefined;
  /** The slot of the backup that got the last read. */
  lastBackup = 0;
  /** The newest order that the answer of a backup reflected. */
  readUpTo = NO_ORDER;

  nowMs = 0;
  effects: SessionEffect[] = [];
  #wantsFlush = false;
  phase: 'open' | 'closing' | 'ended' = 'open';
  closingSinceMs = 0;

  view: View = { term: NO_TERM, epoch: NO_EPOCH, primary: undefined, inSync: [], addresses: [], adoptedThrough: [] };
  primary: Link | undefined;
  /** Since when no primary is reached; undefined if one is. */
  lostSinceMs: number | undefined;
  sessionMs: number;
  /** The term of the newest settings that this session was told. */
  settingsTerm: Term = NO_TERM;
  /** Whether replicas want announcements reflected (the `destination` embodiment). */
  reflect = false;
  reflectSinceMs = Number.POSITIVE_INFINITY;
  /** Whether frames to the backups may gather for a moment, because no reply waits for them. */
  batches = false;
  batchSinceMs: number | undefined;

  readonly wallClock: WallClock | undefined;
  readonly sent = new Kept<SeqNum, Sent>();
  /** Whether a promotion cut the orders of answered requests that are still kept. */
  hasCutRequests = false;
  /** How many bytes replicas keep for this session. */
  sessionBytes: number;
  lastSeqNum = NO_SEQ;
  repliesSeenUpTo = NO_SEQ;
  /** The bytes of large replies that came since the session last told the replicas which replies it has seen. */
  unseenBytes = 0;
  readonly reads = new Kept<number, Read>();
  lastReadId = 0;
  readonly calls = new Map<CallId, Sent | Read>();
  readonly waiting = new WaitingCalls();
  /** The replies that the delivery rule holds back, one for each call however often it comes. */
  readonly held = new Map<Sent | Read, Held>();

  /** The open streams, by call, by number, and those with held items. */
  readonly streams = new Map<CallId, ClientStream>();
  readonly streamsById = new Map<SeqNum, ClientStream>();
  readonly heldStreams = new Set<ClientStream>();
  /** How far items were taken, for streams of which the group is yet to be told. */
  readonly credits = new Map<SeqNum, number>();
  /** Whether credits are sent at once, because a handler may wait for them. Otherwise they go along later. */
  creditsAtOnce = false;

  /** The announcements that this session received and that are not stable yet ([0100]). */
  readonly pendingRemoteOrder = new PendingRemoteOrder();
  /** The newest `stableUpTo` of a primary. It counts once the adoption of its term is known. */
  saidStable: PlaceInOrder = NOTHING_STABLE;
  stable: PlaceInOrder = NOTHING_STABLE;

  constructor({ connection, slots, config, wallClock }: SessionOptions) {
    this.wallClock = wallClock;
    this.connection = connection;
    this.config = config;
    this.sessionMs = config.sessionMs;
    this.sessionBytes = config.budgets.sessionBytes;
    this.settings = config;
    this.batches = mayBatch(config);
    this.links = Array.from({ length: slots }, (_, slot) => newLink(slot));
  }

  /** The group's settings are others than this client was given. They apply from now on. */
  follow(settings: ClientSettings): void {
    if (settingsDigest(this.settings) === settingsDigest(settings)) return;
    const differ = differingSettings(this.settings, settings);
    if (differ.length > 0) {
      const names = differ.slice(0, NAMED_MAX).join(', ');
      const more = differ.length > NAMED_MAX ? ` and ${differ.length - NAMED_MAX} more` : '';
      this.log('warn', "this client's settings differ from its group's, which apply", { settings: `${names}${more}` });
    }
    this.settings = settings;
    this.batches = mayBatch(settings);
    this.#readOnly = new Map();
    this.effects.push({ kind: 'settings', settings });
  }

  /**
   * Whether calls of a method are reads, by the group's word.
   *
   * @param own what this client's own settings say, which hold unless the group has said otherwise
   */
  isReadOnly(method: string, own: boolean): boolean {
    if (this.#readOnly === undefined) return own;
    let readOnly = this.#readOnly.get(method);
    if (readOnly === undefined) {
      readOnly = methodSettings(this.settings, method).readOnly;
      this.#readOnly.set(method, readOnly);
    }
    return readOnly;
  }

  /** The backup that is to answer a read by the group's settings: one that is still to be chosen, or none. */
  backupFor(request: Request): BackupChoice | undefined {
    if (!this.settings.methods.some(({ readFrom }) => readFrom === 'backup') || isLarge(request)) return undefined;
    if (methodSettings(this.settings, request.method).readFrom !== 'backup') return undefined;
    return { slot: undefined, sentAtMs: this.nowMs };
  }

  /** Whether calls of a method may wait for later calls, by the group's word. */
  waitsForOthers(method: string): boolean {
    return (
      this.settings.methods.some((entry) => entry.waitsForOthers) &&
      methodSettings(this.settings, method).waitsForOthers
    );
  }

  /** The adapter has one more address to connect to. */
  addSlot(): void {
    this.links.push(newLink(this.links.length));
  }

  /** Has the adapter make a call itself if the group does not replicate its service. @returns whether it does */
  passesOn(call: CallId, { method }: Request): boolean {
    if (!isListed(method, this.settings.unreplicated)) return false;
    this.effects.push({ kind: 'passOn', call });
    return true;
  }

  /**
   * Whether the primary has echoed no heartbeat of the last `sessionMs`: this process slept, or was cut off, and the
   * replicas may have given this session up. New calls are not sent before the primary answers, so that they can go by
   * another session if this one is over.
   */
  get inDoubt(): boolean {
    return this.primary !== undefined && this.nowMs - this.primary.ackedMs > this.sessionMs;
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

  get term(): Term {
    return this.view.term;
  }

  header(destOrderInfo: SessionHeader['destOrderInfo']): SessionHeader {
    return {
      term: this.term,
      sentAtMs: this.nowMs,
      repliesSeenUpTo: this.repliesSeenUpTo,
      destOrderInfo,
      closing: this.phase === 'closing',
    };
  }

  log(level: LogLevel, event: string, fields: Record<string, string | number | boolean | undefined> = {}): void {
    this.effects.push({ kind: 'log', level, event, fields: { term: this.term, ...fields } });
  }
}
