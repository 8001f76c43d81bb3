/**
 * The agreements of clients and servers in gRPC's terms. Nothing here keeps state or decides anything of the protocol.
 */
export { Backoff, type BackoffRange } from './backoff.js';
export { asBuffer, identity } from './buffers.js';
export { callerOf, callerProof, setCaller, setIdempotencyKey } from './caller-metadata.js';
export { derivedKey, macOf, type SecretPurpose, secretBytes } from './group-secret.js';
export type { AuthContext, InterceptingCallInterface, MessageContext, ReceivingListener } from './grpc-types.js';
export { checkGrpcVersion } from './installed/grpc-version.js';
export { unwrapped } from './installed/instrumented.js';
export {
  ASIDE_PREFIX,
  CALLER_KEY,
  CODE_KEY,
  DEADLINE_KEY,
  EFFECT_KEY,
  HEADER_KEY,
  IDEMPOTENCY_KEY,
  ORDER_NUM_KEY,
  PRIMARY_KEY,
  SLOT_KEY,
} from './keys.js';
export { FrameQueue, type FrameSink, type SendOptions } from './link/frame-queue.js';
export {
  CONNECT_PATH,
  type DialledLink,
  FRAME_OPTIONS,
  frameMethod,
  hangUp,
  KEEPALIVE_OPTIONS,
  LINK_PATH,
  messagesOf,
  reconnectOptions,
} from './links.js';
export { type FieldsLogger, logTo, logToConsole, type TextLogger } from './logging/adapters.js';
export { loggerOf, SILENT } from './logging/stderr-logger.js';
export { callMetadataOf, entriesOf, isMetadata, metadataOf, NO_METADATA, sameEntries } from './metadata.js';
export { OPERATOR_PROOF_BYTES, type OperatorAsks, operatorProof, PROOF_KEY } from './operator-proof.js';
export { errorOf, isError, messageOf, sentenceOf } from './reasons.js';
export {
  detailsForRpc,
  errorReply,
  errorStatus,
  localStatus,
  statusOfUnderstudyError,
  wellFormed,
} from './statuses.js';
export { isUnreplicated } from './unreplicated.js';
export { callerEntries, carriedMetadata, replyEntries } from './wire-metadata.js';
