import type { GroupConfig } from '../config/config.js';
import type { SessionHeader, StreamAsk, View } from '../model/frames.js';
import type { CallId, ConnectionId, OrderNum, SeqNum, Term } from '../model/ids.js';
import { NO_EPOCH, NO_ORDER, NO_SEQ, NO_TERM } from '../model/ids.js';
import type { LogLevel } from '../model/ports.js';
import type { Member } from '../model/record.js';
import { PendingRemoteOrder } from '../ordering/remote-order.js';
import type { SessionEffect, Slot } from './events.js';
import type { ClientStream, Held, Read, Sent, Waiting } from './open-calls.js';

/** The link to one replica, as the session sees it. */
export interface Link {
  readonly slot: Slot;
  up: boolean;
  member: Member | undefined;
  /** Newest heartbeat of ours that the replica has echoed. */
  ackedMs: number;
  sentAtMs: number;
  /** This link carried requests up to here, or the replica has them. */
  sentUpTo: SeqNum;
  /** Requests to send (again) out of turn. */
  resend: { seqNum: SeqNum; awaitStable: boolean }[];
  /** Streams to tell the primary of. */
  asks: StreamAsk[];
  /** How many arrivals of pendingRemoteOrder this link has reflected. */
  reflected: number;
}

export interface SessionOptions {
  readonly connection: ConnectionId;
  /** How many replicas the target names. */
  readonly slots: number;
  readonly config: GroupConfig;
}

/** What a client's session knows. */
export class SessionState {
  readonly connection: ConnectionId;
  readonly config: GroupConfig;
  readonly links: readonly Link[];

  nowMs = 0;
  effects: SessionEffect[] = [];
  #wantsFlush = false;
  phase: 'open' | 'closing' | 'ended' = 'open';
  closingSinceMs = 0;

  view: View = { term: NO_TERM, epoch: NO_EPOCH, primary: undefined, inSync: [], adoptedThrough: [] };
  primary: Link | undefined;
  /** Since when no primary is known. */
  lostSinceMs: number | undefined;
  sessionMs: number;
  /** Replicas want announcements reflected (the `destination` embodiment). */
  reflect = false;
  reflectSinceMs = Number.POSITIVE_INFINITY;
  /** No reply waits for the backups, so what goes to them may gather for a moment. */
  readonly batches: boolean;
  batchSinceMs: number | undefined;

  readonly sent = new Map<SeqNum, Sent>();
  lastSeqNum = NO_SEQ;
  repliesSeenUpTo = NO_SEQ;
  readonly reads = new Map<number, Read>();
  lastReadId = 0;
  readonly calls = new Map<CallId, Sent | Read>();
  waiting: Waiting[] = [];
  /** One for each call, however often its reply comes. */
  readonly held = new Map<Sent | Read, Held>();

  /** Streaming calls that are open. */
  readonly streams = new Map<CallId, ClientStream>();
  readonly streamsById = new Map<SeqNum, ClientStream>();
  readonly heldStreams = new Set<ClientStream>();
  /** Items that were taken, by stream, and of which the group is to be told. */
  readonly credits = new Map<SeqNum, number>();
  /** A handler may wait for them; otherwise they go along with the next request. */
  creditsAtOnce = false;

  /** Announcements received and not yet stable ([0100]). */
  readonly pendingRemoteOrder = new PendingRemoteOrder();
  /** What primaries said of stability; `stableUpTo` follows once the adoption of their term is known. */
  saidStableUpTo: OrderNum = NO_ORDER;
  stableUpTo: OrderNum = NO_ORDER;

  constructor({ connection, slots, config }: SessionOptions) {
    this.connection = connection;
    this.config = config;
    this.sessionMs = config.sessionMs;
    this.batches =
      config.batchMs > 0 &&
      config.release === 'concurrent' &&
      config.methods.every(({ release }) => release !== 'acknowledged');
    this.links = Array.from({ length: slots }, (_, slot) => ({
      slot,
      up: false,
      member: undefined,
      ackedMs: Number.NEGATIVE_INFINITY,
      sentAtMs: Number.NEGATIVE_INFINITY,
      sentUpTo: NO_SEQ,
      resend: [],
      asks: [],
      reflected: 0,
    }));
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
