/** A model of a bank whose accounts never go below 0. */
import { type Model, type Operation, partitionBy } from '../model.js';

/** A call of the bank. */
export type BankInput =
  | { readonly kind: 'deposit'; readonly account: string; readonly amount: number }
  | { readonly kind: 'transfer'; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly kind: 'balance'; readonly account: string };

export type BankOutput =
  | { readonly kind: 'balance'; readonly balance: number }
  /** The balances after the call. If `ok` is false, `from` held too little and no money moved. */
  | { readonly kind: 'transfer'; readonly ok: boolean; readonly from: number; readonly to: number };

export type BankOperation = Operation<BankInput, BankOutput>;

/** All balances except those of 0. */
type Accounts = ReadonlyMap<string, number>;

/** Accounts that start at 0 and never go below. A part of a history has the accounts that transfers connect. */
export const bank: Model<Accounts, BankInput, BankOutput> = {
  initial: () => new Map(),

  step(state, input, output) {
    const after = apply(state, input);
    return output === undefined || isSeen(after, input, state, output) ? after : undefined;
  },

  key: (state) => JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1))),

  partition: partitionByLinks,

  describe(input, output) {
    switch (input.kind) {
      case 'deposit':
        return `deposit ${input.amount} to ${input.account} → ${seen(output)}`;
      case 'transfer':
        return `transfer ${input.amount} from ${input.from} to ${input.to} → ${seen(output)}`;
      case 'balance':
        return `balance of ${input.account} → ${seen(output)}`;
    }
  },
};

const balanceOf = (state: Accounts, account: string): number => state.get(account) ?? 0;

function apply(state: Accounts, input: BankInput): Accounts {
  switch (input.kind) {
    case 'balance':
      return state;
    case 'deposit':
      return add(state, input.account, input.amount);
    case 'transfer':
      if (!covers(state, input) || input.from === input.to) return state;
      return add(add(state, input.from, -input.amount), input.to, input.amount);
  }
}

const covers = (state: Accounts, { from, amount }: { from: string; amount: number }): boolean =>
  balanceOf(state, from) >= amount;

function add(state: Accounts, account: string, amount: number): Accounts {
  if (amount === 0) return state;
  const next = new Map(state);
  const balance = balanceOf(state, account) + amount;
  // An account at 0 and an account that was never named are the same state, so they need the same key.
  if (balance === 0) next.delete(account);
  else next.set(account, balance);
  return next;
}

function isSeen(after: Accounts, input: BankInput, before: Accounts, output: BankOutput): boolean {
  if (input.kind !== 'transfer') {
    return output.kind === 'balance' && output.balance === balanceOf(after, input.account);
  }
  return (
    output.kind === 'transfer' &&
    output.ok === covers(before, input) &&
    output.from === balanceOf(after, input.from) &&
    output.to === balanceOf(after, input.to)
  );
}

function seen(output: BankOutput | undefined): string {
  if (output === undefined) return 'unknown';
  if (output.kind === 'balance') return `${output.balance}`;
  return `${output.ok ? 'ok' : 'insufficient'}, ${output.from} and ${output.to}`;
}

/** Finds the connected components of the accounts by union-find; each transfer is an edge. */
function partitionByLinks(operations: readonly BankOperation[]): readonly (readonly BankOperation[])[] {
  const parents = new Map<string, string>();
  const rootOf = (account: string): string => {
    let root = account;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
    return root;
  };
  for (const { input } of operations) {
    if (input.kind !== 'transfer') continue;
    const from = rootOf(input.from);
    const to = rootOf(input.to);
    if (from !== to) parents.set(from, to);
  }
  return partitionBy(operations, (input) => rootOf(input.kind === 'transfer' ? input.from : input.account));
}
