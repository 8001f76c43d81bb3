import type { Result } from './check.js';
import type { Model, Operation } from './model.js';

/** Describes a violation for people: the longest order that was found, then the answer that fits nowhere in it. */
export function explain<State, Input, Output>(
  model: Model<State, Input, Output>,
  result: Extract<Result<Input, Output>, { verdict: 'violated' }>,
): string {
  const line = ({ process, input, output, invokedAt, completedAt }: Operation<Input, Output>) => {
    const when = completedAt === Number.POSITIVE_INFINITY ? `${invokedAt}–` : `${invokedAt}–${completedAt}`;
    return `${when} client ${process}: ${model.describe?.(input, output) ?? plain(input, output)}`;
  };
  return [
    'not linearizable; every answer up to here is explained by this order:',
    ...result.prefix.map((operation) => `  ${line(operation)}`),
    'but with this answer too, by none:',
    `  ${line(result.unplaced)}`,
  ].join('\n');
}

function plain(input: unknown, output: unknown): string {
  return `${JSON.stringify(input)} → ${output === undefined ? 'unknown' : JSON.stringify(output)}`;
}
