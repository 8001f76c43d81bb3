import { type Model, type Operation, partitionBy } from '../model.js';

/** What a register may hold. */
export type RegisterValue = string | number;

export type RegisterInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'set'; readonly key: string; readonly value: RegisterValue }
  | { readonly kind: 'cas'; readonly key: string; readonly from: RegisterValue; readonly to: RegisterValue };

/** Of `get` the value, `null` for none; of `set` true; of `cas` whether it found `from`. */
export type RegisterOutput = RegisterValue | boolean | null;

export type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

/** Registers with compare-and-set, each a part of its own; the state is one register's value, `null` before the first. */
export const registerMap: Model<RegisterValue | null, RegisterInput, RegisterOutput> = {
  initial: () => null,

  step(state, input, output) {
    switch (input.kind) {
      case 'get':
        return output === undefined || output === state ? state : undefined;
      case 'set':
        return output === undefined || output === true ? input.value : undefined;
      case 'cas': {
        const found = state === input.from;
        if (output !== undefined && output !== found) return undefined;
        return found ? input.to : state;
      }
    }
  },

  // The number 1, the text '1' and no value at all are three states.
  key: (state) => (typeof state === 'string' ? `=${state}` : (state ?? 'none')),

  partition: (operations) => partitionBy(operations, ({ key }) => key),

  describe(input, output) {
    const seen = output === undefined ? 'unknown' : String(output);
    switch (input.kind) {
      case 'get':
        return `get ${input.key} → ${seen}`;
      case 'set':
        return `set ${input.key} = ${input.value} → ${seen}`;
      case 'cas':
        return `cas ${input.key} ${input.from} to ${input.to} → ${seen}`;
    }
  },
};
