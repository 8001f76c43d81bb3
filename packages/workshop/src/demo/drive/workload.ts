/** The operations of a warm-up, and the accounts of a workload. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import { MAX_FILE_ID } from '../../bank/operations-file.js';

const A = 'warm-up-a';
const B = 'warm-up-b';

/**
 * Returns operations to send before the measured part, so that the code is compiled by then. They have accounts and ids
 * of their own, and the proof covers them like all others.
 */
export function warmUpOperations(count: number): Operation[] {
  return Array.from({ length: count }, (_, i): Operation => {
    const id = MAX_FILE_ID + 1 + i;
    if (i < 4) return { kind: 'deposit', id, account: i % 2 === 0 ? A : B, to: '', amountCents: 1_000 };
    switch (i % 4) {
      case 0:
        return { kind: 'deposit', id, account: A, to: '', amountCents: 300 };
      case 1:
        return { kind: 'withdraw', id, account: B, to: '', amountCents: 100 };
      case 2:
        return { kind: 'balance', id, account: A };
      default:
        return { kind: 'transfer', id, account: A, to: B, amountCents: 200 };
    }
  });
}

/** Returns the names of all accounts that the operations use. */
export function accountsOf(operations: Iterable<Operation>): Set<string> {
  const accounts = new Set<string>();
  for (const operation of operations) {
    accounts.add(operation.account);
    if (operation.kind === 'transfer') accounts.add(operation.to);
  }
  return accounts;
}
