/** An operation of the bank: it changes accounts, or only reads one. */
export type Operation = Change | Query;

/** An operation that changes accounts, so its place in the order matters. */
export interface Change {
  readonly kind: 'deposit' | 'withdraw' | 'transfer';
  /** 1 to `MAX_ID`, chosen by the caller. */
  readonly id: number;
  readonly account: string;
  /** The receiving account of a transfer; otherwise empty. */
  readonly to: string;
  readonly amountCents: number;
}

/** A request for a balance. */
export interface Query {
  readonly kind: 'balance';
  readonly id: number;
  readonly account: string;
}

/** The answer to an operation that was carried out. */
export interface Receipt {
  readonly operationId: number;
  /** The operation's place in the history, 1, 2, 3 … */
  readonly sequence: number;
  readonly balanceCents: number;
  /** The balance of the receiving account of a transfer; otherwise 0. */
  readonly toBalanceCents: number;
}

/** The gRPC statuses with which the bank's own rules refuse an operation. */
export const BankStatus = { INVALID_ARGUMENT: 3, NOT_FOUND: 5, FAILED_PRECONDITION: 9 } as const;

/** The answer to an operation that has a place in the history and moved no money. */
export interface Refusal {
  readonly code: typeof BankStatus.NOT_FOUND | typeof BankStatus.FAILED_PRECONDITION;
  readonly details: string;
}

export type Answer = Receipt | Refusal;
export const isRefusal = (answer: Answer): answer is Refusal => 'code' in answer;

/** The largest operation id: an unsigned 32-bit number. */
export const MAX_ID = 0xffff_ffff;
/** Ten million in the currency's unit, so that the sums of many operations stay exact. */
export const MAX_AMOUNT_CENTS = 1_000_000_000;
export const MAX_ACCOUNT_LENGTH = 64;

/** @returns why an operation is invalid whatever the balances are; undefined if it is valid */
export function faultOf(operation: Operation): string | undefined {
  const { id, account } = operation;
  if (!Number.isInteger(id) || id < 1 || id > MAX_ID) return `the operation id must be a number from 1 to ${MAX_ID}`;
  if (!isAccountName(account)) return `the account must have 1 to ${MAX_ACCOUNT_LENGTH} characters`;
  if (operation.kind === 'balance') return undefined;
  const { amountCents, to } = operation;
  if (!Number.isInteger(amountCents) || amountCents < 1 || amountCents > MAX_AMOUNT_CENTS)
    return `the amount must be a whole number of cents from 1 to ${MAX_AMOUNT_CENTS}`;
  if (operation.kind !== 'transfer') return undefined;
  if (!isAccountName(to)) return `the account to transfer to must have 1 to ${MAX_ACCOUNT_LENGTH} characters`;
  return account === to ? 'a transfer needs two different accounts' : undefined;
}

export const isAccountName = (name: string): boolean => name.length > 0 && name.length <= MAX_ACCOUNT_LENGTH;
