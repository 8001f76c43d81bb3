import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import { identity } from '@understudy/grpc-common';
import { unwrapFrame, wrapFrame } from '@understudy/wire';

/** A MAC with the tag and the length of its field. */
const MAC_BYTES = 18;

/** A link to one of a replica's own services, for tests that send what our replicas and clients never send. */
export class RawStream {
  readonly #client: Client;
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  readonly ended: Promise<StatusObject & { readonly metadata: Metadata }>;
  /** Every message that arrived, unchanged. */
  readonly raw: Buffer[] = [];
  /** Whether each arriving message has a MAC, because both sides have proved themselves. */
  isSealed = false;
  readonly #frames: Uint8Array[] = [];
  #wake: () => void = () => {};

  /** @param alone whether it has an HTTP/2 connection of its own, instead of sharing one with others to this address */
  constructor(
    address: string,
    path: string,
    channel: ChannelCredentials = credentials.createInsecure(),
    alone = false,
  ) {
    const pool = { 'grpc.use_local_subchannel_pool': alone ? 1 : 0 };
    this.#client = new Client(address, channel, { 'grpc.max_receive_message_length': -1, ...pool });
    this.stream = this.#client.makeBidiStreamRequest(path, identity, identity);
    this.stream.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.stream.on('status', (status) => {
        this.#client.close();
        resolve(status);
      });
    });
  }

  /** Reads frames from now on; until this call the link is not read. */
  listen(): this {
    this.stream.on('data', (message: Buffer) => {
      this.raw.push(message);
      this.#frames.push(unwrapFrame(this.isSealed ? message.subarray(0, -MAC_BYTES) : message));
      this.#wake();
    });
    return this;
  }

  send(frame: Uint8Array): void {
    this.stream.write(wrapFrame(frame));
  }

  sendRaw(message: Buffer): void {
    this.stream.write(message);
  }

  async next(): Promise<Uint8Array> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.stream.cancel();
    this.#client.close();
  }
}
