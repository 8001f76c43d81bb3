import {
  type Handling,
  handle,
  type NestedCall,
  type NestedRequest,
  type SendNested,
  type Sent,
} from '@understudy/context';
import type { OrderNum, Term } from '@understudy/core';
import type { NestedCaller, Reply } from '@understudy/core/internal';

/** Who the `index`-th call of the message at `orderNum` says that it is. */
export const callerAt = (orderNum: number, index = 0, client = 'shop/0a1b'): NestedCaller => ({
  client,
  term: 3 as Term,
  id: { orderNum: orderNum as OrderNum, index },
  settledUpTo: 2 as OrderNum,
});

/** A replica that processes a message, for tests of the calls that its handler makes. */
export class ScriptedHandling implements Handling {
  readonly made: ScriptedNested[] = [];
  readonly #sends: boolean;

  private constructor(sends: boolean) {
    this.#sends = sends;
  }

  /** Sends calls when it is told to, and gives handlers what it is told to. */
  static byHand(): ScriptedHandling {
    return new ScriptedHandling(false);
  }

  /** A primary for which everything is stable: calls leave, and handlers are given what they come to. */
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

  nest(request: NestedRequest, send: SendNested, receive: (outcome: Reply) => void): NestedCall {
    const call = new ScriptedNested(request, send, receive);
    this.made.push(call);
    if (this.#sends) handle(undefined, () => this.#send(call));
    return call;
  }

  async #send(call: ScriptedNested): Promise<void> {
    call.receive(await call.send(callerAt(7, this.made.indexOf(call))));
  }
}

export class ScriptedNested implements NestedCall {
  /** How often the handler gave it up. */
  cancels = 0;
  #sent: Sent | undefined;

  constructor(
    readonly request: NestedRequest,
    readonly sender: SendNested,
    readonly receive: (outcome: Reply) => void,
  ) {}

  /** What it comes to. Rejects if it is told that twice. */
  send(caller: NestedCaller): Promise<Reply> {
    return new Promise((resolve, reject) => {
      let told: Reply | undefined;
      this.#sent = handle(undefined, () =>
        this.sender(caller, (outcome) => {
          if (told !== undefined) reject(new Error('done was called twice'));
          told = outcome;
          // In a later turn, in which a second one would show.
          setImmediate(() => resolve(outcome));
        }),
      );
      if (told !== undefined) reject(new Error('done was called at once'));
    });
  }

  cancel(): void {
    this.cancels++;
    this.#sent?.cancel();
  }
}
