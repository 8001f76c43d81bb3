/** The model of the bank for the linearizability checker. */
import type { Operation } from '../../packages/examples/dist/bank/operation.js';
import type { Model } from '../../packages/simulator/dist/linearizability/index.js';
import type { CallEnd } from '../../packages/workshop/dist/load/messages.js';

/** The result of a call that has a place in the bank's history. */
export type Answer = Extract<CallEnd, { kind: 'answered' | 'refused' }>;

/** The balances of a bank, and the number of operations so far. */
export interface Bank {
  readonly taken: number;
  readonly accounts: ReadonlyMap<string, number>;
}

/**
 * The bank of the examples. Every answer names its place in the history. So an order is right only if each answered
 * operation has the place in its answer, and operations with unknown outcomes fill all other places.
 */
export const bankModel: Model<Bank, Operation, Answer> = {
  initial: () => ({ taken: 0, accounts: new Map() }),

  step(bank, operation, answer) {
    if (operation.kind === 'balance') {
      const held = bank.accounts.get(operation.account);
      return answer === undefined || isAnswer(answer, bank.taken, held, 0) ? bank : undefined;
    }
    const accounts = moved(bank.accounts, operation);
    const next = { taken: bank.taken + 1, accounts: accounts ?? bank.accounts };
    if (answer === undefined) return next;
    if (accounts === undefined) return answer.kind === 'refused' && answer.sequence === next.taken ? next : undefined;
    const toCents = operation.kind === 'transfer' ? accounts.get(operation.to) : 0;
    return isAnswer(answer, next.taken, accounts.get(operation.account), toCents) ? next : undefined;
  },

  key: ({ taken, accounts }) => `${taken} ${JSON.stringify([...accounts].sort(([a], [b]) => (a < b ? -1 : 1)))}`,

  describe: (operation, answer) => `${JSON.stringify(operation)} → ${answer ? JSON.stringify(answer) : 'unknown'}`,
};

/** @returns undefined if the bank refuses the operation */
function moved(
  accounts: Bank['accounts'],
  operation: Exclude<Operation, { kind: 'balance' }>,
): Bank['accounts'] | undefined {
  const { kind, account, to, amountCents } = operation;
  const held = accounts.get(account);
  if (kind === 'deposit') return new Map(accounts).set(account, (held ?? 0) + amountCents);
  if (held === undefined || held < amountCents) return undefined;
  if (kind === 'withdraw') return new Map(accounts).set(account, held - amountCents);
  const toHeld = accounts.get(to);
  if (toHeld === undefined) return undefined;
  return new Map(accounts).set(account, held - amountCents).set(to, toHeld + amountCents);
}

const isAnswer = (answer: Answer, sequence: number, balance: number | undefined, to: number | undefined): boolean =>
  answer.kind === 'answered' &&
  answer.sequence === sequence &&
  answer.balanceCents === balance &&
  answer.toBalanceCents === to;
