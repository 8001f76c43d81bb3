/**
 * The protocol, for the packages of this repository: events in, effects out, and what they are made of. No promise is made
 * about any of it; users find theirs in the main entry.
 */
export { assert, InvariantViolation, unreachable } from './assert.js';
export type { Checkpoint, ConnectionSnapshot, KeyedReply, StreamSnapshot } from './checkpoint.js';
export type { GroupConfig, MethodConfig } from './config.js';
export type { CallerSnapshot } from './connection/callers.js';
export { isPlain } from './connection/connection.js';
export { mixDigest, requestDigest } from './digest.js';
export { GrpcStatus } from './error.js';
export type {
  AckFrame,
  AnnounceFrame,
  CollectedFrame,
  HelloFrame,
  MulticastFrame,
  NackFrame,
  NewTermFrame,
  PeerFrame,
  PromiseFrame,
  ReadReply,
  ReadRequest,
  ReplicaHeader,
  RepliesFrame,
  ReplyFrame,
  RpcReplyHeader,
  RpcRequestHeader,
  SeqItem,
  SeqReply,
  SeqRequest,
  SessionFrame,
  SessionHeader,
  StreamAsk,
  View,
  WelcomeFrame,
} from './frames.js';
export {
  type CallId,
  type ConnectionId,
  isHexId,
  type LinkId,
  NO_EPOCH,
  NO_ORDER,
  NO_SEQ,
  NO_TERM,
  next,
  type SeqNum,
} from './ids.js';
export type { Body, MetadataEntries, Outcome, Request } from './message.js';
export {
  CLIENT_NAME_MAX,
  NESTED_OPEN_MAX,
  type NestedCaller,
  type NestedId,
  type NestedReply,
  sameNested,
  WAITS,
} from './nested.js';
export type { OrderInfo, OrderKind } from './ordering/order-info.js';
export { RecordChange, type RecordChangeStep } from './record-change.js';
export { recordFromJson, recordToJson, sameRecord } from './record-codec.js';
export { forceRecord } from './record-force.js';
export { CLAIMS } from './replica/backup.js';
export type { Finished, ReplicaEffect, ReplicaEvent, Task } from './replica/events.js';
export { Replica } from './replica/replica.js';
export { isInSync, sameMember } from './replica/transitions.js';
export { configDigest, methodSettings, POLICY_NAME, parseServiceConfig } from './service-config.js';
export type { SessionEffect, SessionEvent } from './session/events.js';
export { Session } from './session/session.js';
export {
  ENDED_FOR_COPY,
  isStreamed,
  STREAM_CREDIT_AT,
  STREAM_CREDIT_AT_BYTES,
  STREAM_UNREAD_MAX,
  STREAM_UNREAD_MAX_BYTES,
  STREAM_WINDOW,
  STREAM_WINDOW_BYTES,
  STREAMED,
  type StreamItem,
  type StreamOutput,
  type StreamPart,
} from './stream.js';
export { checkSwap } from './swap-check.js';
