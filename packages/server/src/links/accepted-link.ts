/** The accepting side of a link: a gRPC stream on which a client's session or another replica sends frames. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ErrorCode } from '@understudy/core';
import { errorStatus } from '@understudy/grpc-common';

/** The accepting side of a link: a gRPC stream whose messages are protobuf `Frame`s, still encoded. */
export type AcceptedLink = ServerDuplexStream<Buffer, Buffer>;

/** Ends a link with an error of ours, after what was written to it. */
export function refuseLink(link: AcceptedLink, code: ErrorCode, reason: string): void {
  link.on('error', () => {});
  link.emit('error', errorStatus(code, reason));
}

/**
 * Ends a link whose other side does not read, and drops what waits to be sent. grpc-js has no public way to do that,
 * since a status waits behind the messages. If its insides change, the link ends when it is read or when its connection
 * breaks.
 */
export function resetLink(link: AcceptedLink): void {
  const http2 = http2Of(link);
  if (http2 !== undefined) http2.close(constants.NGHTTP2_CANCEL);
  else refuseLink(link, 'UNDERSTUDY_OVERLOADED', 'this link is not read; read it, or open another');
}

function http2Of(call: object): ServerHttp2Stream | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: the insides of grpc-js have no types
  let inner: any = call;
  while (inner !== undefined && inner !== null && inner.stream === undefined) inner = inner.call ?? inner.nextCall;
  return typeof inner?.stream?.close === 'function' ? inner.stream : undefined;
}
