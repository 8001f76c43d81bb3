/** The state of the shop, without any gRPC. */
import { createHash } from 'node:crypto';
import { decodeCheckpoint, encodeCheckpoint, isCount, isRecord } from '../common/json-checkpoint.js';
import type { Sale } from './proto.js';

const VERSION = 1;

/** The ids of the shop's operations at the bank are above this number; no other client of the bank uses them. */
export const PAYMENTS_AFTER = 1_000_000_000;

/** A sale that has no number yet. */
export type Sold = Omit<Sale, 'number' | 'trackingNumber'>;

/** Describes the state, to compare two shops. */
export interface ShopAudit {
  readonly sales: number;
  /** How many payments were requested, refused ones included. */
  readonly payments: number;
  /** How many sales have a tracking number. */
  readonly dispatched: number;
  /** A digest of the whole state, 64 hexadecimal digits. */
  readonly digest: string;
}

interface SavedSales {
  readonly payments: number;
  readonly sales: readonly Sale[];
}

/**
 * The sales of a shop. The state depends on nothing but the calls to the shop, the replies to its own calls, and the
 * order of both, so all replicas reach the same one. It grows with every sale.
 */
export class Shop {
  #payments = 0;
  #sales: Sale[] = [];

  /** Returns a new operation id for a payment. A refused payment uses its id up, because the bank's history has it. */
  nextPayment(): number {
    this.#payments += 1;
    return PAYMENTS_AFTER + this.#payments;
  }

  /** The bank has made the payment of a sale. */
  sell(sold: Sold): Sale {
    const sale = { number: this.#sales.length + 1, ...sold, trackingNumber: 0 };
    this.#sales.push(sale);
    return sale;
  }

  /** The post office has taken the parcel of a sale. */
  dispatched(sale: Sale, trackingNumber: number): void {
    this.#sales[sale.number - 1] = { ...sale, trackingNumber };
  }

  get sold(): number {
    return this.#sales.length;
  }

  /** @returns at most `limit` sales, beginning after the sale with the number `after` */
  page(after: number, limit: number): Sale[] {
    return this.#sales.slice(after, after + limit);
  }

  audit(): ShopAudit {
    return {
      sales: this.#sales.length,
      payments: this.#payments,
      dispatched: this.#sales.filter(({ trackingNumber }) => trackingNumber > 0).length,
      digest: createHash('sha256').update(this.checkpoint()).digest('hex'),
    };
  }

  /** Copies the whole state into bytes. */
  checkpoint(): Uint8Array {
    return encodeCheckpoint(VERSION, { payments: this.#payments, sales: this.#sales } satisfies SavedSales);
  }

  /** Replaces the whole state. Throws and changes nothing if the bytes are not a checkpoint. */
  restore(bytes: Uint8Array): void {
    const { payments, sales } = decodeCheckpoint(bytes, VERSION, 'the shop', isSaved);
    this.#payments = payments;
    this.#sales = [...sales];
  }
}

const isSaved = (value: unknown): value is SavedSales =>
  isRecord(value) && isCount(value.payments) && Array.isArray(value.sales) && value.sales.every(isSale);

const isSale = (value: unknown, index: number): value is Sale =>
  isRecord(value) &&
  value.number === index + 1 &&
  [value.customer, value.article].every((text) => typeof text === 'string') &&
  [value.priceCents, value.payment, value.balanceCents, value.trackingNumber].every(isCount);
