/** Every encoder and decoder of the package in one list, for tests that must hold for all of them. */
import type { RpcRequestHeader, SessionFrame } from '@understudy/core/internal';
import type * as fc from 'fast-check';
import { Reader } from '../bytes/reader.js';
import * as wire from '../index.js';
import { decodeOutcome, encodeOutcome } from '../parts/outcome.js';
import { connectionOf } from '../parts/secret.js';
import * as arbitraries from './arbitraries.js';

/** An encoder and its decoder, with arbitrary values for them. */
export interface Codec<T> {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<T>;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

const codec = <T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): Codec<unknown> => ({ name, arbitrary, encode, decode }) as Codec<unknown>;

/** The secrets that were decoded, so that what follows from them can be encoded again. */
const secrets = new Map<string, Uint8Array>([[connectionOf(arbitraries.SECRET), arbitraries.SECRET]]);
const secretOf = (connection: string): Uint8Array => secrets.get(connection) ?? arbitraries.SECRET;

const encodeSessionFrame = (frame: SessionFrame) =>
  wire.encodeSessionFrame(frame, secretOf(frame.kind === 'hello' ? frame.connection : ''));

function decodeSessionFrame(bytes: Uint8Array): SessionFrame {
  const frame = wire.decodeSessionFrame(bytes);
  if (frame.kind !== 'hello') return frame;
  const reader = new Reader();
  reader.open(bytes);
  reader.varint();
  reader.varint();
  reader.string();
  secrets.set(frame.connection, reader.bytes());
  return frame;
}

const encodeRpcRequestHeader = (header: RpcRequestHeader) =>
  wire.encodeRpcRequestHeader(header, secretOf(header.connection));

function decodeRpcRequestHeader(bytes: Uint8Array): RpcRequestHeader {
  const header = wire.decodeRpcRequestHeader(bytes);
  const reader = new Reader();
  reader.open(bytes);
  secrets.set(header.connection, reader.bytes());
  return header;
}

/** Every encoder and decoder of the package. */
export const codecs: readonly Codec<unknown>[] = [
  codec('SessionFrame', arbitraries.sessionFrame, encodeSessionFrame, decodeSessionFrame),
  codec('ReplyFrame', arbitraries.replyFrame, wire.encodeReplyFrame, wire.decodeReplyFrame),
  codec('PeerFrame', arbitraries.peerFrame, wire.encodePeerFrame, wire.decodePeerFrame),
  codec('PeerHello', arbitraries.peerHello, wire.encodePeerHello, wire.decodePeerHello),
  codec('PeerBrings', arbitraries.leadership, wire.encodePeerBrings, wire.decodePeerBrings),
  codec('PeerChallenge', arbitraries.peerChallenge, wire.encodePeerChallenge, wire.decodePeerChallenge),
  codec('PeerProof', arbitraries.peerProof, wire.encodePeerProof, wire.decodePeerProof),
  codec('RpcRequestHeader', arbitraries.rpcRequestHeader, encodeRpcRequestHeader, decodeRpcRequestHeader),
  codec('RpcReplyHeader', arbitraries.rpcReplyHeader, wire.encodeRpcReplyHeader, wire.decodeRpcReplyHeader),
  codec('Outcome', arbitraries.outcome, encodeOutcome, decodeOutcome),
  codec('Request', arbitraries.request, wire.encodeRequest, wire.decodeRequest),
  codec('NestedCaller', arbitraries.clientCaller, wire.encodeCaller, wire.decodeCaller),
  codec('Orders', arbitraries.orders, wire.encodeOrders, wire.decodeOrders),
];
