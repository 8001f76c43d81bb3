import {
  type RegisterInput,
  type RegisterOutput,
  type RegisterValue,
  registerMap,
} from '../linearizability/models/register-map.js';
import { workload } from './workload.js';

const KEYS = ['x', 'y'] as const;
/** So few values that compare-and-set often finds the one it expects. */
const VALUES = 3;

/** Registers with compare-and-set. */
export const registers = workload({
  name: 'registers',
  model: registerMap,
  create() {
    let values = new Map<string, RegisterValue>();
    return {
      run(input: RegisterInput): RegisterOutput {
        switch (input.kind) {
          case 'get':
            return values.get(input.key) ?? null;
          case 'set':
            values.set(input.key, input.value);
            return true;
          case 'cas': {
            const found = values.get(input.key) === input.from;
            if (found) values.set(input.key, input.to);
            return found;
          }
        }
      },
      save: () => [...values],
      load(state: [string, RegisterValue][]) {
        values = new Map(state);
      },
    };
  },
  draw(choices, readOnly): RegisterInput {
    const key = choices.pick(KEYS);
    if (readOnly) return { kind: 'get', key };
    const value = choices.below(VALUES);
    if (choices.chance(0.5)) return { kind: 'set', key, value };
    return { kind: 'cas', key, from: value, to: choices.below(VALUES) };
  },
});
