/** Unary calls of a bank, and a plain client without replication. */
import * as grpc from '@grpc/grpc-js';
import type { Change, Operation, Receipt } from '@understudy/examples/bank/operation.js';
import { type Balance, BankClient } from '@understudy/examples/bank/proto.js';

/** How an operation ended, as its caller sees it. Fields that the reply lacks are 0 or empty. */
export interface Reply {
  readonly id: number;
  /** The gRPC status. */
  readonly code: number;
  readonly details: string;
  readonly sequence: number;
  readonly balanceCents: number;
  readonly toBalanceCents: number;
}

/** Connects to one bank that is not replicated. */
export const connectBare = (address: string): BankClient => new BankClient(address, grpc.credentials.createInsecure());

/** Sends an operation. Calls `done` when it has ended, well or badly. */
export function submit(client: BankClient, operation: Operation, done: (reply: Reply) => void): void {
  if (operation.kind === 'balance') {
    client.getBalance({ account: operation.account }, (error, balance) => done(replyOf(operation.id, error, balance)));
    return;
  }
  const callback: grpc.requestCallback<Receipt> = (error, receipt) => done(replyOf(operation.id, error, receipt));
  send(client, operation, callback);
}

function send(client: BankClient, operation: Change, callback: grpc.requestCallback<Receipt>): void {
  const { id: operationId, account, to, amountCents } = operation;
  switch (operation.kind) {
    case 'deposit':
      client.deposit({ operationId, account, amountCents }, callback);
      return;
    case 'withdraw':
      client.withdraw({ operationId, account, amountCents }, callback);
      return;
    case 'transfer':
      client.transfer({ operationId, account, to, amountCents }, callback);
  }
}

function replyOf(id: number, error: grpc.ServiceError | null, reply: Receipt | Balance | undefined): Reply {
  if (error !== null || reply === undefined) {
    const { code = grpc.status.UNKNOWN, details = 'neither an error nor a reply' } = error ?? {};
    return { id, code, details, sequence: 0, balanceCents: 0, toBalanceCents: 0 };
  }
  const toBalanceCents = 'toBalanceCents' in reply ? reply.toBalanceCents : 0;
  // A receipt keeps its own id, so that a proof notices a receipt for another operation.
  const answered = 'operationId' in reply ? reply.operationId : id;
  const { sequence, balanceCents } = reply;
  return { id: answered, code: grpc.status.OK, details: '', sequence, balanceCents, toBalanceCents };
}
