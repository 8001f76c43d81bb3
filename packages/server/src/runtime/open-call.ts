import { handle, type NestedCall, type SendNested, type Sent } from '@understudy/context';
import { GrpcStatus, type NestedCaller, type Reply } from '@understudy/core/internal';
import type { HandlerRun } from './handler-run.js';

export type Receive = (outcome: Reply) => void;

/** A call to another service that a handler has made and waits for. */
export class OpenCall implements NestedCall {
  readonly run: HandlerRun;
  readonly #send: SendNested;
  readonly #receive: Receive;
  /** Until its reply is here. */
  #sent: Sent | undefined;
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

  /** To be called once, at the primary, and within no handling. `done` is called once, in a later turn. */
  send(caller: NestedCaller, done: (outcome: Reply) => void): void {
    if (this.#cancelled) {
      setImmediate(done, CANCELLED);
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
      this.#sent = this.#send(caller, reply);
    } catch (error) {
      setImmediate(reply, { kind: 'reply', code: GrpcStatus.INTERNAL, details: messageOf(error) });
    }
  }

  /**
   * Gives the handler its reply, or what stands in its place: in a tick of its own, so that what comes of it does not
   * depend on where this is called from.
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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
