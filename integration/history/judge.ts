/** Judges the histories that callers saw. */
import { checkLinearizable, explain, type Operation } from '../../packages/simulator/dist/linearizability/index.js';
import type { Books } from '../../packages/workshop/dist/demo/drive/collect.js';
import type { Called } from '../../packages/workshop/dist/load/messages.js';
import { type Answer, bankModel } from './bank-model.js';

/** Far more steps than any history here takes. A history that exceeds them is reported, never accepted. */
const STEPS_MAX = 20_000_000;

/** The verdict on a history. */
export interface Verdict {
  /** A sentence for each broken promise; empty if all were kept. */
  readonly violations: readonly string[];
  readonly answered: number;
  /** How many calls may or may not have taken effect. */
  readonly unknown: number;
  /** How many calls certainly took no effect. */
  readonly none: number;
  /** How much work the checker had: how often it tried a call in a place. */
  readonly steps: number;
}

/**
 * Judges a history by the simulator's checker, and compares it with the bank's books at the end: every operation that
 * was answered is there, none is there twice, and none is there whose caller was told that it had no effect.
 */
export function judge(calls: readonly Called[], books: Books): Verdict {
  const violations = [...compareBooks(calls, books)];
  const operations = calls.filter(({ end }) => end.kind !== 'none').map(operationOf);
  const result = checkLinearizable(bankModel, operations, { maxSteps: STEPS_MAX });
  if (result.verdict === 'undecided') violations.push(`the checker gave up after ${result.steps} steps`);
  if (result.verdict === 'violated') violations.push(explain(bankModel, result).split('\n').slice(-12).join('\n'));
  const count = (...kinds: readonly string[]): number => calls.filter(({ end }) => kinds.includes(end.kind)).length;
  const { steps } = result;
  return { violations, answered: count('answered', 'refused'), unknown: count('unknown'), none: count('none'), steps };
}

function operationOf({
  caller,
  operation,
  invokedAtMs,
  endedAtMs,
  end,
}: Called): Operation<Called['operation'], Answer> {
  const isKnown = end.kind === 'answered' || end.kind === 'refused';
  return {
    process: caller,
    input: operation,
    output: isKnown ? end : undefined,
    invokedAt: invokedAtMs,
    completedAt: isKnown ? endedAtMs : Number.POSITIVE_INFINITY,
  };
}

function* compareBooks(calls: readonly Called[], { history }: Books): Generator<string> {
  const places = new Map<number, number>();
  for (const [index, id] of history.entries()) {
    if (places.has(id)) yield `operation ${id} took effect twice, at ${places.get(id)} and at ${index + 1}`;
    places.set(id, index + 1);
  }
  for (const { operation, end } of calls) {
    if (operation.kind === 'balance') continue;
    const place = places.get(operation.id);
    if (end.kind === 'none' && place !== undefined) {
      yield `operation ${operation.id} was said to have had no effect (${end.details}), and is at place ${place}`;
    }
    if (end.kind !== 'answered' && end.kind !== 'refused') continue;
    if (place === undefined) yield `operation ${operation.id} was answered and is lost`;
    else if (place !== end.sequence)
      yield `operation ${operation.id} was told place ${end.sequence}, and is at ${place}`;
  }
}
