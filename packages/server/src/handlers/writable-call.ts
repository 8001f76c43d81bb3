/** The sending half of the call objects of streaming methods. */
import { Writable } from 'node:stream';
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import { type CallOrigin, type CallSurface, type Constructor, withCallSurface } from './call-surface.js';
import { type PartialStatus, statusOfError } from './status.js';

/** A message that a handler wrote. */
export interface Written {
  /** Undefined if the message could not be serialized. */
  readonly bytes: Uint8Array | undefined;
}

/** The execution that a call object of a stream belongs to, as far as the call object uses it. */
export interface StreamCallOwner {
  sendMetadata(metadata: Metadata): void;
  /** Serializes a message, and counts it as waiting until it is sent. */
  written(message: unknown): Written;
  /** Called after a write, when too much may be waiting. */
  afterWrite(): void;
  /** Sends messages in order, one at a time. `sent` asks for the next. */
  sendMessage(message: Written, sent: () => void): void;
  sendStatus(status: PartialStatus): void;
  /** Says that a listener of the handler's threw, or that its promise rejected. */
  listenerFailed(kind: 'threw' | 'rejected', error: unknown): void;
}

export interface StreamOrigin extends CallOrigin {
  readonly owner: StreamCallOwner;
}

/** Methods of a call object that executions use and handlers should not. */
export interface StreamCall extends CallSurface, Writable {
  /** Sends what was written and then `status`, unless the handler has ended the stream before. */
  endWith(status: PartialStatus): void;
}

const OK: PartialStatus = { code: 0, details: 'OK' };
const REJECTION = Symbol.for('nodejs.rejection');

/**
 * Makes `Base` the sending half of a call. As in grpc-js, the end of the stream and its errors make the status, which
 * waits for what was written before.
 *
 * Messages become bytes in `write`, not when their turn comes, so that a message that the handler changes afterwards
 * leaves as it was, whenever the client makes room.
 */
export function withSending<B extends Constructor<Writable>>(Base: B): Constructor<InstanceType<B> & StreamCall> {
  const Call = withCallSurface(Base) as unknown as Constructor<Writable & CallSurface>;
  class SendingCall extends Call implements StreamCall {
    readonly #owner: StreamCallOwner;
    #pendingStatus = OK;
    #trailers = new Metadata();

    // biome-ignore lint/suspicious/noExplicitAny: what TypeScript wants of a mixin
    constructor(...args: any[]) {
      const origin: StreamOrigin = args[0];
      super(origin, { objectMode: true, captureRejections: true });
      this.#owner = origin.owner;
      this.on('error', (error) => {
        this.#pendingStatus = statusOfError(error, undefined);
        this.end();
      });
    }

    // biome-ignore lint/suspicious/noExplicitAny: as node types it
    override write(message: any, ...more: any[]): boolean {
      const rest = more as [];
      // Node has an error of its own for null.
      if (message === null) return super.write(message, ...rest);
      const wantsMore = super.write(this.#owner.written(message), ...rest);
      this.#owner.afterWrite();
      return wantsMore;
    }

    override _write(message: Written, _encoding: string, callback: () => void): void {
      this.#owner.sendMessage(message, callback);
    }

    override _final(callback: (error?: Error | null) => void): void {
      callback(null);
      const { metadata } = this.#pendingStatus;
      this.#owner.sendStatus({ ...this.#pendingStatus, metadata: metadata ?? this.#trailers });
    }

    // biome-ignore lint/suspicious/noExplicitAny: as grpc-js types it
    override end(trailers?: any): this {
      if (trailers) this.#trailers = trailers;
      return super.end();
    }

    endWith(status: PartialStatus): void {
      // The writable half of a destroyed stream never ends.
      if (this.destroyed) this.#owner.sendStatus(status);
      else if (!this.writableEnded) {
        this.#pendingStatus = status;
        this.end();
      }
    }

    /** Listeners run in ticks of node's streams, where what they throw would end the process. */
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      try {
        return super.emit(event, ...args);
      } catch (error) {
        this.#owner.listenerFailed('threw', error);
        return true;
      }
    }

    [REJECTION](error: unknown): void {
      this.#owner.listenerFailed('rejected', error);
    }
  }
  return SendingCall as unknown as Constructor<InstanceType<B> & StreamCall>;
}

/** The call as the handler of a server-streaming method sees it. */
export class WritableCall extends withSending(Writable) implements ServerWritableStream<unknown, unknown> {
  readonly request: unknown;

  constructor(origin: StreamOrigin, message: unknown) {
    super(origin);
    this.request = message;
  }
}
