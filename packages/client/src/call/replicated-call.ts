import type { InterceptorOptions, StatusObject } from '@grpc/grpc-js';
import type { SentCall } from '@understudy/context';
import type { ErrorCode } from '@understudy/core';
import type { Reply } from '@understudy/core/internal';
import { errorStatus, type MessageContext } from '@understudy/grpc-common';
import type { SessionHost } from '../channel/session-host.js';
import { deliverOutcome, deliverStatus } from '../delivery/reception.js';
import { sendCall } from '../rpc/sent-call.js';
import type { SessionRunner } from '../session/session-runner.js';
import type { MethodPlan } from './methods.js';
import { SessionCall } from './session-call.js';

/** A unary call that travels through the channel's session. */
export class ReplicatedCall extends SessionCall {
  readonly #ownReadOnly: boolean;
  #halfClosed = false;
  #runner: SessionRunner | undefined;
  /** The ordinary RPC, if the group does not replicate the call's service. */
  #passedOn: SentCall | undefined;

  constructor(host: SessionHost, options: InterceptorOptions, plan: MethodPlan) {
    super(host, options, plan);
    this.#ownReadOnly = plan.readOnly;
  }

  get readOnly(): boolean {
    return this.host.isReadOnly(this.method.path, this.#ownReadOnly);
  }

  sendMessageWithContext(context: MessageContext, message: unknown): void {
    this.setMessage(message);
    if (context.callback !== undefined) process.nextTick(context.callback);
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.proceed();
  }

  /** Does nothing: the message of a unary reply is asked for from the start. */
  startRead(): void {}

  deliver(outcome: Reply): void {
    this.end(outcome, false);
  }

  fail(code: ErrorCode, reason: string, mayHaveTakenEffect: boolean): void {
    this.endHere(errorStatus(code, reason, { mayHaveTakenEffect }));
  }

  passOn(): void {
    const message = this.message ?? Buffer.alloc(0);
    this.#passedOn = sendCall(
      () => this.openPlain(),
      this.plainMetadata,
      message,
      (outcome) => this.end(outcome, false),
    );
  }

  resubmit(): void {
    this.proceed();
  }

  run(): void {
    const { listener, ending, host, method } = this;
    if (listener === undefined || ending === undefined) return;
    this.listener = undefined;
    if (this.endingIsLocal) deliverStatus(listener, ending as StatusObject);
    else deliverOutcome(listener, ending as Reply, method, host.limits, this.readOnly);
  }

  protected submit(): void {
    if (this.#halfClosed && this.hasMessage()) this.#runner = this.host.submit(this);
  }

  protected withdraw(): boolean {
    this.#passedOn?.cancel();
    if (this.#passedOn !== undefined) return true;
    return (this.#runner?.cancel(this) ?? false) && !this.readOnly;
  }
}
