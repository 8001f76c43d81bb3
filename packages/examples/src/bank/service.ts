/** The bank's gRPC handlers. */
import type * as grpc from '@grpc/grpc-js';
import type { Bank } from './bank.js';
import { BankStatus, type Change, faultOf, isAccountName, MAX_ACCOUNT_LENGTH, type Receipt } from './operation.js';
import type { BankHandlers } from './proto.js';

export const HISTORY_PAGE_MAX = 10_000;

/** Returns the gRPC handlers of a bank. */
export function handlers(bank: Bank): BankHandlers {
  const change = (operation: Change, reply: grpc.sendUnaryData<Receipt>): void => {
    const fault = faultOf(operation);
    const answer = fault === undefined ? bank.apply(operation) : invalid(fault);
    if ('code' in answer) reply(answer);
    else reply(null, answer);
  };

  return {
    deposit: ({ request: { operationId, account, amountCents } }, reply) =>
      change({ kind: 'deposit', id: operationId, account, to: '', amountCents }, reply),

    withdraw: ({ request: { operationId, account, amountCents } }, reply) =>
      change({ kind: 'withdraw', id: operationId, account, to: '', amountCents }, reply),

    transfer: ({ request: { operationId, account, to, amountCents } }, reply) =>
      change({ kind: 'transfer', id: operationId, account, to, amountCents }, reply),

    getBalance: ({ request: { account } }, reply) => {
      if (!isAccountName(account)) return reply(invalid(`the account must have 1 to ${MAX_ACCOUNT_LENGTH} characters`));
      const balanceCents = bank.balance(account);
      if (balanceCents === undefined) reply({ code: BankStatus.NOT_FOUND, details: `there is no account ${account}` });
      else reply(null, { balanceCents, sequence: bank.history.length });
    },

    audit: (_call, reply) => reply(null, bank.audit()),

    history: ({ request: { after, limit } }, reply) => {
      if (limit < 1 || limit > HISTORY_PAGE_MAX)
        return reply(invalid(`the limit of a page of the history must be from 1 to ${HISTORY_PAGE_MAX}`));
      reply(null, { operationIds: bank.history.page(after, limit), operations: bank.history.length });
    },
  };
}

const invalid = (details: string) => ({ code: BankStatus.INVALID_ARGUMENT, details });
