import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ErrorCode } from '@understudy/core';
import { errorStatus } from '@understudy/grpc-common';

/** A bidirectional stream of ours as grpc-js serves it; messages are protobuf `Frame`s, still encoded. */
export type AcceptedLink = ServerDuplexStream<Buffer, Buffer>;

/** Ends a stream with an error of ours, after what was written to it. */
export function refuseLink(stream: AcceptedLink, code: ErrorCode, reason: string): void {
  stream.on('error', () => {});
  stream.emit('error', errorStatus(code, reason));
}

/**
 * Ends a stream whose other side does not read: what waits to be sent is dropped. grpc-js has no public way to, since a
 * status waits behind the messages; should its insides change, the stream ends when it is read or its connection breaks.
 */
export function resetLink(stream: AcceptedLink): void {
  const http2 = http2Of(stream);
  if (http2 !== undefined) http2.close(constants.NGHTTP2_CANCEL);
  else refuseLink(stream, 'UNDERSTUDY_OVERLOADED', 'the stream is not read');
}

/**
 * Whether the other side may replicate: with TLS on, only who shows a certificate that the server accepts (DESIGN 6).
 * grpc-js does not tell TLS without a certificate from no TLS, so its insides are asked; if they do not answer, nobody may.
 */
export function mayReplicate(call: Pick<AcceptedLink, 'getAuthContext'>): boolean {
  if (call.getAuthContext()?.transportSecurityType === 'ssl') return true;
  const session = http2Of(call)?.session;
  return session !== undefined && session.encrypted !== true;
}

function http2Of(call: object): ServerHttp2Stream | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: the insides of grpc-js have no types
  let inner: any = call;
  while (inner !== undefined && inner !== null && inner.stream === undefined) inner = inner.call ?? inner.nextCall;
  return typeof inner?.stream?.close === 'function' ? inner.stream : undefined;
}
