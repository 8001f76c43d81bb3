/**
 * The protocol, for the packages of this repository: events in, effects out, and what they are made of. No promise is made
 * about any of it; users find theirs in the main entry.
 */

export { isListed } from './config/client-settings.js';
export { blockedMaxMs } from './config/clock.js';
export type { GroupConfig, MethodConfig } from './config/config.js';
export { didYouMean } from './config/nearest.js';
export { methodSettings, POLICY_NAME, parseServiceConfig } from './config/service-config.js';
export { configInForce, differingNames, settingsText } from './config/term-settings.js';
export type { MessageName } from './connection/callers.js';
export { assert, InvariantViolation, unreachable } from './model/assert.js';
export type {
  ArmedSnapshot,
  CallerSnapshot,
  CallSnapshot,
  Checkpoint,
  CheckpointFrame,
  CheckpointHead,
  CheckpointRecords,
  ConnectionSnapshot,
  KeyedReply,
  Piece,
  PieceAckFrame,
  PieceFrame,
  StreamSnapshot,
} from './model/checkpoint.js';
export { type CopyCost, mixDigest, type OnOtherState, requestDigest } from './model/digest.js';
export { CODE_KEY, EFFECT_KEY, GrpcStatus, ORDER_NUM_KEY, trailersOf } from './model/error.js';
export type {
  AckFrame,
  AnnounceFrame,
  BackupAnswer,
  BackupAnswersFrame,
  BackupReadsFrame,
  ClientSettings,
  CollectedFrame,
  HelloFrame,
  JoinFrame,
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
  SettingsFrame,
  StreamAsk,
  View,
  WelcomeFrame,
} from './model/frames.js';
export type { MetadataEntries } from './model/grpc/metadata.js';
export {
  BODY_DIGEST_BYTES,
  type BodyDigest,
  type CallId,
  type ConnectionId,
  type ConnectionKind,
  connectionHex,
  connectionId,
  connectionKind,
  isHexId,
  type LinkId,
  NO_EPOCH,
  NO_ORDER,
  NO_SEQ,
  NO_TERM,
  next,
  type OrderNum,
  type SeqNum,
} from './model/ids.js';
export type { Body, DueTimer, Request } from './model/message.js';
export {
  CLIENT_NAME_MAX,
  NESTED_OPEN_MAX,
  type NestedCaller,
  type NestedId,
  type NestedReply,
  PROVEN_OWNER,
  sameNested,
  UNPROVEN_OWNER,
} from './model/nested.js';
export {
  type CallOrder,
  type CancelOrder,
  callOrderAt,
  type Determinants,
  determinantBytes,
  isMarked,
  namesSame,
  type OrderInfo,
  seqNumOf,
} from './model/order-info.js';
export { type Outcome, ownReply, type Reply, replyOf, STREAMED, type StreamEnd, WAITS } from './model/outcome.js';
export type { OrderClock, OrderSeal, RunningDigest, WallClock } from './model/ports.js';
export type { Deaths, Poisoned, Suspect } from './model/record.js';
export type { SealedOrders } from './model/sealed.js';
export {
  ENDED_FOR_COPY,
  ENDED_FOR_SUCCESSOR,
  STREAM_CREDIT_AT,
  STREAM_CREDIT_AT_BYTES,
  STREAM_UNREAD_MAX,
  STREAM_UNREAD_MAX_BYTES,
  STREAM_WINDOW,
  STREAM_WINDOW_BYTES,
  type StreamItem,
  type StreamName,
  type StreamOutput,
  type StreamPart,
} from './model/stream.js';
export { isAddress } from './record/address.js';
export { RecordChange, type RecordChangeStep } from './record/change.js';
export { parseRecord, recordFromJson, recordToJson, sameRecord } from './record/codec.js';
export { SUSPECTS_MAX } from './record/deaths.js';
export { forceRecord } from './record/force.js';
export { leadershipFrom } from './record/leadership.js';
export { checkReadable, checkSwap } from './record/swap-check.js';
export { isInSync, sameMember } from './record/transitions.js';
export { CLAIMS } from './replica/membership/backup.js';
export { NOT_MEASURED } from './replica/outside/status.js';
export { Replica } from './replica/replica.js';
export type {
  Finished,
  OperatorAsk,
  ReplicaEffect,
  ReplicaEvent,
  ReplicaProgress,
  Task,
} from './replica/state/events.js';
export { PIECE_BYTES } from './replica/state/replica-state.js';
export { type Duty, type HeardPeer, NO_DUTY } from './replica/threads/duty.js';
export { type ArmedData, TIMERS_MAX, type Timer, withOneMore } from './scheduling/armed-timers.js';
export type { UserCriteria } from './scheduling/criteria.js';
export type { WaitingCall } from './scheduling/scheduler.js';
export type { SessionEffect, SessionEvent } from './session/events.js';
export type { NestedPlace } from './session/open-calls.js';
export { Session } from './session/session.js';
