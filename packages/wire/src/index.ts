/** The byte layout of frames, headers and checkpoints. Encoders return views of pooled memory that is never reused. */
export { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { Assembler, type AssemblerOptions, Chunker, type ChunkerOptions, MESSAGE_BYTES_MAX } from './chunks.js';
export { itemDigest, outcomeDigest } from './digest.js';
export { unwrapFrame, wrapFrame } from './envelope.js';
export { hash32 } from './hash.js';
export {
  decodeRpcReplyHeader,
  decodeRpcRequestHeader,
  encodeRpcReplyHeader,
  encodeRpcRequestHeader,
  HEADER_MAX_BYTES,
} from './header.js';
export { decodeCaller, encodeCaller } from './nested.js';
export { decodeOutcome, encodeOutcome } from './outcome.js';
export { decodePeerFrame, encodePeerFrame } from './peer-frame.js';
export { decodePeerHello, encodePeerHello, type PeerHello } from './peer-hello.js';
export { decodeReplyFrame, encodeReplyFrame } from './reply-frame.js';
export { decodeRequest, encodeRequest } from './request.js';
export { decodeSessionFrame, encodeSessionFrame } from './session-frame.js';
