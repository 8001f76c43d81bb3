/** The search for an order that explains a history. */
import { DeadEnds } from './dead-ends.js';
import type { Model, Operation } from './model.js';
import { NONE, Pending } from './pending.js';

/** The result of a search in one part of a history. `steps` counts the calls of `Model.step`. */
export type Found<Input, Output> =
  | { readonly kind: 'order'; readonly steps: number; readonly order: readonly Operation<Input, Output>[] }
  | {
      readonly kind: 'none';
      readonly steps: number;
      readonly prefix: readonly Operation<Input, Output>[];
      readonly unplaced: Operation<Input, Output>;
    }
  | { readonly kind: 'gave up'; readonly steps: number };

/**
 * The furthest point of a search: the first answer that it could never explain, and the operations placed before it.
 */
interface Furthest {
  position: number;
  placed: readonly number[];
}

/**
 * Searches for an order of the operations that respects real time and the model. It goes depth first, one operation
 * after the other, and remembers configurations that failed (Wing and Gong 1993 with Lowe's memoisation, 2017).
 *
 * Calls of unknown outcome may be placed nearly anywhere. Without a bound, depth first would try all of them in a row
 * before it tries the right one alone. So a bound limits how many of them may follow each other. It doubles from pass
 * to pass until it no longer matters.
 */
export function search<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  maxSteps: number,
): Found<Input, Output> {
  const pending = new Pending(history);
  let steps = 0;
  for (let maxUnknownInRow = 1; ; maxUnknownInRow *= 2) {
    const { found, wasBounded } = attempt(model, pending, maxSteps - steps, maxUnknownInRow);
    steps += found.steps;
    if (found.kind !== 'none' || !wasBounded) return { ...found, steps };
  }
}

interface SearchPass<Input, Output> {
  readonly found: Found<Input, Output>;
  /** Whether the pass left out an order because of `maxUnknownInRow`. */
  readonly wasBounded: boolean;
}

/**
 * Makes one pass of the search. If it ends with `none`, `pending` is as before. It remembers a configuration only after
 * it has failed, so the usual history, whose first try succeeds, needs no hash and no key of a state.
 */
function attempt<State, Input, Output>(
  model: Model<State, Input, Output>,
  pending: Pending<Input, Output>,
  maxSteps: number,
  maxUnknownInRow: number,
): SearchPass<Input, Output> {
  const deadEnds = new DeadEnds(pending.taken.length);
  const placed: number[] = [];
  const before: { state: State; unknownInRow: number }[] = [];
  const furthest: Furthest = { position: -1, placed: [] };
  let state = model.initial();
  let unknownInRow = 0;
  let cursor = pending.start;
  let steps = 0;
  let wasBounded = false;

  while (!pending.done) {
    cursor = pending.candidateAfter(cursor);
    const isUnknown = pending.isUnknown(cursor);
    const isBounded = isUnknown && unknownInRow === maxUnknownInRow;
    if (cursor === NONE || isBounded) {
      wasBounded ||= isBounded;
      note(furthest, pending.first, placed);
      const last = placed.pop();
      const earlier = before.pop();
      if (last === undefined || earlier === undefined) return { found: failure(pending, furthest, steps), wasBounded };
      deadEnds.add(pending.taken, unknownInRow, model.key(state));
      ({ state, unknownInRow } = earlier);
      pending.putBack(last);
      cursor = last;
      continue;
    }
    if (steps === maxSteps) return { found: { kind: 'gave up', steps }, wasBounded };
    steps++;
    const { input, output } = pending.operations[cursor] as Operation<Input, Output>;
    const next = model.step(state, input, output);
    // A call of unknown outcome that changes nothing here can just as well be placed later or never.
    if (next === undefined || (isUnknown && next === state)) continue;
    pending.take(cursor);
    const nextInRow = isUnknown ? unknownInRow + 1 : 0;
    if (deadEnds.size > 0 && deadEnds.has(pending.taken, nextInRow, model.key(next))) {
      pending.putBack(cursor);
      continue;
    }
    placed.push(cursor);
    before.push({ state, unknownInRow });
    state = next;
    unknownInRow = nextInRow;
    cursor = pending.start;
  }
  return { found: { kind: 'order', steps, order: operationsAt(pending, placed) }, wasBounded };
}

function note(furthest: Furthest, position: number, placed: readonly number[]): void {
  if (position < furthest.position) return;
  if (position === furthest.position && placed.length <= furthest.placed.length) return;
  furthest.position = position;
  furthest.placed = [...placed];
}

function failure<Input, Output>(
  pending: Pending<Input, Output>,
  { position, placed }: Furthest,
  steps: number,
): Found<Input, Output> {
  const unplaced = pending.operations[position] as Operation<Input, Output>;
  return { kind: 'none', steps, prefix: operationsAt(pending, placed), unplaced };
}

function operationsAt<Input, Output>(
  pending: Pending<Input, Output>,
  positions: readonly number[],
): readonly Operation<Input, Output>[] {
  return positions.map((position) => pending.operations[position] as Operation<Input, Output>);
}
