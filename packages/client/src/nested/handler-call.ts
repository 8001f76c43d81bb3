/** A unary call that a handler makes with a client of ours. */
import {
  type CallCredentials,
  type experimental,
  type InterceptingListener,
  type Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import { type Handling, handle, type NestedCallHandle, type SendNested } from '@understudy/context';
import type { Reply } from '@understudy/core/internal';
import { localStatus, type MessageContext, setCaller } from '@understudy/grpc-common';
import { UnsentCall } from '../call/unsent-call.js';
import { deliverBytes } from '../delivery/reception.js';
import { type BytesCall, type CallTarget, type Depart, sendCall } from '../rpc/sent-call.js';

/**
 * A unary call that a handler makes, as grpc-js sees it below serialization. Nothing leaves from here: the call becomes
 * a request to the replica, the same on every replica that executes, and ends with the reply that has a place in the
 * group's order. So this code never looks at a clock, and nothing that it tells the handler depends on whether this
 * replica is the one that sends.
 */
export class HandlerCall extends UnsentCall implements experimental.CallStream {
  readonly #handling: Handling;
  readonly #depart: Depart;
  readonly #target: CallTarget;
  #credentials: CallCredentials | undefined;
  #started: { readonly metadata: Metadata; readonly listener: InterceptingListener } | undefined;
  #message: Buffer | undefined;
  #halfClosed = false;
  /** The status of a call that ended before it became a request to the replica. */
  #ending: StatusObject | undefined;
  #nested: NestedCallHandle | undefined;
  /** The status with which the application gave the call up since. */
  #givenUp: Pick<StatusObject, 'code' | 'details'> | undefined;
  #replied = false;

  constructor(handling: Handling, target: CallTarget, depart: Depart) {
    super();
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
    // A serializer may pass on the application's own bytes, which the application may use again.
    else this.#message = Buffer.from(message);
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#proceed();
  }

  /** Does nothing: the one message of the reply comes with the reply. */
  startRead(): void {}

  cancelWithStatus(code: Status, details: string): void {
    if (this.#nested === undefined) {
      this.#endHere(code, details);
    } else if (!this.#replied && this.#givenUp === undefined) {
      this.#givenUp = { code, details };
      this.#nested.cancel();
    }
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
    const settings = { ...this.#target, requestStream: false, responseStream: false, credentials: this.#credentials };
    const send: SendNested = (caller, done) => {
      const outgoing = metadata.clone();
      const open = (): BytesCall | undefined => {
        setCaller(outgoing, caller);
        return this.#depart(settings, outgoing, caller);
      };
      return sendCall(open, outgoing, message, done);
    };
    const receive = (outcome: Reply): void => this.#receive(listener, outcome);
    this.#nested = this.#handling.nest({ method: settings.path, message }, send, receive);
  }

  /** Gives the handler its reply in the handler's own context, so that what it does next still counts as its doing. */
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
