/** A client's session that a test drives by hand, so that it may say what our clients never say. */
import type { ChannelCredentials } from '@grpc/grpc-js';
import {
  type ConnectionId,
  type HelloFrame,
  type MulticastFrame,
  NO_SEQ,
  NO_TERM,
  type Reply,
  type ReplyFrame,
  type Request,
  type SeqNum,
  type SessionFrame,
} from '@understudy/core/internal';
import { CONNECT_PATH } from '@understudy/grpc-common';
import { connectionOf, decodeReplyFrame, encodeSessionFrame, SECRET_BYTES } from '@understudy/wire';
import { counterService } from '../counter.js';
import { RawStream } from './raw-stream.js';

export const HEADER = { term: NO_TERM, sentAtMs: 2, repliesSeenUpTo: NO_SEQ, destOrderInfo: [], closing: false };

/** A frame without content. */
export const EMPTY: MulticastFrame = { kind: 'multicast', header: HEADER, requests: [], reads: [], streams: [] };

export const addition = (id: string): Request => ({
  method: counterService.Add.path,
  message: Buffer.from(JSON.stringify({ id, by: 1 })),
});

/** The secret of a session. */
export const secretOf = (byte: number): Uint8Array => Buffer.alloc(SECRET_BYTES, byte);

export class RawSession {
  readonly stream: RawStream;
  readonly #secret: Uint8Array;

  /** @param alone whether it has an HTTP/2 connection of its own */
  constructor(node: { readonly address: string }, secret: Uint8Array, tls?: ChannelCredentials, alone = false) {
    this.stream = new RawStream(node.address, CONNECT_PATH, tls, alone).listen();
    this.#secret = secret;
  }

  send(frame: SessionFrame): void {
    this.stream.send(encodeSessionFrame(frame, this.#secret));
  }

  /** @param said replaces fields of the hello */
  async hello(said: Partial<HelloFrame> = {}): Promise<ReplyFrame> {
    const { repliesSeenUpTo, sentAtMs, term } = HEADER;
    const connection: ConnectionId = connectionOf(this.#secret);
    const hello = { kind: 'hello', group: 'counters', connection, fresh: true, settings: 0 } as const;
    this.send({ ...hello, term, repliesSeenUpTo, sentAtMs, ...said });
    return decodeReplyFrame(await this.stream.next());
  }

  request(seqNum: number, request: Request): void {
    this.send({ ...EMPTY, requests: [{ seqNum: seqNum as SeqNum, request, awaitStable: false }] });
  }

  /** The next reply to a request. */
  async outcome(): Promise<Reply> {
    for (;;) {
      const frame = decodeReplyFrame(await this.stream.next());
      const outcome = frame.kind === 'replies' ? frame.replies[0]?.outcome : undefined;
      if (outcome?.kind === 'reply') return outcome;
    }
  }

  /** The text of the next reply to a request. */
  async reply(): Promise<string> {
    const { message, details } = await this.outcome();
    return Buffer.from(message ?? details).toString();
  }
}
