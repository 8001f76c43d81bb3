/** The path that calls of every kind take through the channel's session. */
import { AsyncResource } from 'node:async_hooks';
import { type InterceptorOptions, Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import { wallMs } from '@understudy/context';
import type { ErrorCode } from '@understudy/core';
import type { CallId, MetadataEntries, NestedCaller, Reply, Request } from '@understudy/core/internal';
import {
  type AuthContext,
  asBuffer,
  CALLER_KEY,
  callerEntries,
  callerOf,
  errorStatus,
  type InterceptingCallInterface,
  localStatus,
  type MessageContext,
  messageOf,
  type ReceivingListener,
} from '@understudy/grpc-common';
import type { Expiring } from '../channel/deadlines.js';
import type { SessionHost } from '../channel/session-host.js';
import type { Delivery } from '../delivery/delivery-queue.js';
import { abandonedStatus, credentialsStatus } from '../delivery/local-statuses.js';
import type { BytesCall } from '../rpc/sent-call.js';
import type { OpenCall } from '../session/open-call.js';
import type { MethodPlan } from './methods.js';
import { callDeadlineMs, followParent } from './parent-call.js';

const NO_MESSAGE = asBuffer(new Uint8Array());
const UNREADABLE_CALLER = `the metadata "${CALLER_KEY}" of this call was made by no group; leave it out`;

/**
 * A call through the channel's session: it waits for credentials, has a deadline and perhaps a parent, and ends exactly
 * once. It implements grpc-js's call interface itself, because grpc-js's InterceptingCall reorders operations when a
 * hook is asynchronous. As in grpc-js, every listener is called in a later turn than what caused it.
 */
export abstract class SessionCall implements InterceptingCallInterface, OpenCall, Expiring, Delivery {
  id = 0 as CallId;
  heapIndex = -1;
  readonly scope = new AsyncResource('UNDERSTUDY_CALL', { requireManualDestroy: true });
  readonly deadlineMs: number;
  waitForReady = false;
  protected readonly host: SessionHost;
  protected readonly method: InterceptorOptions['method_definition'];
  /** Undefined before `start`, and after the listener has heard the end. */
  protected listener: ReceivingListener | undefined;
  /** The request, if the call has only one. */
  protected message: Buffer | undefined;
  /** The end of the call: the reply that the session brought, or a status that was made here. */
  protected ending: Reply | StatusObject | undefined;
  protected endingIsLocal = false;
  readonly #options: InterceptorOptions;
  readonly #createdAtMs = wallMs();
  #metadata: MetadataEntries | undefined;
  /** The metadata as the application gave it, without what credentials add. */
  #given: Metadata | undefined;
  /** The group that makes the call; undefined if no group does. */
  #caller: NestedCaller | undefined;
  /** The call was started and has its credentials. */
  #ready = false;
  #request: Request | undefined;
  #leaveParent: (() => void) | undefined;

  constructor(host: SessionHost, options: InterceptorOptions, plan: MethodPlan) {
    this.host = host;
    this.method = options.method_definition;
    this.#options = options;
    this.deadlineMs = Math.min(callDeadlineMs(options), this.#createdAtMs + plan.timeoutMs);
  }

  abstract readonly readOnly: boolean;

  get request(): Request {
    this.#request ??= this.#makeRequest();
    return this.#request;
  }

  start(metadata: Metadata, listener?: ReceivingListener): void {
    this.listener = listener;
    // The call was cancelled before it was started; only now there is a listener to tell.
    if (this.ending !== undefined) {
      this.tell();
      return;
    }
    this.#given = metadata;
    this.#metadata = callerEntries(metadata);
    try {
      const caller = callerOf(metadata);
      this.#caller = caller && this.host.proved(caller);
    } catch {
      this.endHere(errorStatus('UNDERSTUDY_MALFORMED', UNREADABLE_CALLER));
      return;
    }
    this.waitForReady = metadata.getOptions().waitForReady === true;
    this.#leaveParent = followParent(this.#options, (details) => this.cancelWithStatus(Status.CANCELLED, details));
    if (this.deadlineMs <= wallMs()) {
      this.expire();
      return;
    }
    if (this.deadlineMs !== Number.POSITIVE_INFINITY) this.host.deadlines.add(this);
    this.#askCredentials(metadata);
  }

  sendMessage(message: unknown): void {
    this.sendMessageWithContext({}, message);
  }

  abstract sendMessageWithContext(context: MessageContext, message: unknown): void;

  abstract halfClose(): void;

  abstract startRead(): void;

  cancelWithStatus(code: Status, details: string): void {
    if (this.ending !== undefined) return;
    this.endHere(abandonedStatus(code, details, this.withdraw()));
  }

  getPeer(): string {
    return this.host.peer;
  }

  getAuthContext(): AuthContext | null {
    return this.host.authContext;
  }

  /** Ends the call because its deadline has passed. */
  expire(): void {
    if (this.ending !== undefined) return;
    const seconds = ((wallMs() - this.#createdAtMs) / 1000).toFixed(3);
    this.endHere(abandonedStatus(Status.DEADLINE_EXCEEDED, `Deadline exceeded after ${seconds}s`, this.withdraw()));
  }

  abstract deliver(outcome: Reply): void;

  abstract passOn(): void;

  abstract fail(code: ErrorCode, reason: string, mayHaveTakenEffect: boolean): void;

  /** Tells the application what is due. The delivery queue calls this. */
  abstract run(): void;

  /** Gives the call to a session if there is enough of it. Called only when the call is ready and has not ended. */
  protected abstract submit(): void;

  /**
   * Takes the call back from the session.
   *
   * @returns whether the call may have taken effect, now or later
   */
  protected abstract withdraw(): boolean;

  /** Makes the same call as an ordinary RPC, to which gRPC itself adds the credentials' metadata. */
  protected openPlain(): BytesCall {
    return this.host.openPlain(this.method.path, this.deadlineMs, this.#options.credentials);
  }

  protected get plainMetadata(): Metadata {
    return this.#given?.clone() ?? new Metadata();
  }

  /** Has the application told in a later turn. */
  protected tell(): void {
    this.host.deliveries.push(this);
  }

  /** Goes on after something that the call waited for has come. */
  protected proceed(): void {
    if (this.#ready && this.ending === undefined) this.submit();
  }

  /** Sets the request of a call that has only one. */
  protected setMessage(message: unknown): void {
    if (this.ending !== undefined) return;
    if (this.message === undefined) this.message = this.serialize(message);
    else this.refuse(Status.UNIMPLEMENTED, 'this method has one request message');
  }

  /** Whether the one request is there; if it is missing, that ends the call. */
  protected hasMessage(): boolean {
    if (this.message === undefined) this.refuse(Status.UNIMPLEMENTED, 'this method needs a request message');
    return this.message !== undefined;
  }

  /** The bytes of a message; undefined if none may be sent, which has ended the call. */
  protected serialize(message: unknown): Buffer | undefined {
    let bytes: Buffer;
    try {
      bytes = this.method.requestSerialize(message);
    } catch (error) {
      this.refuse(Status.INTERNAL, `Request message serialization failure: ${messageOf(error)}`);
      return undefined;
    }
    const { maxSendBytes } = this.host.limits;
    if (maxSendBytes !== -1 && bytes.length > maxSendBytes) {
      this.refuse(Status.RESOURCE_EXHAUSTED, `Attempted to send message with a size larger than ${maxSendBytes}`);
      return undefined;
    }
    // A serializer that passes bytes on returns the application's own, which the application may use again while we
    // retain them.
    return message instanceof Uint8Array ? Buffer.from(bytes) : bytes;
  }

  /** Ends the call for a mistake of the application. */
  protected refuse(code: Status, details: string): void {
    this.endHere(localStatus(code, details, this.withdraw()));
  }

  protected endHere(status: StatusObject): void {
    this.end(status, true);
  }

  protected end(ending: Reply | StatusObject, local: boolean): void {
    if (this.ending !== undefined) return;
    this.ending = ending;
    this.endingIsLocal = local;
    this.host.deadlines.remove(this);
    this.#leaveParent?.();
    if (this.listener !== undefined) this.tell();
  }

  #askCredentials(metadata: Metadata): void {
    const { method_definition, host, credentials } = this.#options;
    const generated = this.host.callMetadata.generate(method_definition.path, host, credentials);
    if (generated === undefined) {
      this.#ready = true;
      this.proceed();
      return;
    }
    const whole = metadata.clone();
    generated.then(
      (added) => {
        if (this.ending !== undefined) return;
        whole.merge(added);
        if (whole.get('authorization').length > 1) {
          this.refuse(Status.INTERNAL, '"authorization" metadata cannot have multiple values');
          return;
        }
        this.#metadata = callerEntries(whole);
        this.#ready = true;
        this.proceed();
      },
      (error: unknown) => this.endHere(credentialsStatus(error)),
    );
  }

  #makeRequest(): Request {
    return {
      method: this.method.path,
      message: this.message ?? NO_MESSAGE,
      ...(this.#metadata !== undefined && { metadata: this.#metadata }),
      ...(this.deadlineMs !== Number.POSITIVE_INFINITY && { deadlineMs: this.deadlineMs }),
      ...(this.#caller !== undefined && { nested: this.#caller }),
    };
  }
}
