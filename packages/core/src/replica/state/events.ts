import type { ErrorCode } from '../../model/error.js';
import type { PeerFrame, ReplyFrame, RpcReplyHeader, RpcRequestHeader, SessionFrame } from '../../model/frames.js';
import type { CallId, ConnectionId, LinkId, OrderNum, ReplicaId, SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { NestedCaller, NestedId } from '../../model/nested.js';
import type { CallOrder, CancelOrder } from '../../model/order-info.js';
import type { Outcome, Reply } from '../../model/outcome.js';
import type { LogLevel } from '../../model/ports.js';
import type { GroupRecord, Member } from '../../model/record.js';
import type { StreamItem, StreamOutput } from '../../model/stream.js';

/** What a handler is run for: an ordered message, or a read at a place in the order. */
export type Task =
  | {
      readonly kind: 'ordered';
      readonly info: CallOrder | CancelOrder;
      readonly request: Request;
      readonly peer: string | undefined;
    }
  | { readonly kind: 'read'; readonly readTask: number; readonly request: Request; readonly peer: string | undefined };

/** The handler of an earlier message, which had waited for replies, came to its end. */
export interface Finished {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly outcome: Reply;
}

/** What an RPC of a streaming call brings after its opening. */
export type PlainPart =
  | { readonly kind: 'message'; readonly message: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'taken'; readonly upTo: number };

/** Everything that can happen to a replica. The adapter passes each with its monotonic clock. */
export type ReplicaEvent =
  /** First event. `record` as the coordinator has it. */
  | { readonly kind: 'start'; readonly record: GroupRecord | undefined }
  /** The record changed, or was read. Older ones than known are ignored. */
  | { readonly kind: 'record'; readonly record: GroupRecord }
  /** The answer to `changeRecord`, once it is certain. */
  | { readonly kind: 'recordChange'; readonly won: boolean; readonly record: GroupRecord | undefined }
  /** The stream on which this replica sends to a peer is up (`newTerm` or `join` will go first) or broke. */
  | { readonly kind: 'peerUp'; readonly peer: Member }
  | { readonly kind: 'peerDown'; readonly peer: ReplicaId }
  | { readonly kind: 'peerFrame'; readonly from: Member; readonly frame: PeerFrame }
  | { readonly kind: 'sessionFrame'; readonly link: LinkId; readonly peer: string; readonly frame: SessionFrame }
  | { readonly kind: 'sessionDown'; readonly link: LinkId }
  /** A call of a session that came as an RPC (the `rpc` carrier). */
  | {
      readonly kind: 'rpcCall';
      readonly call: CallId;
      readonly peer: string;
      readonly header: RpcRequestHeader;
      readonly request: Request;
    }
  /** A call of a client without our interceptor. */
  | {
      readonly kind: 'plainCall';
      readonly call: CallId;
      readonly peer: string;
      readonly readOnly: boolean;
      readonly request: Request;
    }
  /** The next message of a streaming call without our interceptor, or its end; or its caller has taken items. */
  | { readonly kind: 'plainPart'; readonly call: CallId; readonly part: PlainPart }
  /** The caller of an RPC went away; the message, if ordered, runs to its end. */
  | { readonly kind: 'callGone'; readonly call: CallId }
  /** Answer to `admit`. `change`: what the user's interceptors made of the request, in the adapter's own encoding. */
  | { readonly kind: 'admitted'; readonly admission: number; readonly change?: Uint8Array }
  | { readonly kind: 'refused'; readonly admission: number; readonly outcome: Outcome }
  /** Answer to `passItem`: what is sent in its place, of the same kind or nothing that its client hears of. */
  | {
      readonly kind: 'itemPassed';
      readonly connection: ConnectionId;
      readonly stream: SeqNum;
      readonly index: number;
      readonly item: StreamItem;
    }
  /** The user's interceptors ended an open stream. They let nothing pass from now on. */
  | {
      readonly kind: 'streamEnded';
      readonly connection: ConnectionId;
      readonly stream: SeqNum;
      readonly outcome: Reply;
    }
  /**
   * Answer to `execute`. `outcome`: `WAITS` if the handler waits for replies to calls that it made. `digest`: of what
   * handlers came to and of what they asked others, 32 bits.
   */
  | {
      readonly kind: 'executed';
      readonly task: Task;
      readonly outcome: Outcome;
      readonly digest: number;
      /** What handlers of streams sent meanwhile. */
      readonly outputs?: readonly StreamOutput[];
      /** Handlers that had waited and ended meanwhile. */
      readonly finished?: readonly Finished[];
    }
  /**
   * A handler of a stream went on by itself, after a timer or I/O of its own, and sent something. Its place among what
   * this stream sends is certain, though none in the order.
   */
  | { readonly kind: 'lateItem'; readonly output: StreamOutput }
  /** The same of a unary handler that had waited for a reply: it ended by itself. */
  | { readonly kind: 'lateEnd'; readonly finished: Finished }
  /** A handler called another service. During `execute`, before its answer. */
  | { readonly kind: 'nestedCall'; readonly id: NestedId }
  /** Answer to `sendNested`. */
  | { readonly kind: 'nestedReply'; readonly to: NestedId; readonly outcome: Reply }
  | { readonly kind: 'checkpointTaken'; readonly state: Uint8Array }
  | { readonly kind: 'restored' }
  /** Every few milliseconds; all timeouts are decided here. */
  | { readonly kind: 'tick' }
  /** The event-loop turn ends: what was gathered is sent. */
  | { readonly kind: 'flush' }
  /** Hand over and stop (SIGTERM). */
  | { readonly kind: 'stepDown' };

/** What the adapter must do, in the order given. */
export type ReplicaEffect =
  | { readonly kind: 'sendToPeer'; readonly peer: ReplicaId; readonly frame: PeerFrame }
  | { readonly kind: 'sendToSession'; readonly link: LinkId; readonly frame: ReplyFrame }
  /** End the stream, which the core has let go of already; the session may come back on another. */
  | { readonly kind: 'closeSession'; readonly link: LinkId }
  /** Answer an RPC; `header` for calls of a session. */
  | {
      readonly kind: 'answerCall';
      readonly call: CallId;
      readonly outcome: Outcome;
      readonly header?: RpcReplyHeader;
    }
  /** An item of a stream that came as an RPC. */
  | { readonly kind: 'answerItem'; readonly call: CallId; readonly item: StreamItem }
  /** End an RPC with an error of ours; `primary`: the trailer `understudy-primary`, an address. */
  | {
      readonly kind: 'failCall';
      readonly call: CallId;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly primary?: string;
    }
  /**
   * Run the request half of the user's interceptors, then answer `admitted` or `refused`. Only if the replica has any.
   * Of a stream first its opening, then its messages and its end, one at a time.
   */
  | {
      readonly kind: 'admit';
      readonly admission: number;
      readonly connection: ConnectionId | undefined;
      readonly peer: string;
      readonly request: Request;
      /** The stream that it opens or belongs to. */
      readonly stream?: SeqNum | undefined;
      /** Of a stream's later messages: what opened it, for interceptors that have not seen it. */
      readonly opening?: Request | undefined;
    }
  /**
   * Run the response half of the user's interceptors on what a handler sent, then answer `itemPassed`. In the order of the
   * items. Only if the replica has any interceptors.
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
  /** Interceptors will see nothing more of this stream. */
  | { readonly kind: 'streamGone'; readonly connection: ConnectionId; readonly stream: SeqNum }
  /**
   * Run the handler, then answer `executed`. One at a time, except that a task that was abandoned may still run.
   * `live`: this replica is the primary, so the response half of the user's interceptors runs.
   */
  | { readonly kind: 'execute'; readonly task: Task; readonly live: boolean; readonly admission: number | undefined }
  /** A call that interceptors let pass is answered without its handler; they hear nothing more of it. */
  | { readonly kind: 'dropAdmission'; readonly admission: number }
  /**
   * Send the call that a handler made; everything that it reflects is stable. Then answer `nestedReply`, also if it is
   * not known what came of it. The same call may have been sent by another replica before.
   */
  | { readonly kind: 'sendNested'; readonly caller: NestedCaller }
  /** Nobody waits for this task any more; its answer will be ignored. */
  | { readonly kind: 'abandonTask'; readonly task: Task }
  | { readonly kind: 'takeCheckpoint' }
  | { readonly kind: 'restoreState'; readonly state: Uint8Array }
  /** Compare-and-swap `next`, whose epoch is one more than expected; answer `recordChange` when the outcome is certain. */
  | { readonly kind: 'changeRecord'; readonly next: GroupRecord; readonly reason: string }
  /** Read the record again and answer `record`. */
  | { readonly kind: 'readRecord' }
  /** Keep streams to these and no others. */
  | { readonly kind: 'connectPeers'; readonly peers: readonly { readonly id: ReplicaId; readonly address: string }[] }
  /** Stop or go on reading from sessions' streams (push back). */
  | { readonly kind: 'pauseSessions'; readonly paused: boolean }
  | { readonly kind: 'roleChanged'; readonly status: ReplicaStatus }
  /** This life is over: make a new core with a fresh incarnation, which joins. Last effect of this core. */
  | { readonly kind: 'rejoin'; readonly reason: string }
  /** Hand-over is done; the process may exit. */
  | { readonly kind: 'stopped'; readonly handedOverTo: ReplicaId | undefined }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
    };

export type RoleName = 'starting' | 'joining' | 'backup' | 'promoting' | 'primary' | 'deposed';

/** A replica as an operator sees it. */
export interface ReplicaStatus {
  readonly group: string;
  readonly replica: Member;
  readonly role: RoleName;
  readonly term: number;
  readonly epoch: number;
  readonly primary: ReplicaId | undefined;
  readonly inSync: readonly Member[];
  readonly heldUpTo: OrderNum;
  readonly processedUpTo: OrderNum;
  readonly stableUpTo: OrderNum;
  /** Digest of all outcomes up to `processedUpTo`, hexadecimal. */
  readonly digest: string;
  readonly sessions: number;
  readonly logLength: number;
  /** The log goes on from here for the sake of replicas that join while streams are open; undefined if it need not. */
  readonly base: OrderNum | undefined;
  /** Messages whose bodies are here and that have no order yet. */
  readonly unordered: number;
  readonly waitingToRelease: number;
  /** Streaming calls whose handlers live. No checkpoint is taken before they have ended. */
  readonly openStreams: number;
  /** Calls to other services whose replies are not processed yet. No checkpoint is taken meanwhile. */
  readonly openNested: number;
  /** Streaming calls of which something is kept: also those whose clients have not taken everything. */
  readonly streams: number;
  /** Why the group does not serve, in a sentence; undefined when it does. */
  readonly blocked: string | undefined;
  /** The change of the record that the coordinator has not confirmed yet; undefined if there is none. */
  readonly recordChange: string | undefined;
}

/** The event of one kind. */
export type EventOf<K extends ReplicaEvent['kind']> = Extract<ReplicaEvent, { readonly kind: K }>;
