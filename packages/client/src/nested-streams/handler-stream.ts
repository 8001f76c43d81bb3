/** A streaming call that a handler makes with a client of ours. */
import {
  type CallCredentials,
  type experimental,
  type InterceptingListener,
  type Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import { type Handling, handle, type NestedCallHandle, type SendNested, type SentCall } from '@understudy/context';
import type { MetadataEntries, Reply } from '@understudy/core/internal';
import { carriedMetadata, localStatus, type MessageContext, setCaller } from '@understudy/grpc-common';
import { UnsentCall } from '../call/unsent-call.js';
import { statusOf, unusableMetadata } from '../delivery/reception.js';
import type { CallTarget, Depart, MethodKind } from '../rpc/sent-call.js';
import { decodeBatch, encodeBatch } from './batch.js';
import { OutgoingWrites } from './outgoing-writes.js';
import { ParentWatch } from './parent-watch.js';
import { SentStream, TAKEN } from './sent-stream.js';

const NO_BYTES = Buffer.alloc(0);
/** For how many ticks a handler may leave messages before an error unread, until they are dropped. */
const UNREAD_TICKS = 2;
const NOTHING_SENT: SentCall = Object.freeze({ cancel() {} });

/** The status that the handler is to hear once it has read the messages before it. */
type Ending = { readonly outcome: Reply } | { readonly status: StatusObject };

/**
 * A streaming call that a handler makes, as grpc-js sees it below serialization. Every replica that executes has one, and
 * they all do the same, because all that comes in has a place in the group's order. The stream consists of operations,
 * each of which is to the replica what a unary call is: the primary carries it out once everything that it reflects is
 * stable, and its outcome is an ordered message. The *opening* ends with the stream's status. A *read* ends with the
 * messages that came meanwhile, and is made when the handler has taken all that came before. A *write* and a
 * *cancellation* end when they were passed on.
 */
export class HandlerStream extends UnsentCall implements experimental.CallStream {
  readonly #handling: Handling;
  readonly #depart: Depart;
  readonly #target: CallTarget & MethodKind;
  readonly #outgoing = new OutgoingWrites((messages, ends) => this.#write(messages, ends));
  readonly #parent: ParentWatch;
  #credentials: CallCredentials | undefined;
  #started: { readonly metadata: Metadata; readonly listener: InterceptingListener } | undefined;
  /** The one request, if the method has only one. */
  #message: Buffer | undefined;
  #halfClosed = false;
  #opened: NestedCallHandle | undefined;
  /** On the primary that opened the stream: the call that left the process. */
  #sent: SentStream | undefined;
  /** The callee's items up to this one have come. */
  #received = 0;
  /** The callee has taken the messages up to this position, so no replica sends them again. */
  #position = 0;
  #initial: MetadataEntries | undefined;
  /** Whether the handler was told of the initial metadata. */
  #begun = false;
  #incoming: Buffer[] = [];
  #reads = 0;
  #reading = false;
  /** The status with which the handler gave the call up. */
  #givenUp: Pick<StatusObject, 'code' | 'details'> | undefined;
  #ending: Ending | undefined;
  #told = false;
  #unreadTicks = 0;
  #scheduled = false;

  constructor(handling: Handling, target: CallTarget & MethodKind, depart: Depart) {
    super();
    this.#handling = handling;
    this.#target = target;
    this.#depart = depart;
    this.#parent = new ParentWatch(handling, (code, details) => this.cancelWithStatus(code, details));
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = credentials;
  }

  start(metadata: Metadata, listener: InterceptingListener): void {
    this.#started = { metadata: metadata.clone(), listener };
    if (this.#ending !== undefined) this.#tellSoon();
    else this.#proceed();
  }

  sendMessageWithContext({ callback }: MessageContext, message: Buffer): void {
    // A serializer may pass on the application's own bytes, which the application may use again.
    const bytes = Buffer.from(message);
    if (this.#target.requestStream) {
      this.#outgoing.push(bytes, callback);
      return;
    }
    if (callback !== undefined) process.nextTick(callback);
    if (this.#message !== undefined) this.#endHere(Status.UNIMPLEMENTED, 'this method has one request message');
    else this.#message = bytes;
  }

  halfClose(): void {
    if (this.#halfClosed) return;
    this.#halfClosed = true;
    if (this.#target.requestStream) this.#outgoing.end();
    else this.#proceed();
  }

  startRead(): void {
    // As in grpc-js, all reads that find no message count as one.
    this.#reads = Math.min(this.#reads + 1, this.#incoming.length + 1);
    this.#tellSoon();
  }

  cancelWithStatus(code: Status, details: string): void {
    if (this.#opened === undefined) {
      this.#endHere(code, details);
      return;
    }
    if (this.#ending !== undefined || this.#givenUp !== undefined) return;
    this.#givenUp = { code, details };
    this.#outgoing.close();
    const send: SendNested = (_caller, done) => {
      this.#sent?.cancel();
      process.nextTick(done, TAKEN);
      return NOTHING_SENT;
    };
    this.#nest(NO_BYTES, send, (outcome) => {
      if (outcome.code === Status.OK) return;
      // The cancellation got no place in the order, and only the order decides what the handler hears.
      this.#givenUp = undefined;
      this.#opened?.cancel();
      this.#tellSoon();
    });
  }

  #proceed(): void {
    const started = this.#started;
    if (started === undefined || this.#opened !== undefined || this.#ending !== undefined) return;
    const { requestStream } = this.#target;
    if (!requestStream && !this.#halfClosed) return;
    if (!requestStream && this.#message === undefined) {
      this.#endHere(Status.UNIMPLEMENTED, 'this method needs a request message');
      return;
    }
    this.#open(started.metadata, this.#message);
  }

  #open(metadata: Metadata, message: Buffer | undefined): void {
    const send: SendNested = (caller, done, again) => {
      const settings = { ...this.#target, credentials: this.#credentials };
      const outgoing = metadata.clone();
      const place = { again, received: this.#received, position: this.#position };
      const open = () => {
        setCaller(outgoing, again ? { ...caller, received: place.received } : caller);
        return this.#depart(settings, outgoing, caller, place);
      };
      const sent = new SentStream(open, outgoing, message, place, done);
      this.#sent = sent;
      this.#parent.watchDeadline((code, details) => sent.cancel(code, details));
      return sent;
    };
    this.#opened = this.#nest(message ?? NO_BYTES, send, (outcome) => this.#onEnd(outcome));
    this.#parent.watchCancellation();
    this.#outgoing.open();
    this.#tellSoon();
  }

  #read(): void {
    this.#reading = true;
    const send: SendNested = (_caller, done) => {
      if (this.#sent === undefined) process.nextTick(done, TAKEN);
      else this.#sent.read(done);
      return NOTHING_SENT;
    };
    this.#nest(NO_BYTES, send, (outcome) => {
      this.#reading = false;
      if (outcome.code === Status.OK) this.#onMessages(outcome);
      else this.#refuse(outcome);
    });
  }

  #write(messages: readonly Buffer[], ends: boolean): void {
    const send: SendNested = (_caller, done) => {
      if (this.#sent === undefined) process.nextTick(done, TAKEN);
      else this.#sent.write(messages, ends, done);
      return NOTHING_SENT;
    };
    this.#nest(encodeBatch(messages, 0), send, (outcome) => {
      if (outcome.code !== Status.OK) {
        this.#refuse(outcome);
        return;
      }
      this.#position += messages.length + (ends ? 1 : 0);
      this.#outgoing.taken();
    });
  }

  #nest(message: Buffer, send: SendNested, receive: (outcome: Reply) => void): NestedCallHandle {
    return this.#handling.nest({ method: this.#target.path, message }, send, receive);
  }

  #onMessages({ initialMetadata, message }: Reply): void {
    if (this.#ending !== undefined || this.#givenUp !== undefined) return;
    this.#begin(initialMetadata);
    const { messages, upTo } = decodeBatch(message);
    if (upTo > this.#received) this.#received = upTo;
    this.#incoming.push(...messages);
    this.#tellSoon();
  }

  #onEnd(outcome: Reply): void {
    if (this.#ending !== undefined) return;
    if (this.#givenUp === undefined) {
      this.#begin(outcome.initialMetadata);
      this.#incoming.push(...decodeBatch(outcome.message).messages);
    } else this.#incoming = [];
    this.#end({ outcome: { ...outcome, ...this.#givenUp } });
  }

  #begin(entries: MetadataEntries | undefined): void {
    if (entries !== undefined) this.#initial ??= entries;
  }

  /** An operation has no place in the order, so the stream cannot go on. */
  #refuse(outcome: Reply): void {
    if (this.#ending !== undefined) return;
    this.#opened?.cancel();
    this.#end({ outcome });
  }

  #endHere(code: Status, details: string): void {
    if (this.#ending === undefined) this.#end({ status: localStatus(code, details, this.#opened !== undefined) });
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    this.#outgoing.close();
    this.#parent.close();
    this.#tellSoon();
  }

  /** Tells the handler in a tick of its own, which is still of the same step. */
  #tellSoon(): void {
    if (this.#scheduled || this.#told || this.#started === undefined) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      handle(this.#handling, () => this.#tellNext());
    });
  }

  /** Tells the handler one event at a time, so that a listener that throws misses none of the others. */
  #tellNext(): void {
    const listener = this.#started?.listener;
    if (listener === undefined || this.#told) return;
    const initial = this.#initial;
    const message = this.#reads > 0 ? this.#incoming[0] : undefined;
    if (initial !== undefined && !this.#begun) {
      this.#begun = true;
      this.#tellSoon();
      this.#tellMetadata(listener, initial);
    } else if (message !== undefined) {
      this.#incoming.shift();
      this.#reads--;
      this.#unreadTicks = 0;
      this.#tellSoon();
      listener.onReceiveMessage(message);
    } else if (this.#ending !== undefined) this.#tellEnd(listener, this.#ending);
    else if (this.#reads > 0 && this.#opened !== undefined && !this.#reading && this.#givenUp === undefined)
      this.#read();
  }

  #tellMetadata(listener: InterceptingListener, initial: MetadataEntries): void {
    let metadata: Metadata;
    try {
      metadata = carriedMetadata(initial);
    } catch (error) {
      this.#opened?.cancel();
      this.#incoming = [];
      this.#ending = undefined;
      this.#end({ status: unusableMetadata(error, true) });
      return;
    }
    listener.onReceiveMetadata(metadata);
  }

  /** Messages before an error that the handler does not read are dropped, as in grpc-js. */
  #tellEnd(listener: InterceptingListener, ending: Ending): void {
    if (this.#incoming.length > 0) {
      const isError = 'status' in ending || ending.outcome.code !== Status.OK;
      if (!isError) return;
      if (this.#unreadTicks++ < UNREAD_TICKS) {
        this.#tellSoon();
        return;
      }
      this.#incoming = [];
    }
    this.#told = true;
    listener.onReceiveStatus('status' in ending ? ending.status : statusFrom(ending.outcome));
  }
}

function statusFrom(outcome: Reply): StatusObject {
  try {
    return statusOf(outcome);
  } catch (error) {
    return unusableMetadata(error, true);
  }
}
