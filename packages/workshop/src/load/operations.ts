/** The random operations of a load. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import { seededRandom } from '../hosting/random.js';

/** Few accounts, so that nearly every call depends on the changes of another one. */
export const ACCOUNTS = ['ada', 'ben', 'cleo', 'dan'] as const;
const OPENING_CENTS = 10_000;
const MOST_CENTS = 5_000;

/** Returns deposits that open every account. @param after the ids begin after this number */
export const openings = (after: number): Operation[] =>
  ACCOUNTS.map((account, i) => ({ kind: 'deposit', id: after + i + 1, account, to: '', amountCents: OPENING_CENTS }));

/**
 * Yields operations on the open accounts. The bank often refuses withdrawals. The ids continue those of the openings.
 */
export function* loadOperations(seed: number, after: number): Generator<Operation, never, void> {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  for (let id = after + ACCOUNTS.length + 1; ; id++) {
    const share = random();
    const first = below(ACCOUNTS.length);
    const account = ACCOUNTS[first] ?? 'ada';
    const amountCents = 1 + below(MOST_CENTS);
    if (share < 0.25) yield { kind: 'balance', id, account };
    else if (share < 0.5) yield { kind: 'deposit', id, account, to: '', amountCents };
    else if (share < 0.8) yield { kind: 'withdraw', id, account, to: '', amountCents };
    else {
      const to = ACCOUNTS[(first + 1 + below(ACCOUNTS.length - 1)) % ACCOUNTS.length] ?? 'ben';
      yield { kind: 'transfer', id, account, to, amountCents };
    }
  }
}
