import type { Checkpoint } from './checkpoint.js';
import type { ErrorCode } from './error.js';
import type { ConnectionId, Epoch, OrderNum, ReplicaId, SeqNum, Term } from './ids.js';
import type { Body, Request } from './message.js';
import type { OrderInfo } from './order-info.js';
import type { Outcome } from './outcome.js';
import type { Adoption, GroupRecord, Member } from './record.js';
import type { StreamItem } from './stream.js';

/**
 * Frames travel on streams that keep their order and lose nothing until they break; a broken stream may have lost any
 * tail. Who sends keeps a cursor for each stream and starts again from what the other side says it has.
 */

// ── client → every replica: the multicast connection ──────────────────────────────────────────────────────────────

/** First on every stream of a session. Counts as a heartbeat. */
export interface HelloFrame {
  readonly kind: 'hello';
  readonly group: string;
  readonly connection: ConnectionId;
  /** No request was sent on this connection before: a replica that never heard of it may take it as new. */
  readonly fresh: boolean;
  readonly term: Term;
  readonly repliesSeenUpTo: SeqNum;
  /** The client's monotonic clock; echoed. */
  readonly sentAtMs: number;
}

/** What every later frame of a session carries, the piggyback of FIG. 8. */
export interface SessionHeader {
  /** Newest term that the client knows. */
  readonly term: Term;
  /** Heartbeat: the client's monotonic clock; echoed. */
  readonly sentAtMs: number;
  /** Replies up to this seqNum will never be asked for again (RIFL's acknowledgment). */
  readonly repliesSeenUpTo: SeqNum;
  /** `pendingRemoteOrder` entries not yet reflected on this stream ([0078]). Empty where the primary announces itself. */
  readonly destOrderInfo: readonly OrderInfo[];
  /** The session wants to end: say so as soon as everything it retains is stable. */
  readonly closing: boolean;
}

export interface SeqRequest {
  readonly seqNum: SeqNum;
  readonly request: Request;
  /** The reply may be released only when its order is stable (the delivery rule's question). */
  readonly awaitStable: boolean;
}

/** A read-only call: no seqNum, no order; repeated by its client when the primary changes. */
export interface ReadRequest {
  readonly readId: number;
  readonly request: Request;
}

/** How far the client is with a stream; the primary goes on from there. */
export interface StreamAsk {
  readonly of: SeqNum;
  /** Items up to here were handed to the application. */
  readonly received: number;
  /** Those that were sent already are to be sent again only when they are stable. */
  readonly awaitStable: boolean;
}

/** Requests of one event-loop turn with one header. Without any it is a null message. */
export interface MulticastFrame {
  readonly kind: 'multicast';
  readonly header: SessionHeader;
  readonly requests: readonly SeqRequest[];
  readonly reads: readonly ReadRequest[];
  /** To the primary, on a stream that is new to it. */
  readonly streams: readonly StreamAsk[];
}

/** Answer to `newTerm` with `collect`: all that this session holds. A promise to refuse older terms from now on. */
export interface CollectedFrame {
  readonly kind: 'collected';
  readonly term: Term;
  readonly orders: readonly OrderInfo[];
  /** seqNums of requests whose bodies the session still has, ascending. */
  readonly retained: readonly SeqNum[];
  /** Those among `retained` that still wait for a reply. */
  readonly outstanding: readonly SeqNum[];
  /** The streams that it has open. */
  readonly streams: readonly StreamAsk[];
  /** Highest seqNum that the session has sent to anyone. */
  readonly sentUpTo: SeqNum;
  readonly repliesSeenUpTo: SeqNum;
  readonly sentAtMs: number;
}

/** The session ends; nothing it retained is unstable. */
export interface GoodbyeFrame {
  readonly kind: 'goodbye';
}

export type SessionFrame = HelloFrame | MulticastFrame | CollectedFrame | GoodbyeFrame;

// ── replica → client ──────────────────────────────────────────────────────────────────────────────────────────────

/** Who is who, as a replica knows it. */
export interface View {
  readonly term: Term;
  readonly epoch: Epoch;
  readonly primary: ReplicaId | undefined;
  readonly inSync: readonly Member[];
  /** How far promotions adopted what came before them; beyond it nothing of older terms ever happened. */
  readonly adoptedThrough: readonly Adoption[];
}

/** Answer to `hello`. */
export interface WelcomeFrame {
  readonly kind: 'welcome';
  readonly replica: Member;
  readonly view: View;
  /** Everything up to here has arrived at this replica; the session resends what it retains beyond. */
  readonly receivedUpTo: SeqNum;
  readonly heartbeatMs: number;
  /** Whether clients must reflect orderInfo (the `destination` embodiment). */
  readonly reflect: boolean;
  /** The group orders and answers only after everything is stable; no delivery rule is needed then. */
  readonly sessionMs: number;
}

export interface ReplicaHeader {
  readonly term: Term;
  /** `pendingSourceOrder` entries that the carried replies reflect and this stream has not yet carried (FIG. 8). */
  readonly sourceOrderInfo: readonly OrderInfo[];
  /** Orders up to here are stable: bodies and orderInfo need not be kept for them. */
  readonly stableUpTo: OrderNum;
  /** Echo of the newest heartbeat of this session. */
  readonly heartbeatMs: number;
  /** When the in-sync set changed since the last frame on this stream. */
  readonly view?: View;
}

export interface SeqReply {
  readonly seqNum: SeqNum;
  readonly outcome: Outcome;
  /** The order of this reply was stable when it left: the delivery rule does not apply. */
  readonly stable: boolean;
}

export interface ReadReply {
  readonly readId: number;
  readonly outcome: Outcome;
  readonly stable: boolean;
}

/** An item of a stream. */
export interface SeqItem {
  readonly stream: SeqNum;
  /** 1, 2, 3 … */
  readonly index: number;
  readonly item: StreamItem;
  readonly stable: boolean;
}

/** Replies of one event-loop turn with one header. Without any it is a null message. */
export interface RepliesFrame {
  readonly kind: 'replies';
  readonly header: ReplicaHeader;
  readonly replies: readonly SeqReply[];
  readonly reads: readonly ReadReply[];
  /** Of one stream without a gap, ascending. */
  readonly items: readonly SeqItem[];
}

/** A new primary was designated; with `collect` it asks for all that the session holds. */
export interface SessionNewTermFrame {
  readonly kind: 'newTerm';
  readonly view: View;
  readonly collect: boolean;
}

/** Bodies that this replica needs and lacks. */
export interface SessionNackFrame {
  readonly kind: 'nack';
  readonly seqNums: readonly SeqNum[];
}

/** The replica will not serve this session any more; the code says why. */
export interface SessionRefusedFrame {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly reason: string;
}

export type ReplyFrame = WelcomeFrame | RepliesFrame | SessionNewTermFrame | SessionNackFrame | SessionRefusedFrame;

// ── replica → replica: fan-out and recovery ───────────────────────────────────────────────────────────────────────

/** Primary → backup: announcements of one event-loop turn. Without orders it is a heartbeat. */
export interface AnnounceFrame {
  readonly kind: 'announce';
  readonly term: Term;
  /** Heartbeat: the primary's monotonic clock; echoed. */
  readonly sentAtMs: number;
  readonly stableUpTo: OrderNum;
  /** Ascending and without gaps, from the cursor of this stream; may overlap what the backup has. */
  readonly orders: readonly OrderInfo[];
  /** Bodies that no session multicasts: of plain calls, and all for a replica that is catching up. */
  readonly bodies: readonly Body[];
  /** The primary's digest after processing the order given, for comparison. */
  readonly digest: { readonly orderNum: OrderNum; readonly value: number } | undefined;
}

/** Backup → primary, cumulative. */
export interface AckFrame {
  readonly kind: 'ack';
  readonly term: Term;
  /** Echo of the newest heartbeat; what the lease counts. */
  readonly heartbeatMs: number;
  /** Body, orderInfo and determinants of all orders up to here are held. */
  readonly heldUpTo: OrderNum;
  readonly processedUpTo: OrderNum;
  /** `registered` names all: what was said on an earlier stream, whose end may be lost, holds no longer. */
  readonly afresh: boolean;
  /** Sessions registered here since the last ack on this stream, and those given up. */
  readonly registered: readonly ConnectionId[];
  readonly unregistered: readonly ConnectionId[];
  /** This backup computed other replies than the primary from this order on. */
  readonly divergedAt: OrderNum | undefined;
  /** This replica is about to stop: the set may go on without it at once. */
  readonly leaving: boolean;
}

/** What a replica lacks, to a replica that may have it. */
export interface NackFrame {
  readonly kind: 'nack';
  readonly term: Term;
  /** All orders after this one, or none are missing. */
  readonly ordersAfter: OrderNum | undefined;
  readonly bodies: readonly { readonly connection: ConnectionId; readonly seqNum: SeqNum }[];
}

export interface BodiesFrame {
  readonly kind: 'bodies';
  readonly bodies: readonly Body[];
}

/** First on every stream of a primary, and to all when it was designated. */
export interface NewTermFrame {
  readonly kind: 'newTerm';
  readonly record: GroupRecord;
  /** The sender recovers: promise, and send all beyond `heldUpTo`. */
  readonly collect: boolean;
  readonly heldUpTo: OrderNum;
}

/** In-sync replica → promoting replica: everything it holds beyond what was asked from, last part marked. */
export interface PromiseFrame {
  readonly kind: 'promise';
  readonly term: Term;
  readonly orders: readonly OrderInfo[];
  readonly bodies: readonly Body[];
}

/** A replica outside the in-sync set asks the primary to let it catch up. */
export interface JoinFrame {
  readonly kind: 'join';
  readonly member: Member;
  readonly address: string;
}

/** Primary → backup or joining replica. To a joining one: start from here. */
export interface CheckpointFrame {
  readonly kind: 'checkpoint';
  readonly term: Term;
  readonly checkpoint: Checkpoint;
  readonly join: boolean;
}

export type PeerFrame =
  | AnnounceFrame
  | AckFrame
  | NackFrame
  | BodiesFrame
  | NewTermFrame
  | PromiseFrame
  | JoinFrame
  | CheckpointFrame;

// ── the header of a call that travels as an ordinary RPC ──────────────────────────────────────────────────────────

/** Client → primary, in the metadata of an RPC. `seqNum` 0 is a read-only call. */
export interface RpcRequestHeader {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly awaitStable: boolean;
  readonly header: SessionHeader;
}

/** Primary → client, in the metadata or trailers of an RPC's reply. */
export interface RpcReplyHeader {
  /** What the RPC's status and message stand for: a `reply` as they are, anything else in place of one. */
  readonly outcome: Outcome['kind'];
  readonly stable: boolean;
  readonly header: ReplicaHeader;
}
