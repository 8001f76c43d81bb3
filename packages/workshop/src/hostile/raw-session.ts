/** A session that a program drives by hand. It may send any frame that the wire can carry. */
import { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import type { HelloFrame, ReplyFrame, SessionFrame } from '@understudy/core/internal';
import { NO_SEQ, NO_TERM } from '@understudy/core/internal';
import {
  Assembler,
  connectionOf,
  decodeReplyFrame,
  encodeSessionFrame,
  SECRET_BYTES,
  unwrapFrame,
  wrapFrame,
} from '@understudy/wire';
import { monotonicMs } from '../hosting/clock.js';
import { TARGET_GROUP } from './target.js';

const bytes = (message: Buffer): Buffer => message;

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

  /** Sends a frame. A hello is made one of this session, whatever connection it names. */
  async send(frame: SessionFrame): Promise<void> {
    const own = frame.kind === 'hello' ? { ...frame, connection: connectionOf(this.#secret) } : frame;
    await this.sendRaw(wrapFrame(encodeSessionFrame(own, this.#secret)));
  }

  hello(): Promise<void> {
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

  /** Sends bytes, and resolves when the link has taken them or is over. */
  async sendRaw(message: Buffer): Promise<void> {
    if (this.#over || this.#stream.write(message)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
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
