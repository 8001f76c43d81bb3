/** The state of the bank and its rules, without any gRPC. */
import { decodeCheckpoint, encodeCheckpoint } from './bank-checkpoint.js';
import { History } from './history.js';
import { type Answer, BankStatus, type Change, type Refusal } from './operation.js';

/** The result of an audit; see `AuditSummary` in bank.proto. */
export interface Audit {
  readonly operations: number;
  readonly refused: number;
  readonly orderDigest: string;
  readonly depositedCents: number;
  readonly withdrawnCents: number;
  readonly accounts: number;
}

/**
 * The accounts, and the history of all operations. The state depends on nothing but the operations and their order, so
 * all replicas reach the same one. It grows with the history, as a ledger does.
 */
export class Bank {
  #accounts = new Map<string, number>();
  #history = new History();
  #refused = 0;
  #depositedCents = 0;
  #withdrawnCents = 0;

  /** Carries out or refuses an operation. Either way the operation takes the next place in the history. */
  apply(operation: Change): Answer {
    this.#history.append(operation.id);
    const answer = this.#carryOut(operation);
    if ('code' in answer) this.#refused += 1;
    return answer;
  }

  /** @returns the balance in cents; undefined if there is no such account */
  balance(account: string): number | undefined {
    return this.#accounts.get(account);
  }

  get history(): History {
    return this.#history;
  }

  audit(): Audit {
    return {
      operations: this.#history.length,
      refused: this.#refused,
      orderDigest: this.#history.digest,
      depositedCents: this.#depositedCents,
      withdrawnCents: this.#withdrawnCents,
      accounts: this.#accounts.size,
    };
  }

  /** Copies the whole state into bytes. */
  checkpoint(): Uint8Array {
    return encodeCheckpoint({
      accounts: [...this.#accounts],
      refused: this.#refused,
      depositedCents: this.#depositedCents,
      withdrawnCents: this.#withdrawnCents,
      history: this.#history.ids,
    });
  }

  /** Replaces the whole state. Throws and changes nothing if the bytes are not a checkpoint. */
  restore(bytes: Uint8Array): void {
    const saved = decodeCheckpoint(bytes);
    this.#accounts = new Map(saved.accounts);
    this.#history = History.of(saved.history);
    this.#refused = saved.refused;
    this.#depositedCents = saved.depositedCents;
    this.#withdrawnCents = saved.withdrawnCents;
  }

  #carryOut(operation: Change): Answer {
    switch (operation.kind) {
      case 'deposit':
        return this.#deposit(operation);
      case 'withdraw':
        return this.#withdraw(operation);
      case 'transfer':
        return this.#transfer(operation);
    }
  }

  #deposit({ id, account, amountCents }: Change): Answer {
    // This bounds every balance, too: only deposits bring money in.
    if (this.#depositedCents + amountCents > Number.MAX_SAFE_INTEGER)
      return this.#refuse(BankStatus.FAILED_PRECONDITION, 'the bank cannot count any more money');
    const balanceCents = (this.#accounts.get(account) ?? 0) + amountCents;
    this.#accounts.set(account, balanceCents);
    this.#depositedCents += amountCents;
    return { operationId: id, sequence: this.#history.length, balanceCents, toBalanceCents: 0 };
  }

  #withdraw({ id, account, amountCents }: Change): Answer {
    const held = this.#accounts.get(account);
    if (held === undefined) return this.#unknown(account);
    if (held < amountCents) return this.#tooLittle(account, held, amountCents);
    this.#accounts.set(account, held - amountCents);
    this.#withdrawnCents += amountCents;
    return { operationId: id, sequence: this.#history.length, balanceCents: held - amountCents, toBalanceCents: 0 };
  }

  #transfer({ id, account, to, amountCents }: Change): Answer {
    const held = this.#accounts.get(account);
    const toHeld = this.#accounts.get(to);
    if (held === undefined) return this.#unknown(account);
    if (toHeld === undefined) return this.#unknown(to);
    if (held < amountCents) return this.#tooLittle(account, held, amountCents);
    const balanceCents = held - amountCents;
    const toBalanceCents = toHeld + amountCents;
    this.#accounts.set(account, balanceCents);
    this.#accounts.set(to, toBalanceCents);
    return { operationId: id, sequence: this.#history.length, balanceCents, toBalanceCents };
  }

  #unknown(account: string): Refusal {
    return this.#refuse(BankStatus.NOT_FOUND, `there is no account ${account}`);
  }

  #tooLittle(account: string, held: number, asked: number): Refusal {
    return this.#refuse(BankStatus.FAILED_PRECONDITION, `account ${account} holds ${held} cents, ${asked} were asked`);
  }

  // A refusal names its place, so a proof notices a refusal that came twice or at another place in the order.
  #refuse(code: Refusal['code'], reason: string): Refusal {
    return { code, details: `operation refused at place ${this.#history.length}: ${reason}` };
  }
}
