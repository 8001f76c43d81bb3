import { type Model, type Operation, partitionBy } from '../model.js';

/** What a client asks of a list. */
export type ListInput<Value> =
  | { readonly kind: 'append'; readonly key: string; readonly value: Value }
  | { readonly kind: 'read'; readonly key: string };

/** Both calls answer what the list is then; an append includes what it appended. */
export type ListOperation<Value, Seen> = Operation<ListInput<Value>, Seen>;

/** How much of a list its readers see: all of it, or a digest that stands for all of it. */
export interface View<Value, Seen> {
  readonly empty: Seen;
  append(seen: Seen, value: Value): Seen;
  same(a: Seen, b: Seen): boolean;
  /** Equal for two exactly when they are the same. */
  key(seen: Seen): string | number;
}

export const wholeList: View<string | number, readonly (string | number)[]> = {
  empty: [],
  append: (list, value) => [...list, value],
  same: (a, b) => a.length === b.length && a.every((value, at) => value === b[at]),
  key: (list) => JSON.stringify(list),
};

/** Lists that only grow, each a part of its own. The state is what a reader would see. */
export function listAppend<Value, Seen>(view: View<Value, Seen>): Model<Seen, ListInput<Value>, Seen> {
  return {
    initial: () => view.empty,

    step(state, input, output) {
      const next = input.kind === 'append' ? view.append(state, input.value) : state;
      return output === undefined || view.same(output, next) ? next : undefined;
    },

    key: (state) => view.key(state),

    partition: (operations) => partitionBy(operations, ({ key }) => key),

    describe(input, output) {
      const call = input.kind === 'append' ? `append ${String(input.value)} to ${input.key}` : `read ${input.key}`;
      return `${call} → ${output === undefined ? 'unknown' : view.key(output)}`;
    },
  };
}
