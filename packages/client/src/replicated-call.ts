import { type InterceptorOptions, type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import type { CallId, ErrorCode, MetadataEntries, Outcome, Request } from '@understudy/core';
import type { Expiring } from './deadlines.js';
import type { Delivery } from './delivery-queue.js';
import type { AuthContext, InterceptingCallInterface, MessageContext, ReceivingListener } from './grpc-types.js';
import { asBuffer, toEntries } from './metadata.js';
import type { MethodPlan } from './methods.js';
import type { OpenCall } from './open-call.js';
import { callDeadlineMs, followParent } from './parent-call.js';
import { deliverOutcome, deliverStatus } from './reception.js';
import type { SessionHost } from './session-host.js';
import type { SessionRunner } from './session-runner.js';
import { abandonedStatus, credentialsStatus, errorStatus, localStatus, messageOf } from './statuses.js';

/**
 * A unary call that travels through the channel's session. Implements grpc-js's call interface itself: its own
 * InterceptingCall reorders operations when a hook is asynchronous. As in grpc-js every listener is called in a later
 * turn than what caused it.
 */
export class ReplicatedCall implements InterceptingCallInterface, OpenCall, Expiring, Delivery {
  id = 0 as CallId;
  heapIndex = -1;
  readonly deadlineMs: number;
  readonly readOnly: boolean;
  waitForReady = false;
  readonly #host: SessionHost;
  readonly #options: InterceptorOptions;
  readonly #createdAtMs = Date.now();
  #listener: ReceivingListener | undefined;
  #metadata: MetadataEntries | undefined;
  #message: Buffer | undefined;
  #credentialsPending = false;
  #halfClosed = false;
  #runner: SessionRunner | undefined;
  #request: Request | undefined;
  /** How the call ended: what the session brought, or a status that was made here. */
  #ending: Outcome | StatusObject | undefined;
  #endingIsLocal = false;
  #leaveParent: (() => void) | undefined;

  constructor(host: SessionHost, options: InterceptorOptions, plan: MethodPlan) {
    this.#host = host;
    this.#options = options;
    this.readOnly = plan.readOnly;
    this.deadlineMs = Math.min(callDeadlineMs(options), this.#createdAtMs + plan.timeoutMs);
  }

  get request(): Request {
    this.#request ??= this.#makeRequest();
    return this.#request;
  }

  start(metadata: Metadata, listener?: ReceivingListener): void {
    this.#listener = listener;
    // Cancelled before it began: the listener is heard now.
    if (this.#ending !== undefined) {
      this.#host.deliveries.push(this);
      return;
    }
    this.#metadata = toEntries(metadata);
    this.waitForReady = metadata.getOptions().waitForReady === true;
    this.#leaveParent = followParent(this.#options, (details) => this.cancelWithStatus(Status.CANCELLED, details));
    if (this.deadlineMs <= Date.now()) {
      this.expire();
      return;
    }
    if (this.deadlineMs !== Number.POSITIVE_INFINITY) this.#host.deadlines.add(this);
    this.#askCredentials(metadata);
  }

  sendMessage(message: unknown): void {
    if (this.#ending !== undefined) return;
    if (this.#message !== undefined) {
      this.#refuse(Status.UNIMPLEMENTED, 'a unary call has one request message');
      return;
    }
    let bytes: Buffer;
    try {
      bytes = this.#options.method_definition.requestSerialize(message);
    } catch (error) {
      this.#refuse(Status.INTERNAL, `Request message serialization failure: ${messageOf(error)}`);
      return;
    }
    const { maxSendBytes } = this.#host.limits;
    if (maxSendBytes !== -1 && bytes.length > maxSendBytes) {
      this.#refuse(Status.RESOURCE_EXHAUSTED, `Attempted to send message with a size larger than ${maxSendBytes}`);
      return;
    }
    // A serializer that passes bytes on shows us the application's own, which it may use again while we retain them.
    this.#message = message instanceof Uint8Array ? Buffer.from(bytes) : bytes;
  }

  sendMessageWithContext(context: MessageContext, message: unknown): void {
    this.sendMessage(message);
    if (context.callback !== undefined) process.nextTick(context.callback);
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#submitWhenComplete();
  }

  /** The message of a unary reply is asked for from the start. */
  startRead(): void {}

  cancelWithStatus(code: Status, details: string): void {
    if (this.#ending !== undefined) return;
    this.#endHere(abandonedStatus(code, details, this.#withdraw()));
  }

  getPeer(): string {
    return this.#host.peer;
  }

  getAuthContext(): AuthContext | null {
    return this.#host.authContext;
  }

  /** The deadline passed. */
  expire(): void {
    if (this.#ending !== undefined) return;
    const seconds = ((Date.now() - this.#createdAtMs) / 1000).toFixed(3);
    this.#endHere(abandonedStatus(Status.DEADLINE_EXCEEDED, `Deadline exceeded after ${seconds}s`, this.#withdraw()));
  }

  deliver(outcome: Outcome): void {
    this.#end(outcome, false);
  }

  fail(code: ErrorCode, reason: string, mayHaveTakenEffect: boolean): void {
    this.#end(errorStatus(code, reason, mayHaveTakenEffect), true);
  }

  /** Tells the application; called by the delivery queue. */
  run(): void {
    const listener = this.#listener;
    const ending = this.#ending;
    if (listener === undefined || ending === undefined) return;
    this.#listener = undefined;
    if (this.#endingIsLocal) deliverStatus(listener, ending as StatusObject);
    else deliverOutcome(listener, ending as Outcome, this.#options.method_definition, this.#host.limits, this.readOnly);
  }

  #askCredentials(metadata: Metadata): void {
    const { method_definition, host, credentials } = this.#options;
    const generated = this.#host.callMetadata.generate(method_definition.path, host, credentials);
    if (generated === undefined) return;
    this.#credentialsPending = true;
    const whole = metadata.clone();
    generated.then(
      (added) => {
        if (this.#ending !== undefined) return;
        whole.merge(added);
        if (whole.get('authorization').length > 1) {
          this.#refuse(Status.INTERNAL, '"authorization" metadata cannot have multiple values');
          return;
        }
        this.#metadata = toEntries(whole);
        this.#credentialsPending = false;
        this.#submitWhenComplete();
      },
      (error: unknown) => this.#endHere(credentialsStatus(error)),
    );
  }

  #submitWhenComplete(): void {
    if (!this.#halfClosed || this.#credentialsPending || this.#ending !== undefined) return;
    if (this.#message === undefined) {
      this.#refuse(Status.UNIMPLEMENTED, 'a unary call needs a request message');
      return;
    }
    this.#runner = this.#host.submit(this);
  }

  #makeRequest(): Request {
    return {
      method: this.#options.method_definition.path,
      message: this.#message ?? asBuffer(new Uint8Array()),
      ...(this.#metadata !== undefined && { metadata: this.#metadata }),
      ...(this.deadlineMs !== Number.POSITIVE_INFINITY && { deadlineMs: this.deadlineMs }),
    };
  }

  /** Takes the call back from the session; whether it may have taken effect, now or later. */
  #withdraw(): boolean {
    return (this.#runner?.cancel(this) ?? false) && !this.readOnly;
  }

  /** Ends the call before anything of it was given to the session. */
  #refuse(code: Status, details: string): void {
    this.#endHere(localStatus(code, details, false));
  }

  #endHere(status: StatusObject): void {
    this.#end(status, true);
  }

  #end(ending: Outcome | StatusObject, local: boolean): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#endingIsLocal = local;
    this.#host.deadlines.remove(this);
    this.#leaveParent?.();
    if (this.#listener !== undefined) this.#host.deliveries.push(this);
  }
}
