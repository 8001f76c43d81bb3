/** Sends operations to a bank and collects the replies. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import type { BankClient } from '@understudy/examples/bank/proto.js';
import { type Reply, submit } from '../../bank/client.js';
import { monotonicMs } from '../../hosting/clock.js';

/** A reply and the time of its arrival. */
export interface DrivenReply extends Reply {
  /**
   * The highest place that any reply had named when the operation was sent. The operation's own place must be higher.
   */
  readonly sentAfter: number;
  /** `monotonicMs` when the reply arrived. */
  readonly atMs: number;
}

/** A client that keeps a number of operations in flight. It remembers the highest place it saw from run to run. */
export class Driver {
  readonly #client: BankClient;
  readonly #inFlight: number;
  #seenSequence = 0;

  /** @param inFlight how many operations are in flight at once */
  constructor(client: BankClient, inFlight: number) {
    this.#client = client;
    this.#inFlight = inFlight;
  }

  /**
   * Sends all operations in their order, each as soon as fewer than `inFlight` are in flight, and waits for all
   * replies. It never retries, so that a failed operation shows as failed.
   *
   * @param onReply called after every reply with the number of replies so far
   * @returns the replies in the order of their arrival
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
