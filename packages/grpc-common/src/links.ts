/** Links, the gRPC streams that carry frames: their methods, how their connections are set up, and how they end. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Chunker, wrapFrame } from '@understudy/wire';
import type { BackoffRange } from './backoff.js';
import { identity } from './buffers.js';

/** The method of links from a client's session to a replica: the multicast connection of [0020]. */
export const CONNECT_PATH = '/understudy.v1.Multicast/Connect';
/** The method of links on which one replica sends to another. */
export const LINK_PATH = '/understudy.v1.Replication/Link';

/** grpc-js starts with 64 KiB, which the frames of one turn can exceed. */
const WINDOW_BYTES = 512 * 1024;
/** How long the other side may take to end a link that this side has ended. */
const HANG_UP_MS = 200;

/** A network that is cut says nothing: without pings a link into it would seem to be up for many minutes. */
export const KEEPALIVE_OPTIONS = { 'grpc.keepalive_time_ms': 2_000, 'grpc.keepalive_timeout_ms': 4_000 } as const;

/** Channel options that frames need. */
export const FRAME_OPTIONS = {
  'grpc.max_send_message_length': -1,
  'grpc.max_receive_message_length': -1,
  'grpc-node.flow_control_window': WINDOW_BYTES,
  // grpc-js never retries a stream, but would keep a copy of what is sent on it.
  'grpc.enable_retries': 0,
  // Connections of one process must not wait for each other's bytes, nor for a replica that is down.
  'grpc.use_local_subchannel_pool': 1,
} as const;

/** Makes grpc-js wait between its own attempts to connect as our `Backoff` does between attempts to open a link. */
export const reconnectOptions = ({ firstMs, maxMs }: BackoffRange) => ({
  'grpc.initial_reconnect_backoff_ms': firstMs,
  'grpc.max_reconnect_backoff_ms': maxMs,
});

/** A method whose messages are encoded frames, both ways. */
export const frameMethod = (path: string) =>
  ({
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  }) as const;

const chunker = new Chunker();

/** The dialling side of a link: a gRPC stream whose messages are protobuf `Frame`s, already encoded. */
export type DialledLink = ClientDuplexStream<Buffer, Buffer>;

/** The gRPC messages that carry an encoded frame. The same messages may be written to any number of links. */
export const messagesOf = (frame: Uint8Array): readonly Buffer[] => chunker.split(frame).map(wrapFrame);

/**
 * Ends a link after everything that was written to it, and cancels it if the other side does not end it soon.
 *
 * @param withinMs how long that may take
 */
export function hangUp(link: DialledLink, withinMs = HANG_UP_MS): void {
  const cancel = setTimeout(() => link.cancel(), withinMs);
  // Until then the open link itself keeps the process alive.
  cancel.unref();
  link.once('status', () => clearTimeout(cancel));
  link.end();
}
