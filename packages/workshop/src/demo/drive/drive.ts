import type { Operation } from '@understudy/examples/bank/operation.js';
import type { BankClient } from '@understudy/examples/bank/proto.js';
import { type Reply, submit } from '../../bank/client.js';
import { monotonicMs } from '../stage/clock.js';

/** A reply, and when it came. */
export interface DrivenReply extends Reply {
  /** The last place in the history that a reply had told of when the operation was sent: it must come after that. */
  readonly sentAfter: number;
  /** `monotonicMs` when the reply came. */
  readonly atMs: number;
}

/** Where a drive stands; carried on from one drive to the next. */
export class Driver {
  readonly #client: BankClient;
  readonly #inFlight: number;
  #seenSequence = 0;

  /** @param inFlight how many operations are under way at once */
  constructor(client: BankClient, inFlight: number) {
    this.#client = client;
    this.#inFlight = inFlight;
  }

  /**
   * Sends all operations in their order, each as soon as fewer than `inFlight` are under way, and waits for all replies.
   * Nothing is sent again: an operation that fails has failed.
   *
   * @param onReply called after every reply with their number so far
   * @returns the replies in the order in which they came
   */
  run(operations: Iterable<Operation>, onReply?: (replies: number) => void): Promise<DrivenReply[]> {
    const replies: DrivenReply[] = [];
    const coming = operations[Symbol.iterator]();
    return new Promise((resolve) => {
      let open = 0;
      const onDone = (reply: Reply, sentAfter: number): void => {
        const atMs = monotonicMs();
        replies.push({ ...reply, sentAfter, atMs });
        if (reply.sequence > this.#seenSequence) this.#seenSequence = reply.sequence;
        open -= 1;
        onReply?.(replies.length);
        sendMore();
      };
      const sendMore = (): void => {
        for (; open < this.#inFlight; open++) {
          const next = coming.next();
          if (next.done === true) break;
          const operation = next.value;
          const sentAfter = this.#seenSequence;
          submit(this.#client, operation, (reply) => onDone(reply, sentAfter));
        }
        if (open === 0) resolve(replies);
      };
      sendMore();
    });
  }
}
