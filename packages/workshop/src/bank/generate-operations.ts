/** Random operations of a bank that follow from a seed; as a program, it writes the file of operations that ships. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Operation } from '@understudy/examples/bank/operation.js';
import { seededRandom } from '../hosting/random.js';
import { COLUMNS } from './operations-file.js';

const OPERATIONS = 20_000;
const ACCOUNTS = 100;
const SEED = 20_131;

/**
 * Yields operations without end, the same ones for the same seed. A deposit opens every account. Some accounts are used
 * far more than others and run low, so that the order of the operations decides which ones the bank refuses.
 */
export function* randomOperations(seed: number): Generator<Operation, never, void> {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  // Squaring makes low numbers frequent, so a few accounts are used all the time.
  const pick = (): string => nameOf(Math.floor(random() ** 2 * ACCOUNTS));
  for (let id = 1; ; id++) {
    const share = random();
    if (id <= ACCOUNTS)
      yield { kind: 'deposit', id, account: nameOf(id - 1), to: '', amountCents: 20_000 + below(60_000) };
    else if (share < 0.04) yield { kind: 'balance', id, account: pick() };
    else if (share < 0.33) yield { kind: 'deposit', id, account: pick(), to: '', amountCents: 100 + below(10_000) };
    else if (share < 0.63) yield { kind: 'withdraw', id, account: pick(), to: '', amountCents: 100 + below(10_000) };
    else yield { kind: 'transfer', id, ...twoOf(pick), amountCents: 100 + below(20_000) };
  }
}

const nameOf = (index: number): string => `account-${String(index + 1).padStart(3, '0')}`;

function twoOf(pick: () => string): { readonly account: string; readonly to: string } {
  const account = pick();
  let to = pick();
  while (to === account) to = pick();
  return { account, to };
}

/** Yields the lines of a file of operations, the header first. */
export function* generateOperations(count = OPERATIONS, seed = SEED): Generator<string> {
  yield COLUMNS.join();
  let left = count;
  for (const operation of randomOperations(seed)) {
    if (left-- <= 0) return;
    yield lineOf(operation);
  }
}

function lineOf(operation: Operation): string {
  const { id, kind, account } = operation;
  return kind === 'balance'
    ? `${id},${kind},${account},,`
    : `${id},${kind},${account},${operation.to},${operation.amountCents}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = process.argv[2] ?? fileURLToPath(new URL('../../data/operations.csv', import.meta.url));
  const file = createWriteStream(path);
  for (const line of generateOperations()) if (!file.write(`${line}\n`)) await once(file, 'drain');
  file.end();
  await once(file, 'finish');
  console.log(`wrote ${OPERATIONS} operations to ${path}`);
}
