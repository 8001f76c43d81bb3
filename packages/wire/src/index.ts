/**
 * Encoders and decoders of frames, headers and checkpoints. Encodings are views of pooled memory that is never reused.
 */

export { type FrameBytes, frameLength } from './bytes/pieces.js';
export { bodyDigest } from './digests/body-digest.js';
export { itemDigest, outcomeDigest } from './digests/digest.js';
export { hash32 } from './digests/hash.js';
export { decodePeerFrame, encodePeerFrame, peerFramePieces } from './frames/peer-frame.js';
export {
  decodePeerBrings,
  decodePeerHello,
  encodePeerBrings,
  encodePeerHello,
  isPeerHello,
  LIVENESS_KEY_BYTES,
  LIVENESS_TICKET_BYTES,
  type LivenessDoor,
  type PeerHello,
} from './frames/peer-hello.js';
export {
  decodePeerChallenge,
  decodePeerProof,
  encodePeerChallenge,
  encodePeerProof,
  isPeerChallenge,
  PEER_NONCE_BYTES,
  PEER_PROOF_BYTES,
  type PeerChallenge,
} from './frames/peer-proof.js';
export { decodeReplyFrame, encodeReplyFrame, replyFramePieces } from './frames/reply-frame.js';
export {
  decodeRpcReplyHeader,
  decodeRpcRequestHeader,
  encodeRpcReplyHeader,
  encodeRpcRequestHeader,
  HEADER_MAX_BYTES,
} from './frames/rpc-header.js';
export { decodeSessionFrame, encodeSessionFrame, sessionFramePieces } from './frames/session-frame.js';
export {
  Assembler,
  type AssemblerOptions,
  CHUNK_BYTES,
  Chunker,
  type ChunkerOptions,
  type Lane,
  MESSAGE_BYTES_MAX,
} from './link/chunks.js';
export { unwrapFrame, wrapFrame } from './link/envelope.js';
export { decodeCaller, encodeCaller } from './parts/nested.js';
export { decodeOutcome, encodeOutcome } from './parts/outcome.js';
export { decodeRequest, encodeRequest } from './parts/request.js';
export { decodeOrders, encodeOrders } from './parts/sealed.js';
export { connectionOf, SECRET_BYTES } from './parts/secret.js';
