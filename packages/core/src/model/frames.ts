/**
 * The frames that clients and replicas send each other.
 *
 * Frames travel on links. A link keeps their order and loses nothing until it breaks; then any tail may be lost. The
 * sender keeps a cursor for each link, and starts a new link from what the other side says it has.
 */

import type { CheckpointFrame, PieceAckFrame, PieceFrame } from './checkpoint.js';
import type { StateDigest } from './digest.js';
import type { ErrorCode } from './error.js';
import type { ConnectionId, Epoch, OrderNum, ReplicaId, SeqNum, Term } from './ids.js';
import type { Body, Request } from './message.js';
import type { OrderInfo } from './order-info.js';
import type { Outcome } from './outcome.js';
import type { BackupAnswersFrame, BackupReadsFrame, ReadReply, ReadRequest } from './reads.js';
import type { Adoption, GroupRecord, Member } from './record.js';
import type { SealedOrders } from './sealed.js';
import type { ClientSettings } from './settings/client.js';
import type { StreamItem } from './stream.js';

export type { BackupAnswer, BackupAnswersFrame, BackupReadsFrame, ReadReply, ReadRequest } from './reads.js';
export type { ClientMethodSettings, ClientSettings } from './settings/client.js';

// ── client → every replica: the multicast connection ──────────────────────────────────────────────────────────────

/** The first frame on every link of a session. Counts as a heartbeat. */
export interface HelloFrame {
  readonly kind: 'hello';
  readonly group: string;
  readonly connection: ConnectionId;
  /** The digest of the settings that the client follows, so that it is told the group's if they are others. */
  readonly settings: number;
  /** Whether the connection has sent no request yet, so that a replica that never heard of it may take it as new. */
  readonly fresh: boolean;
  readonly term: Term;
  readonly repliesSeenUpTo: SeqNum;
  /** A heartbeat: the client's monotonic clock. The replica echoes it. */
  readonly sentAtMs: number;
  /** The client's wall clock, by which it gives deadlines, in milliseconds since the Unix epoch. */
  readonly wallMs?: number;
}

/** The header of every later frame of a session: the piggyback of FIG. 8. */
export interface SessionHeader {
  /** The newest term that the client knows. */
  readonly term: Term;
  /** A heartbeat: the client's monotonic clock. The replica echoes it. */
  readonly sentAtMs: number;
  /** The client will never again ask for replies up to this seqNum (RIFL's acknowledgment). */
  readonly repliesSeenUpTo: SeqNum;
  /** The `pendingRemoteOrder` entries that this link has not reflected yet ([0078]). Empty in `direct`. */
  readonly destOrderInfo: readonly SealedOrders[];
  /** The session wants to end: the replica tells it as soon as everything it retains is stable. */
  readonly closing: boolean;
}

/** A request with its number on the connection. */
export interface SeqRequest {
  readonly seqNum: SeqNum;
  readonly request: Request;
  /**
   * Whether the reply may be released only when its order is stable, because the delivery rule held an earlier one
   * back.
   */
  readonly awaitStable: boolean;
}

/** A client's progress with a stream. The primary goes on from there. */
export interface StreamAsk {
  readonly of: SeqNum;
  /** The application was given the items up to this one. */
  readonly received: number;
  /** Whether items that were sent already may be sent again only when they are stable. */
  readonly awaitStable: boolean;
}

/** The requests of one event-loop turn with one header. Without any it is a null message. */
export interface MulticastFrame {
  readonly kind: 'multicast';
  readonly header: SessionHeader;
  readonly requests: readonly SeqRequest[];
  readonly reads: readonly ReadRequest[];
  /** For the primary, on a link that is new to it. */
  readonly streams: readonly StreamAsk[];
  /** Large requests that follow on this link in frames of their own, which other frames may overtake. */
  readonly coming?: readonly SeqNum[];
}

/**
 * The answer to `newTerm` with `collect`: everything that this session holds, and a promise to refuse older terms from
 * now on.
 */
export interface CollectedFrame {
  readonly kind: 'collected';
  readonly term: Term;
  readonly orders: readonly SealedOrders[];
  /** The seqNums of the requests whose bodies the session still has, ascending. */
  readonly retained: readonly SeqNum[];
  /** The seqNums among `retained` that still wait for a reply. */
  readonly outstanding: readonly SeqNum[];
  /** The session's open streams. */
  readonly streams: readonly StreamAsk[];
  /** The highest seqNum that the session has sent to anyone. */
  readonly sentUpTo: SeqNum;
  readonly repliesSeenUpTo: SeqNum;
  readonly sentAtMs: number;
}

/** The session ends. No reply will be asked for again. */
export interface GoodbyeFrame {
  readonly kind: 'goodbye';
}

/** Frames of a client's session. */
export type SessionFrame = HelloFrame | MulticastFrame | BackupReadsFrame | CollectedFrame | GoodbyeFrame;

// ── replica → client ──────────────────────────────────────────────────────────────────────────────────────────────

/** The group as a replica knows it. */
export interface View {
  readonly term: Term;
  readonly epoch: Epoch;
  readonly primary: ReplicaId | undefined;
  readonly inSync: readonly Member[];
  /**
   * Where clients reach the members of `inSync`, `host:port`, in the same order; empty where the record does not say it
   * yet. A client that was given old addresses finds later members by them.
   */
  readonly addresses: readonly string[];
  /** How far promotions adopted older terms. Orders of older terms beyond that never happened. */
  readonly adoptedThrough: readonly Adoption[];
}

/** The answer to `hello`. */
export interface WelcomeFrame {
  readonly kind: 'welcome';
  readonly replica: Member;
  readonly view: View;
  /** This replica has every body up to this number. The session sends the later ones again. */
  readonly receivedUpTo: SeqNum;
  /** The bodies beyond `receivedUpTo` that it has too, ascending. They are not sent again either. */
  readonly receivedEarly?: readonly SeqNum[];
  /** The group's budget of bytes for one session. The client limits itself so that it need not be refused. */
  readonly sessionBytes?: number;
  /** The echo of the heartbeat in `hello`. */
  readonly heartbeatMs: number;
  /** Whether clients must reflect orderInfo (the `destination` embodiment). */
  readonly reflect: boolean;
  /** The group's setting `sessionMs`, in milliseconds, by which the session applies the delivery rule. */
  readonly sessionMs: number;
  /** The group's settings for clients, if the client follows others. */
  readonly settings?: ClientSettings;
}

/** Other settings are in force since this term, so the session follows them from now on. */
export type SettingsFrame = Required<Pick<WelcomeFrame, 'reflect' | 'sessionMs' | 'sessionBytes' | 'settings'>> & {
  readonly kind: 'settings';
  readonly term: Term;
};

/** The header of every frame and RPC reply from a replica to a client. */
export interface ReplicaHeader {
  readonly term: Term;
  /**
   * The `pendingSourceOrder` entries that the carried replies reflect and that this link has not carried yet (FIG. 8).
   */
  readonly sourceOrderInfo: readonly SealedOrders[];
  /** Orders up to this one are stable, so their bodies and orderInfo need not be kept. */
  readonly stableUpTo: OrderNum;
  /** The echo of this session's newest heartbeat. */
  readonly heartbeatMs: number;
  /** Present if the in-sync set changed since the last frame on this link. */
  readonly view?: View;
}

/** The reply to a request. */
export interface SeqReply {
  readonly seqNum: SeqNum;
  readonly outcome: Outcome;
  /** Whether everything this reply reflects was stable when it left; then the delivery rule does not apply. */
  readonly stable: boolean;
  /** The request's place in the order, until which the client keeps the body; 0 if the reply is stable. */
  readonly orderNum: OrderNum;
}

/** An item of a stream, with its place in it. */
export interface SeqItem {
  readonly stream: SeqNum;
  /** 1, 2, 3 … in the stream; 0 for a window, which has no place. */
  readonly index: number;
  readonly item: StreamItem;
  readonly stable: boolean;
}

/** The replies of one event-loop turn with one header. Without any it is a null message. */
export interface RepliesFrame {
  readonly kind: 'replies';
  readonly header: ReplicaHeader;
  readonly replies: readonly SeqReply[];
  readonly reads: readonly ReadReply[];
  /** The items of one stream are ascending and without a gap. */
  readonly items: readonly SeqItem[];
}

/** A new primary was designated. With `collect` it asks for everything that the session holds. */
export interface SessionNewTermFrame {
  readonly kind: 'newTerm';
  readonly view: View;
  readonly collect: boolean;
}

/** The replica asks for bodies that it lacks. */
export interface SessionNackFrame {
  readonly kind: 'nack';
  readonly seqNums: readonly SeqNum[];
}

/** The replica will not serve this session any more. The code says why. */
export interface SessionRefusedFrame {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Frames of a replica to a client's session. */
export type ReplyFrame =
  | WelcomeFrame
  | SettingsFrame
  | RepliesFrame
  | BackupAnswersFrame
  | SessionNewTermFrame
  | SessionNackFrame
  | SessionRefusedFrame;

// ── replica → replica: fan-out and recovery ───────────────────────────────────────────────────────────────────────

/** Primary → backup: the announcements of one event-loop turn. Without orders it is a heartbeat. */
export interface AnnounceFrame {
  readonly kind: 'announce';
  readonly term: Term;
  /** A heartbeat: the primary's monotonic clock. The backup echoes it. */
  readonly sentAtMs: number;
  readonly stableUpTo: OrderNum;
  /** Ascending and without a gap, from this link's cursor on. May repeat orders that the backup has. */
  readonly orders: readonly OrderInfo[];
  /** Bodies that no session multicasts to this peer: those of plain calls, and all of them for a learner. */
  readonly bodies: readonly Body[];
  /** The primary's digest after processing the given order, for comparison. */
  readonly digest: { readonly orderNum: OrderNum; readonly value: number } | undefined;
  /** The newest digest of the primary's user state, once on each link. */
  readonly stateDigest: StateDigest | undefined;
}

/** Backup → primary: how far the backup is. An acknowledgment covers all earlier ones. */
export interface AckFrame {
  readonly kind: 'ack';
  readonly term: Term;
  /** The echo of the newest heartbeat, on which the lease depends. */
  readonly heartbeatMs: number;
  /** The backup holds body, orderInfo and determinants of all orders up to this one. */
  readonly heldUpTo: OrderNum;
  readonly processedUpTo: OrderNum;
  /** The primary has said that it processed the orders up to this one. */
  readonly toldUpTo: OrderNum;
  /** Whether `registered` names all sessions. Reports on an earlier link may have been lost. */
  readonly afresh: boolean;
  /** Sessions that were registered or given up at the backup since its last acknowledgment on this link. */
  readonly registered: readonly ConnectionId[];
  readonly unregistered: readonly ConnectionId[];
  /** The sender follows by log and checkpoint, and executes nothing of what this primary orders. */
  readonly byCopy: boolean;
  /** The first order at which this backup's results differ from the primary's. */
  readonly divergedAt: OrderNum | undefined;
  /** The last order after which the user's states were known to be equal; 0 before the first. */
  readonly statesEqualUpTo: OrderNum;
  /** Whether this replica is about to stop, so that the primary can remove it at once. */
  readonly leaving: boolean;
}

/** A replica asks another one for orders and bodies that it lacks. */
export interface NackFrame {
  readonly kind: 'nack';
  readonly term: Term;
  /** All orders after this one are missing; undefined if none are. */
  readonly ordersAfter: OrderNum | undefined;
  readonly bodies: readonly { readonly connection: ConnectionId; readonly seqNum: SeqNum }[];
}

/** Bodies that a replica was asked for. */
export interface BodiesFrame {
  readonly kind: 'bodies';
  readonly bodies: readonly Body[];
}

/** The first frame on every link of a primary, and sent to all peers when a primary was designated. */
export interface NewTermFrame {
  readonly kind: 'newTerm';
  readonly record: GroupRecord;
  /** Whether the sender is promoting: the receiver answers with a promise and everything beyond `heldUpTo`. */
  readonly collect: boolean;
  readonly heldUpTo: OrderNum;
}

/**
 * In-sync replica → promoting replica: everything it holds beyond `heldUpTo`, and the promise to refuse older terms.
 */
export interface PromiseFrame {
  readonly kind: 'promise';
  readonly term: Term;
  /** The last primary told the sender that it processed the orders up to this one. */
  readonly completedUpTo: OrderNum;
  readonly orders: readonly OrderInfo[];
  readonly bodies: readonly Body[];
}

/** A replica outside the in-sync set asks the primary to let it catch up. */
export interface JoinFrame {
  readonly kind: 'join';
  readonly member: Member;
  /** Where clients reach the sender, `host:port`. */
  readonly address: string;
  /** Where other replicas reach it, if that is another address. */
  readonly peerAddress?: string;
}

/**
 * A replica is about to run the user's `checkpoint()` or `restore()`, which may keep it from sending anything. Nobody is
 * to take it for dead meanwhile.
 */
export interface BusyFrame {
  readonly kind: 'busy';
  readonly term: Term;
  /** For how many milliseconds at most; 0 when it is over. */
  readonly forMs: number;
}

/** The answer to `busy`: only then the sender begins. */
export interface BusyHeardFrame {
  readonly kind: 'busyHeard';
  readonly term: Term;
}

/** Primary → a learner that waits for a checkpoint: the user's state cannot be copied at present. */
export interface NoCheckpointFrame {
  readonly kind: 'noCheckpoint';
  readonly term: Term;
  /** Why the primary does not take the learner in, in a sentence. */
  readonly reason: string;
}

/** Frames between replicas. */
export type PeerFrame =
  | AnnounceFrame
  | AckFrame
  | NackFrame
  | BodiesFrame
  | NewTermFrame
  | PromiseFrame
  | JoinFrame
  | CheckpointFrame
  | PieceFrame
  | PieceAckFrame
  | BusyFrame
  | BusyHeardFrame
  | NoCheckpointFrame;

// ── the header of a call that travels as an ordinary RPC ──────────────────────────────────────────────────────────

/** Client → primary, in the metadata of an RPC. A read-only call has `seqNum` 0. */
export interface RpcRequestHeader {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly awaitStable: boolean;
  readonly header: SessionHeader;
}

/** Primary → client, in the metadata or trailers of an RPC's reply. */
export interface RpcReplyHeader {
  /**
   * The kind of outcome. For a `reply`, status and message of the RPC are the handler's; otherwise they only stand in
   * for it.
   */
  readonly outcome: Outcome['kind'];
  readonly stable: boolean;
  /** As in `SeqReply`. */
  readonly orderNum: OrderNum;
  readonly header: ReplicaHeader;
}
