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

/** All balances except those of 0, by ascending names. */
class Accounts {
  readonly #names: readonly string[];
  readonly #balances: readonly number[];
  #key: string | undefined;

  constructor(names: readonly string[] = [], balances: readonly number[] = []) {
    this.#names = names;
    this.#balances = balances;
  }

  get key(): string {
    this.#key ??= this.#names.map((name, i) => `${JSON.stringify(name)}${this.#balances[i]}`).join();
    return this.#key;
  }

  balanceOf(account: string): number {
    const at = this.#names.indexOf(account);
    return at === -1 ? 0 : (this.#balances[at] as number);
  }

  /** An account at 0 and an account that was never named are the same state, so they need the same key. */
  add(account: string, amount: number): Accounts {
    if (amount === 0) return this;
    const at = this.#names.indexOf(account);
    if (at === -1) {
      const place = this.#names.findIndex((name) => name > account);
      const i = place === -1 ? this.#names.length : place;
      return new Accounts(this.#names.toSpliced(i, 0, account), this.#balances.toSpliced(i, 0, amount));
    }
    const balance = (this.#balances[at] as number) + amount;
    if (balance === 0) return new Accounts(this.#names.toSpliced(at, 1), this.#balances.toSpliced(at, 1));
    return new Accounts(this.#names, this.#balances.with(at, balance));
  }
}

/** Accounts that start at 0 and never go below. A part of a history has the accounts that transfers connect. */
export const bank: Model<Accounts, BankInput, BankOutput> = {
  initial: () => new Accounts(),

  step(state, input, output) {
    switch (input.kind) {
      case 'balance':
        return shows(output, state.balanceOf(input.account)) ? state : undefined;
      case 'deposit': {
        const { account, amount } = input;
        return shows(output, state.balanceOf(account) + amount) ? state.add(account, amount) : undefined;
      }
      case 'transfer': {
        const { from, to, amount } = input;
        const ok = state.balanceOf(from) >= amount;
        // A transfer to the same account moves nothing, but needs cover, too.
        const moved = ok && from !== to ? amount : 0;
        // The outcome is compared first: most calls that the search tries cannot come next.
        const isSeen =
          output === undefined ||
          (output.kind === 'transfer' &&
            output.ok === ok &&
            output.from === state.balanceOf(from) - moved &&
            output.to === state.balanceOf(to) + moved);
        return isSeen ? state.add(from, -moved).add(to, moved) : undefined;
      }
    }
  },

  key: (state) => state.key,

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

const shows = (output: BankOutput | undefined, balance: number): boolean =>
  output === undefined || (output.kind === 'balance' && output.balance === balance);

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
