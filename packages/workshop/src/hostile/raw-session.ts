/** A session that a program drives by hand. It may send any frame that the wire can carry. */
import { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import type { HelloFrame, ReplyFrame, SessionFrame } from '@understudy/core/internal';
import { NO_SEQ, NO_TERM } from '@understudy/core/internal';
import type { HostileRpc } from '@understudy/core/testing';
import {
  Assembler,
  connectionOf,
  decodeReplyFrame,
  encodeCaller,
  encodeRpcRequestHeader,
  encodeSessionFrame,
  SECRET_BYTES,
  unwrapFrame,
  wrapFrame,
} from '@understudy/wire';
import { monotonicMs } from '../hosting/clock.js';
import { TARGET_GROUP } from './target.js';

const bytes = (message: Buffer): Buffer => message;
const asBuffer = (value: string | Uint8Array) => (typeof value === 'string' ? value : Buffer.from(value));

export class RawSession {
  readonly #secret = randomBytes(SECRET_BYTES);
  readonly #client: grpc.Client;
  readonly #stream: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly #parts = new Assembler();
  #over = false;
  #wake: () => void = () => {};

  /**
   * @param onReply called with each frame that the replica sends
   * @param onEnd called with the status of the link when the replica ends it
   */
  constructor(address: string, onReply: (frame: ReplyFrame) => void, onEnd: (status: grpc.StatusObject) => void) {
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
    this.#stream = this.#client.makeBidiStreamRequest('/understudy.v1.Multicast/Connect', bytes, bytes);
    this.#stream.on('error', () => {});
    this.#stream.on('drain', () => this.#wake());
    this.#stream.on('status', (status) => {
      if (!this.#over) onEnd(status);
      this.#over = true;
      this.#wake();
    });
    this.#stream.on('data', (message: Buffer) => {
      const frame = this.#parts.push(unwrapFrame(message));
      if (frame !== undefined) onReply(decodeReplyFrame(frame));
    });
  }

  get over(): boolean {
    return this.#over;
  }

  /**
   * Sends a frame. A hello is made one of this session, whatever connection it names.
   *
   * @returns whether the link was open
   */
  send(frame: SessionFrame): Promise<boolean> {
    const own = frame.kind === 'hello' ? { ...frame, connection: connectionOf(this.#secret) } : frame;
    return this.sendRaw(wrapFrame(encodeSessionFrame(own, this.#secret)));
  }

  /** The metadata that makes an RPC one of this session's, whatever connection its header names. */
  metadataOf({ header, request }: HostileRpc): grpc.Metadata {
    const metadata = new grpc.Metadata();
    for (const [key, value] of request.metadata ?? []) metadata.add(key, asBuffer(value));
    const own = { ...header, connection: connectionOf(this.#secret) };
    metadata.set('understudy-header-bin', Buffer.from(encodeRpcRequestHeader(own, this.#secret)));
    if (request.deadlineMs !== undefined) metadata.set('understudy-deadline', String(request.deadlineMs));
    if (request.nested !== undefined) metadata.set('understudy-nested-bin', Buffer.from(encodeCaller(request.nested)));
    return metadata;
  }

  hello(): Promise<boolean> {
    const hello: Omit<HelloFrame, 'connection'> = {
      kind: 'hello',
      group: TARGET_GROUP,
      fresh: true,
      term: NO_TERM,
      repliesSeenUpTo: NO_SEQ,
      sentAtMs: monotonicMs(),
      settings: 0,
    };
    return this.send({ ...hello, connection: connectionOf(this.#secret) });
  }

  /**
   * Sends bytes, and resolves when the link has taken them or is over.
   *
   * @returns whether the link was open
   */
  async sendRaw(message: Buffer): Promise<boolean> {
    if (this.#over) return false;
    if (this.#stream.write(message)) return true;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return true;
  }

  /** Stops reading for good. */
  ignore(): void {
    this.#stream.pause();
  }

  close(): void {
    this.#over = true;
    this.#stream.cancel();
    this.#client.close();
    this.#wake();
  }
}
