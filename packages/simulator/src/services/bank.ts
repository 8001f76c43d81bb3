import { type BankInput, type BankOutput, bank as model } from '../linearizability/models/bank.js';
import { workload } from './workload.js';

const ACCOUNTS = ['a', 'b', 'c', 'd'] as const;

/** Accounts that never fall below 0. */
export const bank = workload({
  name: 'bank',
  model,
  create() {
    let balances = new Map<string, number>();
    const balanceOf = (account: string): number => balances.get(account) ?? 0;
    return {
      run(input: BankInput): BankOutput {
        switch (input.kind) {
          case 'deposit':
            balances.set(input.account, balanceOf(input.account) + input.amount);
            return { kind: 'balance', balance: balanceOf(input.account) };
          case 'balance':
            return { kind: 'balance', balance: balanceOf(input.account) };
          case 'transfer': {
            const { from, to, amount } = input;
            const ok = balanceOf(from) >= amount;
            if (ok) {
              balances.set(from, balanceOf(from) - amount);
              balances.set(to, balanceOf(to) + amount);
            }
            return { kind: 'transfer', ok, from: balanceOf(from), to: balanceOf(to) };
          }
        }
      },
      save: () => [...balances],
      load(state: [string, number][]) {
        balances = new Map(state);
      },
    };
  },
  draw(choices, readOnly): BankInput {
    const account = choices.pick(ACCOUNTS);
    if (readOnly) return { kind: 'balance', account };
    const amount = 1 + choices.below(9);
    if (choices.chance(0.5)) return { kind: 'deposit', account, amount };
    return { kind: 'transfer', from: account, to: choices.pick(ACCOUNTS.filter((other) => other !== account)), amount };
  },
});
