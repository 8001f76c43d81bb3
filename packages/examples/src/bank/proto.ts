/** The bank's gRPC service in TypeScript; bank.proto explains the fields. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Audit } from './bank.js';
import type { Receipt } from './operation.js';

export interface DepositRequest {
  readonly operationId: number;
  readonly account: string;
  readonly amountCents: number;
}
export type WithdrawRequest = DepositRequest;
export interface TransferRequest extends DepositRequest {
  readonly to: string;
}
export interface GetBalanceRequest {
  readonly account: string;
}
export interface Balance {
  readonly balanceCents: number;
  readonly sequence: number;
}
export interface HistoryRequest {
  readonly after: number;
  readonly limit: number;
}
export interface HistoryPage {
  readonly operationIds: readonly number[];
  readonly operations: number;
}
export type AuditRequest = Readonly<Record<string, never>>;

/** The handlers of a bank, as grpc-js's `addService` takes them. */
export interface BankHandlers extends grpc.UntypedServiceImplementation {
  deposit: grpc.handleUnaryCall<DepositRequest, Receipt>;
  withdraw: grpc.handleUnaryCall<WithdrawRequest, Receipt>;
  transfer: grpc.handleUnaryCall<TransferRequest, Receipt>;
  getBalance: grpc.handleUnaryCall<GetBalanceRequest, Balance>;
  audit: grpc.handleUnaryCall<AuditRequest, Audit>;
  history: grpc.handleUnaryCall<HistoryRequest, HistoryPage>;
}

type Method<Request, Reply> = (request: Request, callback: grpc.requestCallback<Reply>) => grpc.ClientUnaryCall;

export interface BankClient extends grpc.Client {
  deposit: Method<DepositRequest, Receipt>;
  withdraw: Method<WithdrawRequest, Receipt>;
  transfer: Method<TransferRequest, Receipt>;
  getBalance: Method<GetBalanceRequest, Balance>;
  audit: Method<AuditRequest, Audit>;
  history: Method<HistoryRequest, HistoryPage>;
}

type BankClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => BankClient;

const definitions = loadSync(fileURLToPath(new URL('../../protos/bank/v1/bank.proto', import.meta.url)), {
  // The bank's own bounds keep all amounts below 2^53.
  longs: Number,
  defaults: true,
});

export const BankService = definitions['bank.v1.Bank'] as grpc.ServiceDefinition;
export const BankClient = grpc.makeGenericClientConstructor(BankService, 'Bank') as unknown as BankClientConstructor;
