import { type Metadata, status as Status } from '@grpc/grpc-js';
import { asBuffer, replyEntries } from '@understudy/grpc-common';
import { replyOutcome } from '../rpc/reply-outcome.js';
import type { BytesCall } from '../rpc/sent-call.js';
import type { OpenStream, StreamSession } from '../session/open-stream.js';

/** An ordinary RPC in the place of a session, for a stream of a service that the group does not replicate. */
export class PlainStream implements StreamSession {
  readonly #call: BytesCall;
  readonly #metadata: Metadata;
  #items = 0;
  /** The message that the application has not taken yet; gRPC is asked for the next one after that. */
  #untaken = 0;

  constructor(call: BytesCall, metadata: Metadata) {
    this.#call = call;
    this.#metadata = metadata;
  }

  openStream(stream: OpenStream): void {
    this.#call.start(this.#metadata, {
      onReceiveMetadata: (metadata) =>
        stream.onItem({ kind: 'metadata', entries: replyEntries(metadata) ?? [] }, ++this.#items),
      onReceiveMessage: (message: Buffer | null) => {
        if (message === null) return;
        this.#untaken = ++this.#items;
        stream.onItem({ kind: 'message', message }, this.#untaken);
      },
      onReceiveStatus: (status) => stream.deliver(replyOutcome(undefined, undefined, status)),
    });
    this.#call.startRead();
  }

  sendMessage(stream: OpenStream, message: Uint8Array): void {
    this.#call.sendMessageWithContext({ callback: () => stream.onWritable() }, asBuffer(message));
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  taken(_stream: OpenStream, index: number): void {
    if (this.#untaken === 0 || index < this.#untaken) return;
    this.#untaken = 0;
    this.#call.startRead();
  }

  /** The RPC was sent, so whatever it is to do may have been done. */
  cancel(): boolean {
    this.#call.cancelWithStatus(Status.CANCELLED, 'Cancelled on client');
    return true;
  }
}
