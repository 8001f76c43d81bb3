import { handle, type NestedCallHandle, realImmediate, type SendNested, type SentCall } from '@understudy/context';
import { GrpcStatus, type NestedCaller, type Reply } from '@understudy/core/internal';
import { messageOf } from '@understudy/grpc-common';
import type { HandlerRun } from './handler-run.js';

export type Receive = (outcome: Reply) => void;

/** A call to another service that a handler has made and waits for. */
export class OpenNestedCall implements NestedCallHandle {
  readonly run: HandlerRun;
  readonly #send: SendNested;
  readonly #receive: Receive;
  /** The call that left, until its reply is here. */
  #sent: SentCall | undefined;
  #cancelled = false;

  constructor(run: HandlerRun, send: SendNested, receive: Receive) {
    this.run = run;
    this.#send = send;
    this.#receive = receive;
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    const sent = this.#sent;
    if (sent !== undefined) handle(undefined, () => sent.cancel());
  }

  /** Gives the call up for this life of the replica, so that a successor may go on with it. */
  leave(): void {
    const sent = this.#sent;
    if (this.#cancelled || sent?.leave === undefined) {
      this.cancel();
      return;
    }
    this.#cancelled = true;
    handle(undefined, () => sent.leave?.());
  }

  /**
   * Makes the call leave. Only the primary calls this, once, and outside of any handling. `done` is called once, in a
   * later turn.
   *
   * @param again whether an earlier primary may have sent the call
   */
  send(caller: NestedCaller, again: boolean, done: (outcome: Reply) => void): void {
    if (this.#cancelled) {
      realImmediate(done, CANCELLED);
      return;
    }
    let replied = false;
    const reply = (outcome: Reply): void => {
      if (replied) return;
      replied = true;
      this.#sent = undefined;
      done(outcome);
    };
    try {
      this.#sent = this.#send(caller, reply, again);
    } catch (error) {
      realImmediate(reply, { kind: 'reply', code: GrpcStatus.INTERNAL, details: messageOf(error) });
    }
  }

  /**
   * Gives the handler its reply, or the error in its place. It does so in a tick of its own, so that the results do not
   * depend on the caller's place.
   */
  give(outcome: Reply): void {
    process.nextTick(() => handle(this.run, () => this.#give(outcome)));
  }

  #give(outcome: Reply): void {
    try {
      this.#receive(outcome);
    } catch (error) {
      this.run.threw(error);
    }
  }
}

const CANCELLED: Reply = Object.freeze({ kind: 'reply', code: GrpcStatus.CANCELLED, details: 'Cancelled on client' });
