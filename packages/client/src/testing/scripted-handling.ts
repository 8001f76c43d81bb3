/** Replicas for tests of the calls that handlers make. */
import {
  type Handling,
  handle,
  type NestedCallHandle,
  type NestedRequest,
  type SendNested,
  type SentCall,
} from '@understudy/context';
import type { OrderNum, Term } from '@understudy/core';
import type { NestedCaller, Reply } from '@understudy/core/internal';

/** The name of the `index`-th call that the message at `orderNum` makes. */
export const callerAt = (orderNum: number, index = 0, client = 'shop/0a1b'): NestedCaller => ({
  client,
  term: 3 as Term,
  id: { orderNum: orderNum as OrderNum, index },
  settledUpTo: 2 as OrderNum,
});

/** A replica that processes a message, for tests of the calls that its handler makes. */
export class ScriptedHandling implements Handling {
  /** Errors that nobody catches are the test's. */
  readonly uncaught = undefined;
  /** Handlers see the real clock. */
  readonly values = undefined;
  readonly made: ScriptedNested[] = [];
  readonly #sends: boolean;

  private constructor(sends: boolean) {
    this.#sends = sends;
  }

  /** Sends calls and gives replies to handlers only when the test says so. */
  static byHand(): ScriptedHandling {
    return new ScriptedHandling(false);
  }

  /** A primary for which everything is stable: calls leave at once, and handlers get their replies. */
  static primary(): ScriptedHandling {
    return new ScriptedHandling(true);
  }

  run<T>(handler: () => T): T {
    return handle(this, handler);
  }

  /** The one call that was made. */
  get only(): ScriptedNested {
    const [call] = this.made;
    if (call === undefined || this.made.length > 1) throw new Error(`${this.made.length} calls were made`);
    return call;
  }

  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCallHandle {
    const call = new ScriptedNested(request, send, receive);
    this.made.push(call);
    if (this.#sends) handle(undefined, () => this.#send(call));
    return call;
  }

  async #send(call: ScriptedNested): Promise<void> {
    call.receive(await call.send(callerAt(7, this.made.indexOf(call))));
  }
}

export class ScriptedNested implements NestedCallHandle {
  /** How often the handler gave the call up. */
  cancels = 0;
  #sent: SentCall | undefined;

  constructor(
    readonly request: NestedRequest,
    readonly sender: SendNested,
    readonly receive: (outcome: Reply) => void,
  ) {}

  /** Sends the call and resolves with its reply. Rejects if the client reports a second reply. */
  send(caller: NestedCaller, again = false): Promise<Reply> {
    return new Promise((resolve, reject) => {
      let told: Reply | undefined;
      this.#sent = handle(undefined, () =>
        this.sender(
          caller,
          (outcome) => {
            if (told !== undefined) reject(new Error('done was called twice'));
            told = outcome;
            // A second reply would show by the later turn in which this resolves.
            setImmediate(() => resolve(outcome));
          },
          again,
        ),
      );
      if (told !== undefined) reject(new Error('done was called at once'));
    });
  }

  cancel(): void {
    this.cancels++;
    this.#sent?.cancel();
  }
}
