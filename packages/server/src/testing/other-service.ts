/** A service that handlers call, for tests. */
import { currentHandling, type NestedCallHandle, type SendNested } from '@understudy/context';
import { type NestedCaller, type Outcome, type Reply, replyOf } from '@understudy/core/internal';

const METHOD = '/test.Other/Ask';

/** A call that left the replica. */
export interface Left {
  readonly caller: NestedCaller;
  /**
   * Whether the call, or the code that gave it up, ran inside a handling, so that a call made there would count as the
   * handler's.
   */
  nests: boolean;
  cancelled: boolean;
  done(outcome: Reply): void;
}

/** Another service with its client, which handlers call. */
export class OtherService {
  readonly left: Left[] = [];

  /** Makes a call. Call this within a handler. */
  call(text: string, told: (outcome: Reply) => void, send: SendNested = this.#send): NestedCallHandle {
    const handling = currentHandling();
    if (handling === undefined) throw new Error('asked from outside a handler');
    return handling.nest({ method: METHOD, message: Buffer.from(text) }, send, told);
  }

  /**
   * Makes a call.
   *
   * @returns resolves with the answer, or with the reason why there is none
   */
  ask(text: string): Promise<string> {
    return new Promise((resolve) => this.call(text, (outcome) => resolve(textOf(outcome))));
  }

  readonly #send: SendNested = (caller, done) => {
    const left: Left = { caller, nests: currentHandling() !== undefined, cancelled: false, done };
    this.left.push(left);
    return {
      cancel: () => {
        left.cancelled = true;
        left.nests ||= currentHandling() !== undefined;
      },
    };
  };
}

export const said = (text: string): Reply => ({ kind: 'reply', code: 0, details: 'OK', message: Buffer.from(text) });

export const textOf = (outcome: Outcome): string => {
  const { message, details } = replyOf(outcome);
  return message === undefined ? details : Buffer.from(message).toString();
};
