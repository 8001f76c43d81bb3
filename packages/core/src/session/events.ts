/** Every event that a client's session takes in, and every effect that its adapter must carry out. */

import type { ErrorCode } from '../model/error.js';
import type { ClientSettings, ReplyFrame, RpcReplyHeader, RpcRequestHeader, SessionFrame } from '../model/frames.js';
import type { CallId, ReplicaId } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Outcome, Reply } from '../model/outcome.js';
import type { LogLevel } from '../model/ports.js';
import type { StreamItem } from '../model/stream.js';
import type { NestedPlace } from './open-calls.js';

/**
 * The place of a session's link. The client knows replicas by address before it knows their names, so the adapter
 * numbers the addresses of its target, and those that it learns later, 0, 1, 2 …
 */
export type Slot = number;

/**
 * Everything that can happen to a client's session. The adapter passes each event together with its monotonic clock.
 */
export type SessionEvent =
  /** The application makes a unary call. */
  | { readonly kind: 'call'; readonly call: CallId; readonly request: Request; readonly readOnly: boolean }
  /** The application opens a stream. `request` has the one message if the method takes just one. */
  | {
      readonly kind: 'openStream';
      readonly call: CallId;
      readonly request: Request;
      /** Present if a handler of another group opens the stream. */
      readonly nested?: NestedPlace | undefined;
    }
  /** The application sends the stream's next message. It may send another only after `writable`. */
  | { readonly kind: 'streamMessage'; readonly call: CallId; readonly message: Uint8Array }
  /** The application half-closes the stream. */
  | { readonly kind: 'streamEnd'; readonly call: CallId }
  /** The application has taken the stream's items up to this one. */
  | { readonly kind: 'streamTaken'; readonly call: CallId; readonly upTo: number }
  /** The application has no more to do with the stream, which another process is to go on with. */
  | { readonly kind: 'leaveStream'; readonly call: CallId }
  /** The application's call ended before its reply: it was cancelled, or its deadline passed. */
  | { readonly kind: 'cancel'; readonly call: CallId }
  /** The adapter has one more address, which gets the next number. */
  | { readonly kind: 'slotAdded' }
  | { readonly kind: 'linkUp'; readonly slot: Slot }
  | { readonly kind: 'linkDown'; readonly slot: Slot }
  | { readonly kind: 'frame'; readonly slot: Slot; readonly frame: ReplyFrame }
  /** The link has passed on the oldest bulk frame that it was given. */
  | { readonly kind: 'sent'; readonly slot: Slot }
  /**
   * Many bytes wait on the link, so that it is to be given nothing more (`full`); or only a few wait again. A new link is
   * not full.
   */
  | { readonly kind: 'linkRoom'; readonly slot: Slot; readonly full: boolean }
  /** The reply to `invoke`. */
  | { readonly kind: 'rpcReply'; readonly call: CallId; readonly header: RpcReplyHeader; readonly outcome: Outcome }
  /**
   * `invoke` failed below the application: the connection was lost, or a replica that is not the primary refused it. If
   * the call is `unsuited` for an RPC, gRPC itself ended it on its way, and would do so again.
   */
  | { readonly kind: 'rpcBroken'; readonly call: CallId; readonly reason: string; readonly unsuited?: boolean }
  | { readonly kind: 'tick' }
  /** The event-loop turn ends: the core sends the frames it gathered. */
  | { readonly kind: 'flush' }
  /** No more calls will come: flush, wait for stability, deregister. */
  | { readonly kind: 'close' };

/** Everything that a session's adapter must do. Effects are carried out in the order given. */
export type SessionEffect =
  /**
   * Send a frame. A frame with `bulk` may be overtaken by frames without; bulk frames keep their order. For each, the
   * adapter says `sent` once the link has passed it on, unless the link goes down before.
   */
  | { readonly kind: 'send'; readonly slot: Slot; readonly frame: SessionFrame; readonly bulk?: true }
  /** Send one frame to several slots; it needs encoding only once. */
  | { readonly kind: 'multicast'; readonly slots: readonly Slot[]; readonly frame: SessionFrame }
  /** Send the call as an RPC to this replica (the `rpc` carrier). */
  | {
      readonly kind: 'invoke';
      readonly call: CallId;
      readonly slot: Slot;
      readonly header: RpcRequestHeader;
      readonly request: Request;
    }
  /** Give the application the next item of a stream: metadata or a message. The end comes as `deliver`. */
  | { readonly kind: 'item'; readonly call: CallId; readonly item: StreamItem; readonly index: number }
  /** The application may send the stream's next message. */
  | { readonly kind: 'writable'; readonly call: CallId }
  /**
   * What the application has sent on a nested stream up to this position is in the group's order for good. A half-close
   * counts as a message.
   */
  | { readonly kind: 'partTaken'; readonly call: CallId; readonly position: number }
  | { readonly kind: 'deliver'; readonly call: CallId; readonly reply: Reply }
  | {
      readonly kind: 'fail';
      readonly call: CallId;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly mayHaveTakenEffect: boolean;
    }
  /**
   * No link has led to these members of the group for a while: connect to their addresses, too. `members` has the
   * addresses of all. It comes again until there is a link.
   */
  | { readonly kind: 'unreached'; readonly addresses: readonly string[]; readonly members: readonly string[] }
  /** This slot leads to the same replica as another: end its link, and do not connect again before `reconnect`. */
  | { readonly kind: 'park'; readonly slot: Slot }
  /** Drop this slot's link if it has one, and connect again. */
  | { readonly kind: 'reconnect'; readonly slot: Slot }
  /** The group's settings for clients are others than the session was given. They apply to later sessions, too. */
  | { readonly kind: 'settings'; readonly settings: ClientSettings }
  /** The group does not replicate the call's service: make the call as an ordinary RPC. Nothing of it was sent. */
  | { readonly kind: 'passOn'; readonly call: CallId }
  /** The primary is at this slot; for the status, and for calls that are not ours. */
  | { readonly kind: 'primary'; readonly slot: Slot; readonly replica: ReplicaId }
  /** The session is over: close its links. This is the last effect. `clean` says that no order was left unstable. */
  | { readonly kind: 'ended'; readonly clean: boolean }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
    };
