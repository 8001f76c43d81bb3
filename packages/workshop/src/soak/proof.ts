/** The proof that ends a soak run. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import { randomOperations } from '../bank/generate-operations.js';
import type { Books } from '../demo/drive/collect.js';
import { verify } from '../demo/proof/verify.js';
import { longestGapMs } from '../demo/report/measure.js';
import type { Replicas } from '../demo/stage/replicas.js';
import type { Stage } from '../demo/stage/stage.js';
import type { LoadClient } from './load-client.js';
import { compareSurvivors } from './survivors.js';

/** The result of a load. */
export interface Proof {
  /** A sentence for each broken promise; empty if all were kept. */
  readonly violations: readonly string[];
  readonly operations: number;
  /** The longest time in which no reply reached the client. */
  readonly longestGapMs: number;
  readonly books: Books;
  /** Arrival times of the replies, in order. */
  readonly repliedAtMs: readonly number[];
}

/**
 * Ends a load and proves it: every operation is in the bank once, every reply equals the one that a new bank gives in
 * the announced order, and the surviving replicas agree.
 *
 * @param seed seed of the client's operations
 */
export async function proveLoad(
  stage: Stage,
  replicas: Replicas,
  client: LoadClient,
  seed: number,
  isPassive: boolean,
): Promise<Proof> {
  const { sent, replies } = await client.finish();
  const books = await client.books();
  const { problems, problemCount } = verify({ operations: firstOf(randomOperations(seed), sent), replies, books });
  const violations = problems.map(({ kind, text }) => `${kind}: ${text}`);
  if (problemCount > problems.length) violations.push(`and ${problemCount - problems.length} more`);
  violations.push(...(await compareSurvivors(stage, replicas, isPassive, books)));
  const gapMs = longestGapMs(replies, 0, Number.POSITIVE_INFINITY);
  const repliedAtMs = replies.map(({ atMs }) => atMs);
  return { violations, operations: sent, longestGapMs: gapMs, books, repliedAtMs };
}

function firstOf(operations: Iterable<Operation>, count: number): Operation[] {
  const first: Operation[] = [];
  for (const operation of operations) {
    if (first.length === count) break;
    first.push(operation);
  }
  return first;
}
