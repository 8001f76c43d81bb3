/** Proves that the replies of a replicated bank are those of a single one. */
import type { Bank } from '@understudy/examples/bank/bank.js';
import type { Operation } from '@understudy/examples/bank/operation.js';
import type { Books } from '../drive/collect.js';
import type { DrivenReply } from '../drive/drive.js';
import { type Findings, Problems } from './problems.js';
import { replay } from './replay.js';

/** Everything that a run left behind. */
export interface Evidence {
  /** The operations that were sent. No two have the same id. */
  readonly operations: readonly Operation[];
  /** The replies in the order of their arrival. */
  readonly replies: readonly DrivenReply[];
  /** The books of the bank at the end. */
  readonly books: Books;
}

/** The result of the proof of a bank. */
export interface Verdict extends Findings {
  /** How many replies were compared. */
  readonly replies: number;
  /** How many places of the announced order the replay reached. */
  readonly places: number;
  /** How many operations the bank refused. If there is no problem, it refused them rightly. */
  readonly refused: number;
  readonly accounts: number;
}

/**
 * Proves that a run equals one on a single bank: every operation has one reply and one place in the order; every reply
 * equals the one that a new bank gives to the same operations in that order; an operation that was sent after a reply
 * has a later place; and the balances are the sums over the operations that were answered OK.
 */
export function verify({ operations, replies, books }: Evidence): Verdict {
  const problems = new Problems();
  const operationById = new Map(operations.map((operation) => [operation.id, operation]));
  const replyById = checkReplies(operationById, replies, problems);
  checkHistory(operations, books.history, problems);
  const bank = replay(operationById, replyById, books.history, problems);
  checkBalances(operations, replyById, books, problems);
  checkBooks(bank, books, problems);
  return {
    replies: replyById.size,
    places: bank.history.length,
    refused: books.audit.refused,
    accounts: books.balances.length,
    ...problems.findings,
  };
}

function checkReplies(
  operations: ReadonlyMap<number, Operation>,
  replies: readonly DrivenReply[],
  problems: Problems,
): Map<number, DrivenReply> {
  const byId = new Map<number, DrivenReply>();
  for (const reply of replies) {
    if (!operations.has(reply.id))
      problems.add('unknown', `a reply came for operation ${reply.id}, which was never sent`);
    else if (byId.has(reply.id)) problems.add('doubled', `operation ${reply.id} was answered more than once`);
    else byId.set(reply.id, reply);
  }
  for (const id of operations.keys()) if (!byId.has(id)) problems.add('lost', `operation ${id} was never answered`);
  return byId;
}

function checkHistory(operations: readonly Operation[], history: readonly number[], problems: Problems): void {
  const times = new Map<number, number>();
  for (const id of history) times.set(id, (times.get(id) ?? 0) + 1);
  for (const { id, kind } of operations) {
    const count = times.get(id) ?? 0;
    times.delete(id);
    if (kind === 'balance') {
      if (count > 0) problems.add('unknown', `balance ${id} only reads, but is in the history`);
    } else if (count === 0) problems.add('lost', `${kind} ${id} is not in the history`);
    else if (count > 1) problems.add('doubled', `${kind} ${id} is in the history ${count} times`);
  }
  for (const id of times.keys()) problems.add('unknown', `operation ${id} is in the history, but was never sent`);
}

/** Checks the balances without the order: they must be the sums over the operations that were answered OK. */
function checkBalances(
  operations: readonly Operation[],
  replies: ReadonlyMap<number, DrivenReply>,
  books: Books,
  problems: Problems,
): void {
  const sums = new Map<string, number>();
  const add = (account: string, cents: number) => sums.set(account, (sums.get(account) ?? 0) + cents);
  for (const operation of operations) {
    if (operation.kind === 'balance' || replies.get(operation.id)?.code !== 0) continue;
    const { kind, account, to, amountCents } = operation;
    add(account, kind === 'deposit' ? amountCents : -amountCents);
    if (kind === 'transfer') add(to, amountCents);
  }
  const balances = new Map(books.balances);
  for (const [account, cents] of sums)
    if (balances.get(account) !== cents)
      problems.add('balance', `${account} holds ${balances.get(account)} cents; the sum over the file is ${cents}`);
  for (const [account, cents] of balances)
    if (cents !== undefined && !sums.has(account))
      problems.add('balance', `${account} holds ${cents} cents, though no operation on it was answered OK`);
}

function checkBooks(bank: Bank, { audit, balances }: Books, problems: Problems): void {
  const expected = bank.audit();
  for (const key of Object.keys(expected) as (keyof typeof expected)[])
    if (audit[key] !== expected[key])
      problems.add('audit', `the audit says ${key} ${audit[key]}; the order gives ${expected[key]}`);
  for (const [account, cents] of balances)
    if (bank.balance(account) !== cents)
      problems.add('balance', `${account} holds ${cents} cents; the order gives ${bank.balance(account)}`);
}
