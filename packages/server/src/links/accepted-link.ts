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
 * Ends a link whose other side does not read, and drops the frames that wait to be sent. grpc-js has no public way to
 * do that, because a status waits behind the messages. If its insides change, the link ends when it is read or when its
 * connection breaks.
 */
export function resetLink(link: AcceptedLink): void {
  const http2 = http2Of(link);
  if (http2 !== undefined) http2.close(constants.NGHTTP2_CANCEL);
  else refuseLink(link, 'UNDERSTUDY_OVERLOADED', 'this link is not read; read it, or open another');
}

/**
 * How much the other side may send before this one has read it. With HTTP/2's 64 KiB, a busy event loop on either side
 * would leave the connection idle most of the time.
 */
const WINDOW_BYTES = 256 * 1024;

/**
 * Widens the window of a link's connection. The server and its options belong to the user; this changes only our links.
 */
export function widenWindow(link: AcceptedLink): void {
  const session = http2Of(link)?.session;
  if (session === undefined || session.destroyed || widened.has(session)) return;
  widened.add(session);
  if ((session.localSettings.initialWindowSize ?? 0) < WINDOW_BYTES)
    session.settings({ initialWindowSize: WINDOW_BYTES });
  if ((session.state.effectiveLocalWindowSize ?? 0) < WINDOW_BYTES) session.setLocalWindowSize(WINDOW_BYTES);
}

const widened = new WeakSet<object>();

/** The stream under the gRPC stream; undefined if grpc-js keeps it elsewhere. */
export function http2Of(call: object): ServerHttp2Stream | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: the insides of grpc-js have no types
  let inner: any = call;
  while (inner !== undefined && inner !== null && inner.stream === undefined) inner = inner.call ?? inner.nextCall;
  return typeof inner?.stream?.close === 'function' ? inner.stream : undefined;
}
