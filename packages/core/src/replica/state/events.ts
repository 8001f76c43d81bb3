/**
 * Every event that a replica takes in, every effect that its adapter must carry out, and the status an operator sees.
 */

import type { CopyCost } from '../../model/digest.js';
import type { ErrorCode } from '../../model/error.js';
import type { PeerFrame, ReplyFrame, RpcReplyHeader, RpcRequestHeader, SessionFrame } from '../../model/frames.js';
import type { CallId, ConnectionId, LinkId, OrderNum, ReplicaId, SeqNum, Term } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { NestedCaller, NestedId } from '../../model/nested.js';
import type { CallOrder, CancelOrder } from '../../model/order-info.js';
import type { Outcome, Reply } from '../../model/outcome.js';
import type { LogLevel } from '../../model/ports.js';
import type { GroupRecord, Leadership, Member } from '../../model/record.js';
import type { StreamItem, StreamName, StreamOutput } from '../../model/stream.js';
import type { Timer } from '../../scheduling/armed-timers.js';
import type { ReplicaStatus } from '../outside/status.js';
import type { Duty, HeardPeer } from '../threads/duty.js';
import type { DigestEffect, DigestEvent } from './digests/events.js';

/** The task of a handler: an ordered message, or a read. */
export type Task =
  | {
      readonly kind: 'ordered';
      readonly info: CallOrder | CancelOrder;
      readonly request: Request;
      readonly peer: string | undefined;
    }
  | ReadTask;

export interface ReadTask {
  readonly kind: 'read';
  readonly readTask: number;
  readonly request: Request;
  readonly peer: string | undefined;
}

/** A handler that waited for a nested reply or another call has now ended with this outcome. */
export interface Finished {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly outcome: Reply;
}

/**
 * A part of a plain client's streaming RPC after its opening. `taken` says that the client took items up to a number.
 */
export type PlainPart =
  | { readonly kind: 'message'; readonly message: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'taken'; readonly upTo: number };

/**
 * What an operator may ask of a replica. `remove`: of the primary, that the record names this replica no more. `restore`:
 * that this replica puts the lost record back, which the operator says is the newest.
 */
export type OperatorAsk = { readonly kind: 'remove'; readonly replica: ReplicaId } | { readonly kind: 'restore' };

/** Everything that can happen to a replica. The adapter passes each event together with its monotonic clock. */
export type ReplicaEvent =
  /** The first event of a life. `record` is what the coordinator holds; undefined if there is none yet. */
  | { readonly kind: 'start'; readonly record: GroupRecord | undefined }
  /** The adapter saw or read a record. The core ignores one that is older than the record it knows. */
  | { readonly kind: 'record'; readonly record: GroupRecord }
  /**
   * The coordinator has no record, or `found`, which is older than the one that this replica knows or another one of the
   * same epoch. The adapter began to ask for it when this replica already knew its own. `last`: the record that was
   * there directly before, if that is certain.
   */
  | { readonly kind: 'recordLost'; readonly found: GroupRecord | undefined; readonly last?: GroupRecord | undefined }
  /** The answer to `changeRecord`, once the outcome is certain. `record` is what the coordinator holds now. */
  | { readonly kind: 'recordChange'; readonly won: boolean; readonly record: GroupRecord | undefined }
  /**
   * The link on which this replica sends to a peer is up. The core sends `newTerm` or `join` on it first. `brings`: the
   * peer's own settings and code, with which it would be primary.
   */
  | { readonly kind: 'peerUp'; readonly peer: Member; readonly brings: Leadership }
  /** The link on which this replica sends to a peer broke. */
  | { readonly kind: 'peerDown'; readonly peer: ReplicaId }
  /** The link to a peer has passed on the oldest bulk frame that it was given. */
  | { readonly kind: 'peerSent'; readonly peer: ReplicaId }
  | { readonly kind: 'peerFrame'; readonly from: Member; readonly frame: PeerFrame }
  /** `identity`: who the client has proved to be, as its adapter writes it; absent if it has proved nothing. */
  | {
      readonly kind: 'sessionFrame';
      readonly link: LinkId;
      readonly peer: string;
      readonly identity?: string;
      readonly frame: SessionFrame;
    }
  | { readonly kind: 'sessionDown'; readonly link: LinkId }
  /** A session's link has passed on the oldest bulk frame that it was given. */
  | { readonly kind: 'sessionSent'; readonly link: LinkId }
  /** A session's call that came as an RPC (the `rpc` carrier). */
  | {
      readonly kind: 'rpcCall';
      readonly call: CallId;
      readonly peer: string;
      /** As in `sessionFrame`. */
      readonly identity?: string;
      readonly header: RpcRequestHeader;
      readonly request: Request;
    }
  /** A call of a plain client. */
  | {
      readonly kind: 'plainCall';
      readonly call: CallId;
      readonly peer: string;
      readonly readOnly: boolean;
      readonly request: Request;
    }
  /** A plain client's streaming RPC sent its next message or its end, or its client took items. */
  | { readonly kind: 'plainPart'; readonly call: CallId; readonly part: PlainPart }
  /** The caller of an RPC went away. If its message has an order, the message still runs to its end. */
  | { readonly kind: 'callGone'; readonly call: CallId }
  /**
   * Answer to `admit`: the call may be ordered. `change` is what the user's interceptors made of the request, in the
   * adapter's own encoding.
   */
  | { readonly kind: 'admitted'; readonly admission: number; readonly change?: Uint8Array }
  /** Answer to `admit`: the user's interceptors ended the call with this outcome. */
  | { readonly kind: 'refused'; readonly admission: number; readonly outcome: Outcome }
  /** Answer to `passItem`: the item to send instead. It has the same kind, or is an item that the client never sees. */
  | {
      readonly kind: 'itemPassed';
      readonly connection: ConnectionId;
      readonly stream: SeqNum;
      readonly index: number;
      readonly item: StreamItem;
    }
  /** The user's interceptors ended an open stream. From now on they pass nothing more of it. */
  | {
      readonly kind: 'streamEnded';
      readonly connection: ConnectionId;
      readonly stream: SeqNum;
      readonly outcome: Reply;
    }
  /**
   * Answer to `execute`. `outcome` is `WAITS` if the handler waits for nested replies or other calls. `digest` covers, in 32 bits, the
   * handlers' outcomes and the nested calls that they made.
   */
  | {
      readonly kind: 'executed';
      readonly task: Task;
      readonly outcome: Outcome;
      readonly digest: number;
      /** The items that stream handlers sent during this task. */
      readonly outputs?: readonly StreamOutput[];
      /** Handlers that were waiting and ended during this task. */
      readonly finished?: readonly Finished[];
      /** For a read: it ended before any other handler could do something, so it saw nothing that began after it. */
      readonly atOnce?: boolean;
    }
  /**
   * A stream's handler continued on its own, after a timer or I/O of its own, and sent an item. The item has a fixed
   * place among the items of its stream, but no place in the order.
   */
  | { readonly kind: 'lateItem'; readonly output: StreamOutput }
  /** A unary handler that was waiting for a nested reply continued on its own and ended. */
  | { readonly kind: 'lateEnd'; readonly finished: Finished }
  /** A handler armed a timer, or armed one anew. Comes between `execute` and its answer, or just after. */
  | { readonly kind: 'timerSet'; readonly timer: Timer }
  /** A handler cleared a timer. */
  | { readonly kind: 'timerCleared'; readonly id: NestedId }
  /** The time of `wakeAt` has come. */
  | { readonly kind: 'wake' }
  /** A handler called another service. Comes between `execute` and its answer. */
  | { readonly kind: 'nestedCall'; readonly id: NestedId }
  /** Answer to `sendNested`. */
  | { readonly kind: 'nestedReply'; readonly to: NestedId; readonly outcome: Reply }
  /**
   * Answer to `takeCheckpoint`: the state, or its first chunks. With `more`, the others come as `stateDrawn`.
   */
  | {
      readonly kind: 'checkpointTaken';
      readonly copy: number;
      readonly state: readonly Uint8Array[];
      readonly more: boolean;
    }
  /** Answer to `drawState`: the next chunks of a copy. */
  | {
      readonly kind: 'stateDrawn';
      readonly copy: number;
      readonly state: readonly Uint8Array[];
      readonly more: boolean;
    }
  /** The other answer to `takeCheckpoint` and `drawState`: the user's state could not be copied, for this reason. */
  | { readonly kind: 'checkpointFailed'; readonly copy: number; readonly reason: string }
  /**
   * Answer to `restoreState`. `differs`: `checkpoint()` then gave other bytes than those restored; digests of both. `cost`: that
   * of this copy, if one was made.
   */
  | {
      readonly kind: 'restored';
      readonly differs?: { readonly given: string; readonly made: string };
      readonly cost?: CopyCost;
    }
  | DigestEvent
  /**
   * What the liveness thread heard since the adapter last said so. Comes before anything else of a turn, so that a
   * main thread that was blocked decides nothing before it knows what was acknowledged on its behalf.
   */
  | {
      readonly kind: 'heard';
      /** The term in which all of it was said. */
      readonly term: Term;
      /** When the thread last acknowledged a heartbeat for this replica, by this replica's clock. */
      readonly acknowledgedMs?: number;
      readonly peers: readonly HeardPeer[];
    }
  /**
   * Answer to `delegate`: the former duty has ended. `acknowledgedMs` is when the thread last acknowledged a heartbeat
   * for this replica, whatever the term; undefined if it never did.
   */
  | { readonly kind: 'delegated'; readonly acknowledgedMs?: number }
  /** Comes every few milliseconds; the core decides all timeouts here. */
  | { readonly kind: 'tick' }
  /** The event-loop turn ends: the core sends the frames it gathered. */
  | { readonly kind: 'flush' }
  /**
   * The process is to end: hand over, then stop. The last replica in sync first waits up to `learnersMs` for replicas
   * that are catching up, and goes on serving meanwhile. Default: not at all. `present` are replicas that are known to run:
   * one that has just started may not have asked to join yet.
   */
  | { readonly kind: 'stepDown'; readonly learnersMs?: number; readonly present?: readonly ReplicaId[] }
  /** The application says that calls may run now which it did not admit before (ordering `resource`). */
  | { readonly kind: 'kick' }
  /** An operator asks for something. Answered by `answerOperator`. */
  | { readonly kind: 'operator'; readonly request: number; readonly asks: OperatorAsk }
  /**
   * The adapter found that no replica runs that the record of this epoch counts as in sync, and its user said that the
   * group shall then begin anew, without their state.
   */
  | { readonly kind: 'groupGone'; readonly epoch: number };

/** Everything that a replica's adapter must do. Effects are carried out in the order given. */
export type ReplicaEffect =
  /**
   * Send a frame. A frame with `bulk` may be overtaken by frames without; bulk frames keep their order. For each, the
   * adapter says `peerSent` once the link has passed it on, unless the link goes down before.
   */
  | { readonly kind: 'sendToPeer'; readonly peer: ReplicaId; readonly frame: PeerFrame; readonly bulk?: true }
  /**
   * Send a frame. A frame with `bulk` may be overtaken by frames without; bulk frames keep their order, and do not
   * overtake anything. For each, the adapter says `sessionSent` once the link has passed it on.
   */
  | { readonly kind: 'sendToSession'; readonly link: LinkId; readonly frame: ReplyFrame; readonly bulk?: true }
  /** Close a session's link. The core has already forgotten the link; the session may come back on another one. */
  | { readonly kind: 'closeSession'; readonly link: LinkId }
  /**
   * Answer an RPC. `header` is present for a session's call. `reflects` is the order that the answer of a backup reflects,
   * which its caller is told.
   */
  | {
      readonly kind: 'answerCall';
      readonly call: CallId;
      readonly outcome: Outcome;
      readonly header?: RpcReplyHeader;
      readonly reflects?: OrderNum;
    }
  /** Send an item of a stream to the RPC that opened it. */
  | { readonly kind: 'answerItem'; readonly call: CallId; readonly item: StreamItem }
  /** End an RPC with one of our errors. `primary` is the address for the trailer `understudy-primary`. */
  | {
      readonly kind: 'failCall';
      readonly call: CallId;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly primary?: string;
    }
  /**
   * Run the request half of the user's interceptors, then answer `admitted` or `refused`. Emitted only if the replica
   * has interceptors. A stream's opening comes first, then its messages and its end, one at a time.
   */
  | {
      readonly kind: 'admit';
      readonly admission: number;
      readonly connection: ConnectionId | undefined;
      readonly peer: string;
      readonly request: Request;
      /** The stream that the request opens or belongs to; undefined for a unary call. */
      readonly stream?: SeqNum | undefined;
      /** For a stream's later messages: the request that opened it, for interceptors that have not seen it. */
      readonly opening?: Request | undefined;
    }
  /**
   * Run the response half of the user's interceptors on an item that a handler sent, then answer `itemPassed`. Items
   * come in their order. Emitted only if the replica has interceptors.
   */
  | {
      readonly kind: 'passItem';
      readonly connection: ConnectionId;
      readonly stream: SeqNum;
      readonly index: number;
      readonly item: StreamItem;
      readonly peer: string;
      readonly opening: Request | undefined;
    }
  /** The stream is gone: its interceptors will see nothing more. */
  | { readonly kind: 'streamGone'; readonly connection: ConnectionId; readonly stream: SeqNum }
  /** The handler of a stream goes on with that stream under another name. */
  | { readonly kind: 'streamMoved'; readonly from: StreamName; readonly to: StreamName }
  /**
   * Run the handler, then answer `executed`. Tasks run one at a time, except that an abandoned one may still be
   * running. `live` says that this replica is the primary, so the response half of the user's interceptors runs too.
   */
  | { readonly kind: 'execute'; readonly task: Task; readonly live: boolean; readonly admission: number | undefined }
  /**
   * A call that passed the interceptors is answered without running its handler. Interceptors hear nothing more of it.
   */
  | { readonly kind: 'dropAdmission'; readonly admission: number }
  /**
   * Send the call that a handler made; every order that it reflects is stable. Then answer `nestedReply`, even if the
   * result of the call is unknown. `again` says that an earlier primary may have sent the same call.
   */
  | { readonly kind: 'sendNested'; readonly caller: NestedCaller; readonly again: boolean }
  /** Answer `wake` at this time of the clock that comes with events. Replaces an earlier one. */
  | { readonly kind: 'wakeAt'; readonly atMs: number }
  /** The reply to this call is passed over, and its handler never goes on: cancel what else that handler has open. */
  | { readonly kind: 'dropNested'; readonly id: NestedId }
  /** The same for a function that a handler gave to a timer. */
  | { readonly kind: 'dropTimer'; readonly id: NestedId }
  /** The core stopped waiting for this task and will ignore its answer. */
  | { readonly kind: 'abandonTask'; readonly task: Task }
  /** Forget every handler that is open or waits: a copy of the state that is newer than all of them takes their place. */
  | { readonly kind: 'forgetHandlers' }
  /**
   * Copies the user's state. Only if the copy is not `kept` here may chunks be drawn while messages are processed.
   * The user's function may block this process, so it is called when the peers in `told` have heard that this replica is
   * busy (`busyHeard`), or have not for a lease.
   */
  | {
      readonly kind: 'takeCheckpoint';
      readonly copy: number;
      readonly kept: boolean;
      readonly told: readonly ReplicaId[];
    }
  /** A peer has heard that this replica is busy. */
  | { readonly kind: 'busyHeard'; readonly peer: ReplicaId }
  /** Draws the next chunks of a copy of which there is more. */
  | { readonly kind: 'drawState'; readonly copy: number }
  /** No more of this copy is needed. */
  | { readonly kind: 'endCopy'; readonly copy: number }
  | DigestEffect
  /** Replaces the user's state, when the peers in `told` have heard of it. With `verifies` it is then copied and compared. */
  | {
      readonly kind: 'restoreState';
      readonly state: readonly Uint8Array[];
      readonly told: readonly ReplicaId[];
      readonly verifies: boolean;
    }
  /**
   * Replace the record by `next` if the coordinator's epoch is still one less than that of `next`. Answer
   * `recordChange` once the outcome is certain. `putsBack`: the coordinator has lost the record, and `next` is put there
   * if it has none of that epoch or a later one.
   */
  | {
      readonly kind: 'changeRecord';
      readonly next: GroupRecord;
      readonly reason: string;
      readonly putsBack?: boolean;
    }
  /**
   * From now on this is the duty of the liveness thread, and the former one has ended when this effect is carried out.
   * Then answer `delegated`. Emitted only if the replica has such a thread, and before the step's other effects.
   */
  | { readonly kind: 'delegate'; readonly duty: Duty }
  /** Read the record again, then answer `record` or `recordLost`. */
  | { readonly kind: 'readRecord' }
  /** `problem`: why it cannot be done, in a sentence; undefined if it is under way. */
  | { readonly kind: 'answerOperator'; readonly request: number; readonly problem: string | undefined }
  /** Keep links to these peers and to no others. */
  | { readonly kind: 'connectPeers'; readonly peers: readonly { readonly id: ReplicaId; readonly address: string }[] }
  /** Stop reading from sessions' links, or go on: this pushes back on clients. */
  | { readonly kind: 'pauseSessions'; readonly paused: boolean }
  | { readonly kind: 'roleChanged'; readonly status: ReplicaStatus }
  /** The versions in the status may be others than before. */
  | { readonly kind: 'versions' }
  /**
   * This life is over: the adapter makes a new core with a fresh incarnation, which joins. This is the core's last
   * effect.
   */
  | { readonly kind: 'rejoin'; readonly reason: string }
  /**
   * This replica has finished stepping down, and the process may exit. `handedOverTo` is the successor; undefined if
   * there was none to name.
   */
  | { readonly kind: 'stopped'; readonly handedOverTo: ReplicaId | undefined }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
    };

export type { DivergingMethod, MemberStatus, ReplicaProgress, ReplicaStatus, RoleName } from '../outside/status.js';

/** The member of `ReplicaEvent` with the given kind. */
export type EventOf<K extends ReplicaEvent['kind']> = Extract<ReplicaEvent, { readonly kind: K }>;
