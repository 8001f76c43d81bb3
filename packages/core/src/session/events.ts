import type { ErrorCode } from '../model/error.js';
import type { ReplyFrame, RpcReplyHeader, RpcRequestHeader, SessionFrame } from '../model/frames.js';
import type { CallId, ReplicaId } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { Outcome, Reply } from '../model/outcome.js';
import type { LogLevel } from '../model/ports.js';
import type { StreamItem } from '../model/stream.js';

/**
 * Where a session's stream goes: the client knows replicas by address before it knows their names.
 * The adapter numbers the addresses of its target, 0, 1, 2 …
 */
export type Slot = number;

/** Everything that can happen to a client's session. The adapter passes each with its monotonic clock. */
export type SessionEvent =
  /** The application calls. */
  | { readonly kind: 'call'; readonly call: CallId; readonly request: Request; readonly readOnly: boolean }
  /** The application opens a stream; `request` has the one message where the method takes one. */
  | { readonly kind: 'openStream'; readonly call: CallId; readonly request: Request }
  /** Its next message; one at a time: another only after `writable`. */
  | { readonly kind: 'streamMessage'; readonly call: CallId; readonly message: Uint8Array }
  /** It half-closes. */
  | { readonly kind: 'streamEnd'; readonly call: CallId }
  /** It has taken items up to this one. */
  | { readonly kind: 'streamTaken'; readonly call: CallId; readonly upTo: number }
  /** The application's call ended without its reply: cancelled, or its deadline passed. */
  | { readonly kind: 'cancel'; readonly call: CallId }
  | { readonly kind: 'linkUp'; readonly slot: Slot }
  | { readonly kind: 'linkDown'; readonly slot: Slot }
  | { readonly kind: 'frame'; readonly slot: Slot; readonly frame: ReplyFrame }
  /** The reply to `invoke`. */
  | { readonly kind: 'rpcReply'; readonly call: CallId; readonly header: RpcReplyHeader; readonly outcome: Outcome }
  /**
   * `invoke` failed below the application: connection lost, or refused by a replica that is not the primary. Or the call
   * is `unsuited` for an RPC: gRPC ended it by itself, on its way there or back, and would do so again.
   */
  | { readonly kind: 'rpcBroken'; readonly call: CallId; readonly reason: string; readonly unsuited?: boolean }
  | { readonly kind: 'tick' }
  /** The event-loop turn ends: what was gathered is sent. */
  | { readonly kind: 'flush' }
  /** No more calls: flush, wait for stability, deregister. */
  | { readonly kind: 'close' };

export type SessionEffect =
  | { readonly kind: 'send'; readonly slot: Slot; readonly frame: SessionFrame }
  /** One frame for several slots: encode once. */
  | { readonly kind: 'multicast'; readonly slots: readonly Slot[]; readonly frame: SessionFrame }
  /** Send the call as an RPC to this replica (the `rpc` carrier). */
  | {
      readonly kind: 'invoke';
      readonly call: CallId;
      readonly slot: Slot;
      readonly header: RpcRequestHeader;
      readonly request: Request;
    }
  /** The next item of a stream: metadata or a message. Its end comes as `deliver`. */
  | { readonly kind: 'item'; readonly call: CallId; readonly item: StreamItem; readonly index: number }
  /** There is room for the stream's next message. */
  | { readonly kind: 'writable'; readonly call: CallId }
  | { readonly kind: 'deliver'; readonly call: CallId; readonly reply: Reply }
  | {
      readonly kind: 'fail';
      readonly call: CallId;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly mayHaveTakenEffect: boolean;
    }
  /** Drop this slot's stream and connect again. */
  | { readonly kind: 'reconnect'; readonly slot: Slot }
  /** The primary is reached at this slot (for status, and for calls that are not ours). */
  | { readonly kind: 'primary'; readonly slot: Slot; readonly replica: ReplicaId }
  /** The session is over: end its streams. Last effect. `clean`: nothing unstable was left behind. */
  | { readonly kind: 'ended'; readonly clean: boolean }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
    };
