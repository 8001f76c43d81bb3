/** The ports that the core's surroundings fill: a coordinator that keeps the record, the service's state, a logger. */

import type { BodyDigest, ConnectionId, Epoch } from './ids.js';
import type { Request } from './message.js';
import type { OrderInfo } from './order-info.js';
import type { GroupRecord, Leadership, Member } from './record.js';
import type { SealedOrders } from './sealed.js';

/**
 * How a compare-and-swap ended. `swapped`: the record is the new one. `conflict`: it had another epoch and is
 * `current`; undefined if there is none. `unknown`: it may or may not have happened; read the record until that is
 * known.
 */
export type SwapResult =
  | { readonly kind: 'swapped' }
  | { readonly kind: 'conflict'; readonly current: GroupRecord | undefined }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** A running replica, whether or not the record names it. */
export interface Presence {
  readonly member: Member;
  /** The replica's address, `host:port`. */
  readonly address: string;
  /** Where other replicas and operators reach it, if that is another address. */
  readonly peerAddress?: string;
  /** Its own settings and code, with which it would be primary. Absent if it does not say. */
  readonly brings?: Leadership;
  /** The epoch of a record that it knows; absent until it knows one. Whoever finds no record then waits for this one. */
  readonly epoch?: Epoch;
}

/**
 * Keeps one group's record. It is needed only to change the record, and never for a call. Every method has a deadline
 * of its own. It rejects with UNDERSTUDY_COORDINATOR when that passes, and with UNDERSTUDY_RECORD_DAMAGED when the
 * stored record cannot be read.
 */
export interface Coordinator {
  /** Reads the record; undefined before the first replica has created it. */
  read(): Promise<GroupRecord | undefined>;
  /**
   * Replaces the record by `next` if its epoch is `expected`; 0 means that there must be none. Atomic and durable. An
   * outcome that cannot be told is `unknown`, not a rejection. It rejects with UNDERSTUDY_COORDINATOR only if no
   * coordinator may store `next`.
   *
   * @param expected the epoch of the record to replace
   * @param next the new record; its epoch must be `expected + 1`
   */
  compareAndSwap(expected: Epoch, next: GroupRecord): Promise<SwapResult>;
  /**
   * Stores a record again that was deleted, rolled back or overwritten: in place of nothing, of an older record, or of a
   * value that is no record of this group. Atomic and durable; outcomes are as those of `compareAndSwap`. `conflict`: there
   * is a record of this epoch or of a later one.
   *
   * @param record what its caller knows to be the newest record that the group ever had
   */
  putBack(record: GroupRecord): Promise<SwapResult>;
  /**
   * Watches the record, also across disconnects.
   *
   * @param onRecord called once with the current record and soon after every change; it may skip records that were
   *   replaced at once
   * @param onError called when watching fails for the moment
   * @param onLost called when the record is gone, or older than one that this watch has told of. `last`: the record that
   *   stood there directly before, where the coordinator knows that for certain. A record that is put back is told again
   * @returns a function that ends it
   */
  watch(
    onRecord: (record: GroupRecord) => void,
    onError: (error: Error) => void,
    onLost?: (last: GroupRecord | undefined) => void,
  ): () => void;
  /** Announces that this replica runs, until `close` or until this process dies. */
  announce(presence: Presence): Promise<void>;
  /** The replicas that are known to run. */
  present(): Promise<readonly Presence[]>;
  /**
   * What keeps the coordinator from taking changes although it answers, each in a sentence that says what to do. Absent
   * where that cannot be.
   */
  problems?(): Promise<readonly string[]>;
  /**
   * How long a replica that runs may take to notice that all of this is gone, the record and what it announced, and to
   * announce itself again, milliseconds. A replica that finds nothing looks for so long before it begins a history.
   * Default 0.
   */
  readonly tellsOfLossWithinMs?: number;
  /** Ends the announcement and all watches, and frees what the coordinator holds. */
  close(): Promise<void>;
}

/** Makes the coordinator of the named group. `etcd(…)` and `embeddedCoordinator(…)` return one. */
export type CoordinatorFactory = (group: string) => Coordinator;

/** Seals announcements for the clients that carry them. All replicas of a group open what one of them sealed. */
export interface OrderSeal {
  /**
   * @param secret of the group's record
   * @param connection the session that carries them, and that alone may reflect them
   * @param orders without a gap; at least one
   */
  seal(
    secret: string,
    connection: ConnectionId,
    term: SealedOrders['term'],
    orders: readonly [OrderInfo, ...OrderInfo[]],
  ): SealedOrders;
  /** @returns undefined if no replica of the group sealed this for this session */
  open(secret: string, connection: ConnectionId, sealed: SealedOrders): readonly OrderInfo[] | undefined;
}

/** The service's state as replication sees it. Both methods are called only between two messages. */
export interface StateSource {
  /** Returns a copy of the whole state as bytes, which nobody changes afterwards. */
  checkpoint(): Uint8Array | Promise<Uint8Array>;
  /** Replaces the whole state by one that `checkpoint` returned, perhaps in another process. */
  restore(state: Uint8Array): void | Promise<void>;
  /** Only a `ChunkedStateSource` has it. */
  readonly snapshots?: undefined;
  /**
   * Whether equal states give equal bytes on all replicas; bytes that contain a time, or a map in an order that no handler
   * decides, do not. `true`: a replica whose copy differs from the primary's restores the primary's state, each time.
   * `false`: no states are compared. Without it, a replica restores when its copy differs for the first time; from then on
   * it says that its copy differs, and stays. Default: none of both.
   */
  readonly canonical?: boolean;
}

/**
 * The state of a service where it is large: it is copied in chunks, so that it need not fit into one piece of memory and
 * copying it does not keep the process from everything else.
 *
 * @example
 * const state: ChunkedStateSource = {
 *   snapshots: false,
 *   *checkpoint() {
 *     for (const account of accounts.values()) yield Buffer.from(`${JSON.stringify(account)}\n`);
 *   },
 *   async restore(chunks) {
 *     accounts.clear();
 *     for await (const line of createInterface({ input: Readable.from(chunks) })) keep(JSON.parse(line));
 *   },
 * };
 */
export interface ChunkedStateSource {
  /**
   * Returns a copy of the whole state in chunks of any size, which nobody changes afterwards. It is called between two
   * messages. The process does other things between two chunks, but no message is processed before the last one, unless
   * `snapshots` says that it may.
   */
  checkpoint(): StateChunks | Promise<StateChunks>;
  /**
   * Replaces the whole state by one that `checkpoint` gave, perhaps in another process. No message is processed before it
   * is done. These are the same bytes in the same order, but they may be cut at other places.
   */
  restore(state: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Whether all chunks are of the state as it was when the first one was asked for, whatever is processed before the
   * last. Then messages go on as soon as the first is there, and the others are asked for as a joining replica takes
   * them, so that the copy is never in memory as a whole. A generator that walks through a `Map` which handlers change is
   * no snapshot, and would make replicas differ. Say false if in doubt.
   */
  readonly snapshots: boolean;
  /**
   * Whether equal states give equal bytes on all replicas; bytes that contain a time, or a map in an order that no handler
   * decides, do not. `true`: a replica whose copy differs from the primary's restores the primary's state, each time.
   * `false`: no states are compared. Without it, a replica restores when its copy differs for the first time; from then on
   * it says that its copy differs, and stays. Default: none of both.
   */
  readonly canonical?: boolean;
}

/** A copy of the state in chunks. */
export type StateChunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A digest of bytes that come one after the other, which nobody gets from others. The same on every replica. */
export interface RunningDigest {
  update(bytes: Uint8Array): void;
  /** @returns the digest of everything so far, as text; called once, at the end */
  end(): string;
}

/**
 * Computes the digest of a body: of everything that a handler can see of a request, and of everything else in it that
 * its processing depends on. Equal requests have equal digests on every replica, and nobody can find two different
 * requests with the same one.
 */
export type DigestBody = (request: Request) => BodyDigest;

/** Reads this replica's wall clock, in whole milliseconds since 1970. It may jump, forward and back. */
export type WallClock = () => number;

/** The time that orders have, and by which timers are due. */
export interface OrderClock {
  /** The time of the next order, which must not be the machine's. */
  readonly orderMs: WallClock;
  /**
   * Never goes back.
   *
   * @param nowMs the replica's monotonic clock
   * @returns what that shows for timers
   */
  readonly timerMs: (nowMs: number) => number;
}

/** All clocks of a replica but the monotonic one, which events bring along. */
export interface Clocks extends OrderClock {
  /** The machine's wall clock, by which the deadlines of calls are told. */
  readonly wallMs: WallClock;
}

/** How important a log record is. `error` and `warn` are for operators; `info` and `debug` tell what happens. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Receives structured log records. They never contain a payload. */
export interface Logger {
  /**
   * @param event a constant sentence that names what happened
   * @param fields the values that belong to it, such as `term` and `peer`
   */
  log(level: LogLevel, event: string, fields: Readonly<Record<string, string | number | boolean | undefined>>): void;
}
