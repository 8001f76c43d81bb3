import { ERROR_CODES, type ErrorCode } from '@understudy/core';
import { type CallId, type Outcome, type ReplicaEvent, replyOf } from '@understudy/core/internal';
import type { ApplicationCall, History } from '../checks/history.js';
import type { Caller } from '../network/caller.js';
import { requestText } from '../services/ledger.js';

/** The replica that is called. */
export interface PlainServer {
  readonly runs: boolean;
  newCall(caller: Caller): CallId;
  step(event: ReplicaEvent): void;
  note(text: string): void;
}

export interface PlainCallsWorld {
  readonly tracing: boolean;
  readonly callNames: Map<number, string>;
  readonly history: History;
}

/** Unary calls of clients without our interceptor. One with an idempotency key may be sent more than once. */
export class PlainCalls {
  readonly #world: PlainCallsWorld;
  /** Calls that wait for an answer, and how often each was sent. */
  readonly #open = new Map<ApplicationCall, number>();

  constructor(world: PlainCallsWorld) {
    this.#world = world;
  }

  send(server: PlainServer, operation: ApplicationCall): void {
    if (!server.runs) return;
    this.#open.set(operation, (this.#open.get(operation) ?? 0) + 1);
    const call = server.newCall(this.#callerOf(operation));
    if (this.#world.tracing) {
      this.#world.callNames.set(call, operation.name);
      server.note(`gets the plain call ${operation.name}`);
    }
    const { name, input, key, readOnly } = operation;
    const request = { method: '/log.Log/Append', message: requestText(name, input), ...(key !== undefined && { key }) };
    server.step({ kind: 'plainCall', call, peer: 'plain', readOnly, request });
  }

  #callerOf(operation: ApplicationCall): Caller {
    return {
      answered: (outcome: Outcome) => {
        this.#open.delete(operation);
        this.#world.history.answer(operation, replyOf(outcome));
      },
      // The outcome of a call that was sent more than once under its key is unknown.
      failed: (code: ErrorCode) =>
        this.#fail(operation, ERROR_CODES[code].mayHaveTakenEffect || operation.key !== undefined),
      lost: () => this.#fail(operation, true),
    };
  }

  /** One attempt failed. The last attempt decides, unless another was answered. */
  #fail(operation: ApplicationCall, mayHaveTakenEffect: boolean): void {
    const sent = this.#open.get(operation);
    if (sent === undefined) return;
    if (sent > 1) {
      this.#open.set(operation, sent - 1);
      return;
    }
    this.#open.delete(operation);
    if (operation.state === 'open') this.#world.history.fail(operation, mayHaveTakenEffect);
  }

  /** How many calls wait for an answer, without those whose handlers never end. */
  get waiting(): number {
    let waiting = 0;
    for (const { stuck } of this.#open.keys()) if (!stuck) waiting++;
    return waiting;
  }
}
