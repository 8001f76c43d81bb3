import {
  type CallCredentials,
  type experimental,
  type InterceptingListener,
  type Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import { type Handling, handle, type NestedCall, type SendNested } from '@understudy/context';
import type { NestedCaller, Reply } from '@understudy/core/internal';
import { setCaller } from './caller-metadata.js';
import type { AuthContext, MessageContext } from './grpc-types.js';
import { deliverBytes } from './reception.js';
import { type BytesCall, type CallSettings, type CallTarget, sendCall } from './sent-call.js';
import { localStatus } from './statuses.js';

/** Makes the call that is sent, to be started with `metadata`, to which it may add. */
export type Depart = (settings: CallSettings, metadata: Metadata, caller: NestedCaller) => BytesCall;

/**
 * A unary call that a handler makes, as grpc-js has it beneath serialization. Nothing of it leaves: it becomes a request
 * to the replica, the same on every one that executes, and ends with the reply that the group's order has for it. So
 * nothing here looks at a clock, and of what it says nothing depends on whether this replica is the one that sends.
 */
export class HandlerCall implements experimental.CallStream {
  readonly #handling: Handling;
  readonly #depart: Depart;
  readonly #target: CallTarget;
  #credentials: CallCredentials | undefined;
  #started: { readonly metadata: Metadata; readonly listener: InterceptingListener } | undefined;
  #message: Buffer | undefined;
  #halfClosed = false;
  /** Ended before it was a request to the replica. */
  #ending: StatusObject | undefined;
  #nested: NestedCall | undefined;
  /** What the application gave it up with since. */
  #givenUp: Pick<StatusObject, 'code' | 'details'> | undefined;
  #replied = false;

  constructor(handling: Handling, target: CallTarget, depart: Depart) {
    this.#handling = handling;
    this.#target = target;
    this.#depart = depart;
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = credentials;
  }

  start(metadata: Metadata, listener: InterceptingListener): void {
    this.#started = { metadata: metadata.clone(), listener };
    if (this.#ending === undefined) this.#proceed();
    else this.#tellEnding(this.#ending);
  }

  sendMessageWithContext({ callback }: MessageContext, message: Buffer): void {
    if (callback !== undefined) process.nextTick(callback);
    if (this.#message !== undefined) this.#endHere(Status.UNIMPLEMENTED, 'this method has one request message');
    // A serializer may pass on what is the application's own, which that may use again.
    else this.#message = Buffer.from(message);
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#proceed();
  }

  /** The one message of the reply is given with the reply. */
  startRead(): void {}

  cancelWithStatus(code: Status, details: string): void {
    if (this.#nested === undefined) {
      this.#endHere(code, details);
    } else if (!this.#replied && this.#givenUp === undefined) {
      this.#givenUp = { code, details };
      this.#nested.cancel();
    }
  }

  getPeer(): string {
    return 'unknown';
  }

  getCallNumber(): number {
    return 0;
  }

  getAuthContext(): AuthContext | null {
    return null;
  }

  #proceed(): void {
    if (this.#started === undefined || !this.#halfClosed) return;
    if (this.#ending !== undefined || this.#nested !== undefined) return;
    if (this.#message === undefined) {
      this.#endHere(Status.UNIMPLEMENTED, 'this method needs a request message');
      return;
    }
    this.#nest(this.#started.metadata, this.#message, this.#started.listener);
  }

  #nest(metadata: Metadata, message: Buffer, listener: InterceptingListener): void {
    const settings = { ...this.#target, credentials: this.#credentials };
    const send: SendNested = (caller, done) => {
      const outgoing = metadata.clone();
      const open = (): BytesCall => {
        setCaller(outgoing, caller);
        return this.#depart(settings, outgoing, caller);
      };
      return sendCall(open, outgoing, message, done);
    };
    const receive = (outcome: Reply): void => this.#receive(listener, outcome);
    this.#nested = this.#handling.nest({ method: settings.path, message }, send, receive);
  }

  /** The handler goes on, as the handler that it is. */
  #receive(listener: InterceptingListener, outcome: Reply): void {
    this.#replied = true;
    const asked = outcome.code === Status.CANCELLED ? this.#givenUp : undefined;
    handle(this.#handling, () => deliverBytes(listener, { ...outcome, ...asked }));
  }

  #endHere(code: Status, details: string): void {
    if (this.#ending !== undefined || this.#nested !== undefined) return;
    this.#ending = localStatus(code, details, false);
    this.#tellEnding(this.#ending);
  }

  #tellEnding(ending: StatusObject): void {
    const listener = this.#started?.listener;
    if (listener !== undefined) process.nextTick(() => listener.onReceiveStatus(ending));
  }
}
