/** Every encoder and decoder of the package in one list, for tests that must hold for all of them. */
import type * as fc from 'fast-check';
import * as wire from '../index.js';
import { decodeCheckpoint, encodeCheckpoint } from '../parts/checkpoint.js';
import { decodeOutcome, encodeOutcome } from '../parts/outcome.js';
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

/** Every encoder and decoder of the package. */
export const codecs: readonly Codec<unknown>[] = [
  codec('SessionFrame', arbitraries.sessionFrame, wire.encodeSessionFrame, wire.decodeSessionFrame),
  codec('ReplyFrame', arbitraries.replyFrame, wire.encodeReplyFrame, wire.decodeReplyFrame),
  codec('PeerFrame', arbitraries.peerFrame, wire.encodePeerFrame, wire.decodePeerFrame),
  codec('PeerHello', arbitraries.peerHello, wire.encodePeerHello, wire.decodePeerHello),
  codec('RpcRequestHeader', arbitraries.rpcRequestHeader, wire.encodeRpcRequestHeader, wire.decodeRpcRequestHeader),
  codec('RpcReplyHeader', arbitraries.rpcReplyHeader, wire.encodeRpcReplyHeader, wire.decodeRpcReplyHeader),
  codec('Outcome', arbitraries.outcome, encodeOutcome, decodeOutcome),
  codec('Request', arbitraries.request, wire.encodeRequest, wire.decodeRequest),
  codec('NestedCaller', arbitraries.caller, wire.encodeCaller, wire.decodeCaller),
  codec('Orders', arbitraries.orders, wire.encodeOrders, wire.decodeOrders),
  codec('Checkpoint', arbitraries.checkpoint, encodeCheckpoint, decodeCheckpoint),
];
