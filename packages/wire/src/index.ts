/** The byte layout of frames, headers and checkpoints. Encoders return views of pooled memory that is never reused. */
export { Assembler, Chunker, MESSAGE_BYTES_MAX } from './chunks.js';
export { itemDigest, outcomeDigest } from './digest.js';
export { unwrapFrame, wrapFrame } from './envelope.js';
export {
  decodeRpcReplyHeader,
  decodeRpcRequestHeader,
  encodeRpcReplyHeader,
  encodeRpcRequestHeader,
  HEADER_MAX_BYTES,
} from './header.js';
export { decodeCaller, encodeCaller } from './nested.js';
export { decodePeerFrame, encodePeerFrame } from './peer-frame.js';
export { decodePeerHello, encodePeerHello, type PeerHello } from './peer-hello.js';
export { decodeReplyFrame, encodeReplyFrame } from './reply-frame.js';
export { decodeRequest, encodeRequest } from './request.js';
export { decodeSessionFrame, encodeSessionFrame } from './session-frame.js';
