import { currentHandling, type NestedCall, type SendNested } from '@understudy/context';
import { type NestedCaller, type Outcome, type Reply, replyOf } from '@understudy/core/internal';

const METHOD = '/test.Other/Ask';

/** A call that left. */
export interface Left {
  readonly caller: NestedCaller;
  /** Whether it, or what gave it up, would be taken for something that a handler asks. */
  nests: boolean;
  cancelled: boolean;
  done(outcome: Reply): void;
}

/** Another service with its client, as far as handlers ask it something. */
export class OtherService {
  readonly left: Left[] = [];

  /** To be called within a handler. */
  call(text: string, told: (outcome: Reply) => void, send: SendNested = this.#send): NestedCall {
    const handling = currentHandling();
    if (handling === undefined) throw new Error('asked from outside a handler');
    return handling.nest({ method: METHOD, message: Buffer.from(text) }, send, told);
  }

  /** The same. Resolves with the answer, or why there is none. */
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
