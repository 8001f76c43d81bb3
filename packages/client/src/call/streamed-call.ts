/** A stream of the application: a call with several requests, several replies, or both. */
import { type InterceptorOptions, status as Status, type StatusObject } from '@grpc/grpc-js';
import type { ErrorCode } from '@understudy/core';
import { type Reply, type StreamItem, unreachable } from '@understudy/core/internal';
import {
  asBuffer,
  carriedMetadata,
  errorStatus,
  type MessageContext,
  type ReceivingListener,
} from '@understudy/grpc-common';
import type { SessionHost } from '../channel/session-host.js';
import { type Incoming, IncomingItems } from '../delivery/incoming-items.js';
import { parsingError, statusOf, tooLarge, unusableMetadata } from '../delivery/reception.js';
import type { OpenStream, StreamSession } from '../session/open-stream.js';
import type { MethodPlan } from './methods.js';
import { OutgoingMessages } from './outgoing-messages.js';
import { PlainStream } from './plain-stream.js';
import { SessionCall } from './session-call.js';

/**
 * A streaming call through the channel's session. It opens when it is started or, if it has only one request, with that
 * request.
 */
export class StreamedCall extends SessionCall implements OpenStream {
  readonly readOnly = false;
  readonly #incoming = new IncomingItems(() => this.tell());
  readonly #outgoing = new OutgoingMessages(this, (written) => this.#onWritten(written));
  #written: (() => void)[] = [];
  #halfClosed = false;
  #session: StreamSession | undefined;
  /** The session has brought the end, which may still wait behind messages. */
  #settled = false;
  #anyMessage = false;
  #scheduled = false;

  constructor(host: SessionHost, options: InterceptorOptions, plan: MethodPlan) {
    super(host, options, plan);
    // The message of a single reply is asked for from the start.
    if (!this.method.responseStream) this.#incoming.startRead();
  }

  sendMessageWithContext({ callback }: MessageContext, message: unknown): void {
    if (this.method.requestStream && !this.#deaf) {
      this.#write(message, callback);
      return;
    }
    if (!this.method.requestStream) this.setMessage(message);
    if (callback !== undefined) process.nextTick(callback);
  }

  halfClose(): void {
    if (this.#halfClosed || this.#deaf) return;
    this.#halfClosed = true;
    if (this.method.requestStream) this.#outgoing.end();
    else this.proceed();
  }

  startRead(): void {
    if (this.ending === undefined) this.#incoming.startRead();
  }

  onItem(item: StreamItem, index: number): void {
    if (this.#deaf) return;
    this.#outgoing.forgetGiven();
    const refusal = item.kind === 'message' ? tooLarge(item.message, this.host.limits, true) : undefined;
    if (refusal === undefined) {
      this.#incoming.push(item, index);
      return;
    }
    this.#session?.cancel(this);
    this.#settle();
    this.#incoming.begin();
    this.#incoming.end({ local: true, ending: refusal });
  }

  onWritable(): void {
    this.#outgoing.onWritable();
  }

  deliver(outcome: Reply): void {
    if (this.#deaf) return;
    this.#settle();
    this.#incoming.end({ local: false, ending: outcome });
  }

  fail(code: ErrorCode, reason: string, mayHaveTakenEffect: boolean): void {
    if (this.#deaf) return;
    const unsent = code === 'UNDERSTUDY_UNREACHABLE' && !mayHaveTakenEffect;
    if (unsent && this.waitForReady && this.#outgoing.rewindable) {
      // The opening that failed may still be under way, so the next one waits for a later turn.
      process.nextTick(() => this.#openAgain());
      return;
    }
    this.#settle();
    this.#incoming.end({ local: true, ending: errorStatus(code, reason, { mayHaveTakenEffect }) });
  }

  /** Nothing of it was sent, so the session took one message at most. */
  resubmit(): void {
    if (this.#deaf) return;
    if (this.#outgoing.rewindable) this.#outgoing.rewind();
    else this.#outgoing.takeBack();
    this.#session = undefined;
    this.submit();
  }

  passOn(): void {
    const plain = new PlainStream(this.openPlain(), this.plainMetadata);
    this.#session = plain;
    plain.openStream(this);
    this.#outgoing.takeBack();
    if (this.method.requestStream) {
      this.#outgoing.open(plain);
    } else {
      plain.sendMessage(this, this.request.message);
      plain.halfClose();
    }
  }

  /** Tells the application one event, so that a listener that throws misses none of the others. */
  run(): void {
    this.#scheduled = false;
    try {
      this.#tellNext();
    } finally {
      this.tell();
    }
  }

  protected submit(): void {
    if (this.#session !== undefined || this.#settled) return;
    if (this.method.requestStream || (this.#halfClosed && this.hasMessage())) this.#open();
  }

  protected withdraw(): boolean {
    // A stream that the session has ended did take effect, even if the application did not hear all of it.
    const mayHaveTakenEffect = this.#settled || (this.#session?.cancel(this) ?? false);
    this.#settle();
    return mayHaveTakenEffect;
  }

  protected override tell(): void {
    if (this.#scheduled || !this.#due) return;
    this.#scheduled = true;
    super.tell();
  }

  protected override end(ending: Reply | StatusObject, local: boolean): void {
    this.#settle();
    super.end(ending, local);
  }

  /** The session that has the stream; undefined before it is opened and after its end. */
  protected get session(): StreamSession | undefined {
    return this.#session;
  }

  /** The application was told of the items up to this one. */
  protected told(index: number): void {
    this.#session?.taken(this, index);
  }

  /** Whether the session neither brings nor takes anything any more. */
  get #deaf(): boolean {
    return this.#settled || this.ending !== undefined;
  }

  get #due(): boolean {
    if (this.#written.length > 0) return true;
    return this.listener !== undefined && (this.ending !== undefined || this.#incoming.due);
  }

  #open(): void {
    const session = this.host.openStream(this);
    // The session may have passed the stream on at once.
    if (this.#deaf || this.#session instanceof PlainStream) return;
    this.#session = session;
    this.#outgoing.open(session);
  }

  #openAgain(): void {
    if (this.#deaf) return;
    this.#outgoing.rewind();
    this.#open();
  }

  /** As in grpc-js, the callback of a write that ends the call is never called. */
  #write(message: unknown, written: (() => void) | undefined): void {
    if (this.#outgoing.ended) {
      this.refuse(Status.INTERNAL, 'Write error: write after end');
      return;
    }
    const bytes = this.serialize(message);
    if (bytes !== undefined) this.#outgoing.push(bytes, written);
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#session = undefined;
    this.#outgoing.close();
  }

  #onWritten(written: () => void): void {
    this.#written.push(written);
    this.tell();
  }

  #tellNext(): void {
    const { listener } = this;
    // The end comes before write callbacks, since a writer that writes again in each could hold it up for ever.
    if (this.ending === undefined || listener === undefined) {
      const written = this.#written.shift();
      if (written !== undefined) {
        written();
        return;
      }
    }
    if (listener === undefined) return;
    if (this.ending === undefined) this.#tellItem(listener, this.#incoming.take());
    else this.#tellEnd(listener, this.ending);
  }

  #tellItem(listener: ReceivingListener, next: Incoming | undefined): void {
    if (next === undefined) return;
    switch (next.kind) {
      case 'metadata':
        return this.#tellMetadata(listener, next);
      case 'message':
        return this.#tellMessage(listener, next);
      case 'end':
        return this.end(next.end.ending, next.end.local);
      default:
        unreachable(next, 'incoming item');
    }
  }

  #tellMetadata(listener: ReceivingListener, { entries, index }: Incoming & { kind: 'metadata' }): void {
    let metadata: ReturnType<typeof carriedMetadata>;
    try {
      metadata = carriedMetadata(entries);
    } catch (error) {
      this.endHere(unusableMetadata(error, this.withdraw()));
      return;
    }
    if (index > 0) this.told(index);
    listener.onReceiveMetadata?.(metadata);
  }

  #tellMessage(listener: ReceivingListener, { bytes, index }: Incoming & { kind: 'message' }): void {
    let message: unknown;
    try {
      message = this.method.responseDeserialize(asBuffer(bytes));
    } catch (error) {
      this.refuse(Status.INTERNAL, parsingError(error));
      return;
    }
    this.told(index);
    this.#anyMessage = true;
    listener.onReceiveMessage?.(message);
  }

  #tellEnd(listener: ReceivingListener, ending: Reply | StatusObject): void {
    this.listener = undefined;
    this.#incoming.drop();
    let status: StatusObject;
    try {
      status = this.endingIsLocal ? (ending as StatusObject) : statusOf(ending as Reply);
    } catch (error) {
      status = unusableMetadata(error, true);
    }
    // As in grpc-js, a call with a single reply hears of a message that is null.
    if (!this.method.responseStream && !this.#anyMessage) listener.onReceiveMessage?.(null);
    listener.onReceiveStatus?.(status);
  }
}
