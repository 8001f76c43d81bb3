/** Replays the order that the bank announced, and compares the replies. */
import { Bank } from '@understudy/examples/bank/bank.js';
import {
  type Answer,
  BankStatus,
  type Change,
  isRefusal,
  type Operation,
} from '@understudy/examples/bank/operation.js';
import type { DrivenReply } from '../drive/drive.js';
import type { Problems } from './problems.js';

const OK = 0;

/**
 * Applies the operations to a new bank in the announced order, and compares its answers with the replies that the
 * client received.
 *
 * @returns the new bank, after the last operation
 */
export function replay(
  operations: ReadonlyMap<number, Operation>,
  replies: ReadonlyMap<number, DrivenReply>,
  history: readonly number[],
  problems: Problems,
): Bank {
  const bank = new Bank();
  const reads = new ReadChecks(operations, replies, problems);
  reads.check(bank);
  const seen = new Set<number>();
  for (const id of history) {
    const operation = operations.get(id);
    if (operation === undefined || operation.kind === 'balance') {
      const place = bank.history.length + 1;
      problems.add(
        'unfinished',
        `the replay stopped at place ${place}, because operation ${id} there changes no account`,
      );
      return bank;
    }
    const answer = bank.apply(operation);
    const reply = replies.get(id);
    if (reply !== undefined && !seen.has(id)) compare(operation, answer, reply, bank.history.length, problems);
    seen.add(id);
    reads.check(bank);
  }
  reads.checkRest(bank);
  return bank;
}

function compare(operation: Change, answer: Answer, reply: DrivenReply, place: number, problems: Problems): void {
  const expected = textOfAnswer(answer);
  const got = textOfReply(reply);
  if (expected !== got)
    problems.add('different', `${operation.kind} ${operation.id} was answered ${got}; the order gives ${expected}`);
  if (place <= reply.sentAfter)
    problems.add(
      'stale',
      `${operation.kind} ${operation.id} has place ${place}, but was sent after the reply of place ${reply.sentAfter}`,
    );
}

const textOfAnswer = (answer: Answer): string =>
  isRefusal(answer)
    ? `${answer.code} "${answer.details}"`
    : okText(answer.sequence, answer.balanceCents, answer.toBalanceCents);

const textOfReply = ({ code, details, sequence, balanceCents, toBalanceCents }: DrivenReply): string =>
  code === OK ? okText(sequence, balanceCents, toBalanceCents) : `${code} "${details}"`;

const okText = (place: number, cents: number, toCents: number): string => `place ${place}, ${cents}, ${toCents} cents`;

/**
 * Checks the reads. A read has no place in the order, but names the place that it reflects; the bank there must agree.
 */
class ReadChecks {
  readonly #byPlace = new Map<number, { readonly account: string; readonly reply: DrivenReply }[]>();
  readonly #problems: Problems;

  constructor(
    operations: ReadonlyMap<number, Operation>,
    replies: ReadonlyMap<number, DrivenReply>,
    problems: Problems,
  ) {
    this.#problems = problems;
    for (const reply of replies.values()) {
      const operation = operations.get(reply.id);
      if (operation?.kind === 'balance') this.#add(operation.account, reply);
    }
  }

  /** Checks all reads that reflect the present place of the bank. */
  check(bank: Bank): void {
    const place = bank.history.length;
    for (const { account, reply } of this.#byPlace.get(place) ?? []) {
      const cents = bank.balance(account);
      const expected = cents === undefined ? 'no account' : `${cents} cents`;
      const got = reply.code === OK ? `${reply.balanceCents} cents` : 'no account';
      if (expected !== got)
        this.#problems.add(
          'different',
          `balance ${reply.id} read ${got} at place ${place}; the order gives ${expected}`,
        );
    }
    this.#byPlace.delete(place);
  }

  /** Reports the reads that reflect places beyond the end of the order. */
  checkRest(bank: Bank): void {
    for (const [place, reads] of this.#byPlace)
      for (const { reply } of reads)
        this.#problems.add(
          'different',
          `balance ${reply.id} reflects place ${place}; the order has ${bank.history.length} places`,
        );
  }

  #add(account: string, reply: DrivenReply): void {
    const { id, code, details, sequence, sentAfter } = reply;
    if (code !== OK && code !== BankStatus.NOT_FOUND) {
      this.#problems.add('different', `balance ${id} was answered ${code} "${details}"`);
      return;
    }
    if (code === OK && sequence < sentAfter)
      this.#problems.add(
        'stale',
        `balance ${id} reflects place ${sequence}, sent after the reply of place ${sentAfter}`,
      );
    // NOT_FOUND names no place. But an account that existed when the read was sent must not be missing later.
    const place = code === OK ? sequence : sentAfter;
    const reads = this.#byPlace.get(place);
    if (reads === undefined) this.#byPlace.set(place, [{ account, reply }]);
    else reads.push({ account, reply });
  }
}
