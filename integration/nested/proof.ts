/** Proves that purchases, payments and parcels agree. */
import { status } from '@grpc/grpc-js';
import type { Registered } from '../../packages/examples/dist/post/post-office.js';
import type { Sale } from '../../packages/examples/dist/shop/proto.js';
import { SHOP_ACCOUNT } from '../../packages/examples/dist/shop/service.js';
import { PAYMENTS_AFTER } from '../../packages/examples/dist/shop/shop.js';
import type { Books } from '../../packages/workshop/dist/demo/drive/collect.js';
import { OPENING_CENTS, type Purchase } from './shopping.js';

/** The state of all services at the end. */
export interface Evidence {
  readonly purchases: readonly Purchase[];
  /** All sales of the shop. */
  readonly sales: readonly Sale[];
  /** The books of the bank. */
  readonly books: Books;
  /** The parcels at the post office, by key. */
  readonly parcels: ReadonlyMap<string, Registered>;
}

/** @returns a sentence for each difference from a run without failures */
export const violationsOf = (evidence: Evidence): string[] => [
  ...answersAmiss(evidence),
  ...salesAmiss(evidence),
  ...paymentsAmiss(evidence),
  ...balancesAmiss(evidence),
  ...parcelsAmiss(evidence),
];

/** The statuses with which the bank refuses a payment. */
const REFUSALS: readonly number[] = [status.FAILED_PRECONDITION, status.NOT_FOUND];

/** Checks that every purchase has one answer: a receipt or the bank's refusal. */
function* answersAmiss({ purchases }: Evidence): Generator<string> {
  for (const [index, { answers, error }] of purchases.entries()) {
    if (answers !== 1) yield `purchase ${index} was answered ${answers} times`;
    if (error !== undefined && !REFUSALS.includes(error.code)) yield `purchase ${index} failed: ${error.message}`;
  }
}

/** Checks that sales and receipts agree. */
function* salesAmiss({ purchases, sales }: Evidence): Generator<string> {
  const unclaimed = new Map(sales.map((sale) => [sale.number, sale]));
  for (const { customer, article, receipt } of purchases) {
    if (receipt === undefined) continue;
    const sale = unclaimed.get(receipt.sale);
    unclaimed.delete(receipt.sale);
    const { priceCents, balanceCents } = receipt;
    const expected = describe({ customer, article, priceCents, balanceCents });
    if (sale === undefined) yield `two receipts or no sale for number ${receipt.sale}: ${expected}`;
    else if (describe(sale) !== expected)
      yield `sale ${sale.number} is ${describe(sale)}, its receipt says ${expected}`;
  }
  for (const sale of unclaimed.values()) yield `nobody has a receipt for sale ${sale.number}: ${describe(sale)}`;
}

type Paid = Pick<Sale, 'customer' | 'article' | 'priceCents' | 'balanceCents'>;

const describe = ({ customer, article, priceCents, balanceCents }: Paid): string =>
  `${article} for ${customer} at ${priceCents} cents, of which ${balanceCents} are left`;

/** Checks that the bank's history has the payment of each purchase once, refused ones included. */
function* paymentsAmiss({ purchases, sales, books }: Evidence): Generator<string> {
  const times = new Map<number, number>();
  for (const id of books.history) if (id > PAYMENTS_AFTER) times.set(id, (times.get(id) ?? 0) + 1);
  for (let id = PAYMENTS_AFTER + 1; id <= PAYMENTS_AFTER + purchases.length; id++) {
    if (times.get(id) !== 1) yield `payment ${id} is in the bank's history ${times.get(id) ?? 0} times`;
    times.delete(id);
  }
  for (const id of times.keys()) yield `nobody asked for payment ${id}`;
  if (new Set(sales.map(({ payment }) => payment)).size !== sales.length) yield 'two sales share a payment';
}

/** Checks the balances: each sale lowers its customer's balance by the price, and the accounts hold the rest. */
function* balancesAmiss({ sales, books }: Evidence): Generator<string> {
  const balances = new Map(books.balances);
  for (const [account, openingCents] of OPENING_CENTS) {
    const isShop = account === SHOP_ACCOUNT;
    const own = sales.filter(({ customer }) => isShop || customer === account);
    const movedCents = own.reduce((sum, { priceCents }) => sum + priceCents, 0);
    const expectedCents = isShop ? openingCents + movedCents : openingCents - movedCents;
    if (balances.get(account) !== expectedCents)
      yield `${account} has ${balances.get(account)} cents at the bank, by the sales ${expectedCents}`;
    if (isShop) continue;
    let leftCents = openingCents;
    for (const { number, priceCents, balanceCents } of own.toSorted((a, b) => b.balanceCents - a.balanceCents)) {
      leftCents -= priceCents;
      if (balanceCents !== leftCents) yield `sale ${number} says that ${account} has ${balanceCents}, not ${leftCents}`;
      leftCents = balanceCents;
    }
  }
}

/** Checks that each sale reached the post office under one key and has the tracking number from there. */
function* parcelsAmiss({ sales, parcels }: Evidence): Generator<string> {
  const numbers = new Map<string, number[]>();
  for (const { parcel, trackingNumber } of parcels.values())
    numbers.set(parcel.reference, [...(numbers.get(parcel.reference) ?? []), trackingNumber]);
  for (const { number, trackingNumber } of sales) {
    const given = numbers.get(`sale ${number}`) ?? [];
    numbers.delete(`sale ${number}`);
    if (given.length !== 1 || given[0] !== trackingNumber)
      yield `sale ${number} has tracking number ${trackingNumber}; the post office gave it ${given.join(', ') || 'none'}`;
  }
  for (const reference of numbers.keys()) yield `the post office has a parcel that nobody sold: ${reference}`;
}
