import { Bank } from '@understudy/examples/bank/bank.js';
import { isRefusal, type Operation } from '@understudy/examples/bank/operation.js';
import type { Books } from '../demo/drive/collect.js';
import type { DrivenReply } from '../demo/drive/drive.js';
import { accountsOf } from '../demo/drive/workload.js';
import type { Evidence } from '../demo/proof/verify.js';

/** The evidence of a bank that keeps its promises and takes the operations, all sent at once, in `order`. */
export function honestRun(operations: readonly Operation[], order: readonly Operation[] = operations): Evidence {
  const bank = new Bank();
  const replies = order.map((operation, atMs): DrivenReply => ({ ...ask(bank, operation), sentAfter: 0, atMs }));
  return { operations, replies, books: booksOf(bank, operations) };
}

/** Returns the reply of a bank to an operation. */
export function ask(bank: Bank, operation: Operation): Omit<DrivenReply, 'sentAfter' | 'atMs'> {
  const none = { id: operation.id, details: '', sequence: 0, balanceCents: 0, toBalanceCents: 0 };
  if (operation.kind === 'balance') {
    const balanceCents = bank.balance(operation.account);
    if (balanceCents === undefined) return { ...none, code: 5 };
    return { ...none, code: 0, balanceCents, sequence: bank.history.length };
  }
  const answer = bank.apply(operation);
  if (isRefusal(answer)) return { ...none, code: answer.code, details: answer.details };
  const { sequence, balanceCents, toBalanceCents } = answer;
  return { ...none, code: 0, sequence, balanceCents, toBalanceCents };
}

export const booksOf = (bank: Bank, operations: readonly Operation[]): Books => ({
  audit: bank.audit(),
  history: [...bank.history.ids],
  balances: [...accountsOf(operations)].map((account) => [account, bank.balance(account)] as const),
});
