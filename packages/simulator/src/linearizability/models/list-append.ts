/** A model of lists that only grow. */
import { type Model, type Operation, partitionBy } from '../model.js';

/** A call of a list. */
export type ListInput<Value> =
  | { readonly kind: 'append'; readonly key: string; readonly value: Value }
  | { readonly kind: 'read'; readonly key: string };

/** Both calls answer the list after the call, so the answer to an append has the appended value. */
export type ListOperation<Value, Seen> = Operation<ListInput<Value>, Seen>;

/** The view that readers have of a list: the whole list, or a digest of it. */
export interface View<Value, Seen> {
  readonly empty: Seen;
  append(seen: Seen, value: Value): Seen;
  same(a: Seen, b: Seen): boolean;
  /** Returns a key that is equal for two views exactly when the views are equal. */
  key(seen: Seen): string | number;
}

export const wholeList: View<string | number, readonly (string | number)[]> = {
  empty: [],
  append: (list, value) => [...list, value],
  same: (a, b) => a.length === b.length && a.every((value, at) => value === b[at]),
  key: (list) => JSON.stringify(list),
};

/** Lists that only grow; each is a part of its own. The state is the view of a reader. */
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
