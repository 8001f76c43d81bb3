import type { Operation } from '@understudy/examples/bank/operation.js';
import { seededRandom } from '../hosting/random.js';

/** Few, so that nearly every call touches what another one changes. */
export const ACCOUNTS = ['ada', 'ben', 'cleo', 'dan'] as const;
const OPENING_CENTS = 10_000;
const MOST_CENTS = 5_000;

/** Opens every account, or pays in more. @param after ids begin behind it */
export const openings = (after: number): Operation[] =>
  ACCOUNTS.map((account, i) => ({ kind: 'deposit', id: after + i + 1, account, to: '', amountCents: OPENING_CENTS }));

/** What callers ask of a bank whose accounts are open; withdrawals are often refused. Ids go on from the openings. */
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
