/** The shop's gRPC service in TypeScript; shop.proto explains the fields. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface BuyRequest {
  readonly customer: string;
  readonly article: string;
}
export interface SaleReceipt {
  readonly sale: number;
  readonly priceCents: number;
  readonly balanceCents: number;
}
export interface GetSalesRequest {
  readonly after: number;
  readonly limit: number;
}
export interface Sale {
  readonly number: number;
  readonly customer: string;
  readonly article: string;
  readonly priceCents: number;
  readonly payment: number;
  readonly balanceCents: number;
  readonly trackingNumber: number;
}
export interface SalesPage {
  readonly sales: readonly Sale[];
  readonly sold: number;
}

/** The handlers of a shop, as grpc-js's `addService` takes them. */
export interface ShopHandlers extends grpc.UntypedServiceImplementation {
  buy: grpc.handleUnaryCall<BuyRequest, SaleReceipt>;
  getSales: grpc.handleUnaryCall<GetSalesRequest, SalesPage>;
}

export interface ShopClient extends grpc.Client {
  buy(request: BuyRequest, callback: grpc.requestCallback<SaleReceipt>): grpc.ClientUnaryCall;
  getSales(request: GetSalesRequest, callback: grpc.requestCallback<SalesPage>): grpc.ClientUnaryCall;
}

type ShopClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => ShopClient;

const definitions = loadSync(fileURLToPath(new URL('../../protos/shop/v1/shop.proto', import.meta.url)), {
  // The bank's own bounds keep all amounts below 2^53.
  longs: Number,
  defaults: true,
});

export const ShopService = definitions['shop.v1.Shop'] as grpc.ServiceDefinition;
export const ShopClient = grpc.makeGenericClientConstructor(ShopService, 'Shop') as unknown as ShopClientConstructor;
