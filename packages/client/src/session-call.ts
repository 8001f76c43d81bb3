import { type InterceptorOptions, type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import type { ErrorCode } from '@understudy/core';
import type { CallId, MetadataEntries, NestedCaller, Reply, Request } from '@understudy/core/internal';
import { callerOf } from './caller-metadata.js';
import type { Expiring } from './deadlines.js';
import type { Delivery } from './delivery-queue.js';
import type { AuthContext, InterceptingCallInterface, MessageContext, ReceivingListener } from './grpc-types.js';
import { asBuffer, toEntries } from './metadata.js';
import type { MethodPlan } from './methods.js';
import type { OpenCall } from './open-call.js';
import { callDeadlineMs, followParent } from './parent-call.js';
import type { SessionHost } from './session-host.js';
import { abandonedStatus, credentialsStatus, errorStatus, localStatus, messageOf } from './statuses.js';

const NO_MESSAGE = asBuffer(new Uint8Array());
const UNREADABLE_CALLER = 'the metadata "understudy-nested-bin" of this call was made by no group; leave it out';

/**
 * What calls of every kind have in common on their way through the channel's session: credentials, deadline, parent, and
 * that they end once. Implements grpc-js's call interface itself: its own InterceptingCall reorders operations when a
 * hook is asynchronous. As in grpc-js every listener is called in a later turn than what caused it.
 */
export abstract class SessionCall implements InterceptingCallInterface, OpenCall, Expiring, Delivery {
  id = 0 as CallId;
  heapIndex = -1;
  readonly deadlineMs: number;
  waitForReady = false;
  protected readonly host: SessionHost;
  protected readonly method: InterceptorOptions['method_definition'];
  /** Undefined before `start`, and when it has heard the end. */
  protected listener: ReceivingListener | undefined;
  /** The request of a call that has only one. */
  protected message: Buffer | undefined;
  /** How the call ended: what the session brought, or a status that was made here. */
  protected ending: Reply | StatusObject | undefined;
  protected endingIsLocal = false;
  readonly #options: InterceptorOptions;
  readonly #createdAtMs = Date.now();
  #metadata: MetadataEntries | undefined;
  /** The group that makes the call, if one does. */
  #caller: NestedCaller | undefined;
  /** Started, and its credentials are there. */
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
    // Cancelled before it began: the listener is heard now.
    if (this.ending !== undefined) {
      this.tell();
      return;
    }
    this.#metadata = toEntries(metadata);
    try {
      this.#caller = callerOf(metadata);
    } catch {
      this.endHere(errorStatus('UNDERSTUDY_MALFORMED', UNREADABLE_CALLER, false));
      return;
    }
    this.waitForReady = metadata.getOptions().waitForReady === true;
    this.#leaveParent = followParent(this.#options, (details) => this.cancelWithStatus(Status.CANCELLED, details));
    if (this.deadlineMs <= Date.now()) {
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

  /** The deadline passed. */
  expire(): void {
    if (this.ending !== undefined) return;
    const seconds = ((Date.now() - this.#createdAtMs) / 1000).toFixed(3);
    this.endHere(abandonedStatus(Status.DEADLINE_EXCEEDED, `Deadline exceeded after ${seconds}s`, this.withdraw()));
  }

  abstract deliver(outcome: Reply): void;

  abstract fail(code: ErrorCode, reason: string, mayHaveTakenEffect: boolean): void;

  /** Tells the application; called by the delivery queue. */
  abstract run(): void;

  /** Gives the call to a session if it is complete enough for that; it is ready and has not ended. */
  protected abstract submit(): void;

  /** Takes the call back from the session; whether it may have taken effect, now or later. */
  protected abstract withdraw(): boolean;

  /** The application is to hear of something. */
  protected tell(): void {
    this.host.deliveries.push(this);
  }

  /** Something that the call waited for is there. */
  protected proceed(): void {
    if (this.#ready && this.ending === undefined) this.submit();
  }

  /** The request of a call that has only one. */
  protected setMessage(message: unknown): void {
    if (this.ending !== undefined) return;
    if (this.message === undefined) this.message = this.serialize(message);
    else this.refuse(Status.UNIMPLEMENTED, 'this method has one request message');
  }

  /** Whether the one request is there; its lack ends the call. */
  protected hasMessage(): boolean {
    if (this.message === undefined) this.refuse(Status.UNIMPLEMENTED, 'this method needs a request message');
    return this.message !== undefined;
  }

  /** The bytes of a message; undefined if there are none that may be sent, which ended the call. */
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
    // A serializer that passes bytes on shows us the application's own, which it may use again while we retain them.
    return message instanceof Uint8Array ? Buffer.from(bytes) : bytes;
  }

  /** Ends the call for what the application did wrong. */
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
        this.#metadata = toEntries(whole);
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
