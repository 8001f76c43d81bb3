import { createHash } from 'node:crypto';
import { decodeCheckpoint, encodeCheckpoint, isCount, isRecord } from '../common/json-checkpoint.js';
import type { Sale } from './proto.js';

const VERSION = 1;

/** The shop's operations at the bank have ids from behind this on; others leave these alone. */
export const PAYMENTS_AFTER = 1_000_000_000;

/** A sale whose number is not given yet. */
export type Sold = Omit<Sale, 'number' | 'trackingNumber'>;

/** What is said of the state when two shops are compared. */
export interface ShopAudit {
  readonly sales: number;
  /** Payments that were asked for, refused ones too. */
  readonly payments: number;
  /** Sales whose tracking number is known. */
  readonly dispatched: number;
  /** Of everything, 64 hexadecimal digits. */
  readonly digest: string;
}

interface SavedSales {
  readonly payments: number;
  readonly sales: readonly Sale[];
}

/**
 * What the shop knows. Nothing in it depends on anything but what was asked of the shop and answered to it, and in which
 * order. It grows with what is sold.
 */
export class Shop {
  #payments = 0;
  #sales: Sale[] = [];

  /** The bank's operation id for another payment. One that is refused used its id up: it is in the bank's history. */
  nextPayment(): number {
    this.#payments += 1;
    return PAYMENTS_AFTER + this.#payments;
  }

  /** A payment was made. */
  sell(sold: Sold): Sale {
    const sale = { number: this.#sales.length + 1, ...sold, trackingNumber: 0 };
    this.#sales.push(sale);
    return sale;
  }

  /** The post office took the parcel of a sale. */
  dispatched(sale: Sale, trackingNumber: number): void {
    this.#sales[sale.number - 1] = { ...sale, trackingNumber };
  }

  get sold(): number {
    return this.#sales.length;
  }

  /** At most `limit` sales, from behind the one with the number `after` on. */
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

  /** A copy of everything, as bytes. */
  checkpoint(): Uint8Array {
    return encodeCheckpoint(VERSION, { payments: this.#payments, sales: this.#sales } satisfies SavedSales);
  }

  /** Replaces everything. Throws, and changes nothing, if the bytes are not a checkpoint. */
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
