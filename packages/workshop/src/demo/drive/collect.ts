/** Collects the books of a bank at the end of a run. */
import type * as grpc from '@grpc/grpc-js';
import type { Audit } from '@understudy/examples/bank/bank.js';
import { BankStatus } from '@understudy/examples/bank/operation.js';
import type { BankClient } from '@understudy/examples/bank/proto.js';
import { HISTORY_PAGE_MAX } from '@understudy/examples/bank/service.js';

/** The state of a bank at the end of a run, as the bank itself reports it. */
export interface Books {
  readonly audit: Audit;
  /** The ids of all operations in the order in which the bank took them. */
  readonly history: readonly number[];
  /** A balance is undefined if there is no such account. */
  readonly balances: readonly (readonly [account: string, cents: number | undefined])[];
}

/**
 * Asks a bank for its audit, its whole history and the balances of the accounts. No other client may use the bank
 * meanwhile.
 */
export async function collectBooks(
  client: BankClient,
  accounts: Iterable<string>,
  limit = HISTORY_PAGE_MAX,
): Promise<Books> {
  const audit = await unary<Audit>((done) => client.audit({}, done));
  const history: number[] = [];
  let operations = audit.operations;
  while (history.length < operations) {
    const page = await unary<{ operationIds: readonly number[]; operations: number }>((done) =>
      client.history({ after: history.length, limit }, done),
    );
    if (page.operationIds.length === 0)
      throw new Error(`The history ends after ${history.length} of ${operations} operations.`);
    for (const id of page.operationIds) history.push(id);
    operations = page.operations;
  }
  const balances: [string, number | undefined][] = [];
  for (const account of accounts) balances.push([account, await balanceOf(client, account)]);
  return { audit, history, balances };
}

async function balanceOf(client: BankClient, account: string): Promise<number | undefined> {
  try {
    return (await unary<{ balanceCents: number }>((done) => client.getBalance({ account }, done))).balanceCents;
  } catch (error) {
    if ((error as Partial<grpc.ServiceError>).code === BankStatus.NOT_FOUND) return undefined;
    throw error;
  }
}

const unary = <T>(call: (done: grpc.requestCallback<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
  });
