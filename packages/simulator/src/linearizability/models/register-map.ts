/** A model of registers with compare-and-set. */
import { type Model, type Operation, partitionBy } from '../model.js';

/** A value of a register. */
export type RegisterValue = string | number;

export type RegisterInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'set'; readonly key: string; readonly value: RegisterValue }
  | { readonly kind: 'cas'; readonly key: string; readonly from: RegisterValue; readonly to: RegisterValue };

/** The output of a call: the value of a `get`, or `null`; true for a `set`; for a `cas`, whether it found `from`. */
export type RegisterOutput = RegisterValue | boolean | null;

export type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

/** Registers; each is a part of its own. The state is a register's value, `null` before the first `set`. */
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

  // The number 1, the text '1' and no value at all are three different states.
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
