/** Second implementations of the models, for the tests of the checker. */
import fc from 'fast-check';
import type { Model } from '../model.js';
import { type BankInput, type BankOutput, bank } from '../models/bank.js';
import { type ListInput, listAppend, wholeList } from '../models/list-append.js';
import { type RegisterInput, type RegisterOutput, type RegisterValue, registerMap } from '../models/register-map.js';

/** A service as one mutable store of all keys, to compare its model with. */
export interface Service<Input, Output> {
  readonly name: string;
  readonly start: () => (input: Input) => Output;
  readonly inputs: fc.Arbitrary<Input>;
}

/** Calls code that is generic in the inputs and outputs with a service and its model. */
export type Visitor = <State, Input, Output>(
  model: Model<State, Input, Output>,
  service: Service<Input, Output>,
) => void;

export function forEachService(visit: Visitor): void {
  visit(registerMap, registers);
  visit(listAppend(wholeList), lists);
  visit(bank, accounts);
}

const key = fc.constantFrom('a', 'a', 'a', 'b');
// Few values, so that calls interact. 0 and '0' are among them, because a model must not confuse them.
const value = fc.constantFrom<RegisterValue>(0, 1, '0');

export const registers: Service<RegisterInput, RegisterOutput> = {
  name: 'registers',
  inputs: fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key }),
    fc.record({ kind: fc.constant('set' as const), key, value }),
    fc.record({ kind: fc.constant('cas' as const), key, from: value, to: value }),
  ),
  start: () => {
    const values = new Map<string, RegisterValue>();
    return (input) => {
      if (input.kind === 'get') return values.get(input.key) ?? null;
      if (input.kind === 'cas' && values.get(input.key) !== input.from) return false;
      values.set(input.key, input.kind === 'cas' ? input.to : input.value);
      return true;
    };
  },
};

type Items = readonly (string | number)[];

export const lists: Service<ListInput<string | number>, Items> = {
  name: 'lists',
  inputs: fc.oneof(
    fc.record({ kind: fc.constant('append' as const), key, value }),
    fc.record({ kind: fc.constant('read' as const), key }),
  ),
  start: () => {
    const appended: { key: string; value: string | number }[] = [];
    return (input) => {
      if (input.kind === 'append') appended.push(input);
      return appended.filter((item) => item.key === input.key).map((item) => item.value);
    };
  },
};

const account = fc.constantFrom('ann', 'bob', 'cy');
const amount = fc.integer({ min: 0, max: 2 });

export const accounts: Service<BankInput, BankOutput> = {
  name: 'bank',
  inputs: fc.oneof(
    fc.record({ kind: fc.constant('deposit' as const), account, amount }),
    fc.record({ kind: fc.constant('transfer' as const), from: account, to: account, amount }),
    fc.record({ kind: fc.constant('balance' as const), account }),
  ),
  start: () => {
    const balances: Record<string, number> = { ann: 0, bob: 0, cy: 0 };
    const change = (name: string, by: number) => {
      balances[name] = (balances[name] ?? 0) + by;
      return balances[name];
    };
    return (input) => {
      if (input.kind !== 'transfer') {
        return { kind: 'balance', balance: change(input.account, input.kind === 'deposit' ? input.amount : 0) };
      }
      const ok = change(input.from, 0) >= input.amount;
      if (ok) {
        change(input.from, -input.amount);
        change(input.to, input.amount);
      }
      return { kind: 'transfer', ok, from: change(input.from, 0), to: change(input.to, 0) };
    };
  },
};
