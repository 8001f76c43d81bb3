/** Customers of the shop. */
import type * as grpc from '@grpc/grpc-js';
import type { BankClient } from '../../packages/examples/dist/bank/proto.js';
import { PRICES_CENTS } from '../../packages/examples/dist/shop/articles.js';
import type { Sale, SaleReceipt, SalesPage, ShopClient } from '../../packages/examples/dist/shop/proto.js';
import { SALES_PAGE_MAX, SHOP_ACCOUNT } from '../../packages/examples/dist/shop/service.js';
import { Patience } from '../history/patience.js';

/** The balances before the first purchase. The last customer's payments are soon refused, and one has no account. */
export const OPENING_CENTS: ReadonlyMap<string, number> = new Map([
  [SHOP_ACCOUNT, 1],
  ['ada', 1_000_000_000],
  ['bob', 1_000_000_000],
  ['cem', 1_000_000_000],
  ['dot', 200_000],
]);
const CUSTOMERS = ['ada', 'bob', 'cem', 'dot', 'nobody'];
const ARTICLES = [...PRICES_CENTS.keys()];

/** A purchase and its outcome. */
export interface Purchase {
  readonly customer: string;
  readonly article: string;
  /** How often the purchase was answered. */
  answers: number;
  receipt: SaleReceipt | undefined;
  error: grpc.ServiceError | undefined;
}

/** Customers who keep a number of purchases open until they have made enough. */
export class Shopping {
  readonly purchases: Purchase[] = [];
  /** How many answers have arrived. */
  answered = 0;
  readonly #shop: ShopClient;
  readonly #patience = new Patience(() => `${this.answered} purchases of ${this.purchases.length} are answered`);
  #enough = false;

  constructor(shop: ShopClient, inFlight: number) {
    this.#shop = shop;
    for (let i = 0; i < inFlight; i++) this.#buy();
  }

  /** Waits until `count` more purchases have been answered than now. */
  async answeredMore(count: number): Promise<void> {
    const until = this.answered + count;
    await this.#patience.until(() => this.answered >= until);
  }

  /** Waits until `count` purchases were made and all are answered. */
  async finish(atLeast: number): Promise<void> {
    await this.#patience.until(() => this.answered >= atLeast);
    this.#enough = true;
    await this.#patience.until(() => this.answered >= this.purchases.length);
  }

  #buy(): void {
    const number = this.purchases.length;
    const customer = CUSTOMERS[number % CUSTOMERS.length] ?? '';
    const article = ARTICLES[number % ARTICLES.length] ?? '';
    const purchase: Purchase = { customer, article, answers: 0, receipt: undefined, error: undefined };
    this.purchases.push(purchase);
    this.#shop.buy({ customer, article }, (error, receipt) => {
      purchase.answers += 1;
      purchase.receipt = receipt;
      purchase.error = error ?? undefined;
      this.answered += 1;
      if (!this.#enough) this.#buy();
      this.#patience.look();
    });
  }
}

/** Opens the accounts of the shop and of the customers. */
export async function openAccounts(bank: BankClient): Promise<void> {
  let operationId = 0;
  for (const [account, amountCents] of OPENING_CENTS) {
    operationId += 1;
    await unary((done) => bank.deposit({ operationId, account, amountCents }, done));
  }
}

/** Returns all sales, when each has its tracking number. The post office may answer long after the purchase. */
export async function salesOf(shop: ShopClient): Promise<Sale[]> {
  for (;;) {
    const sales: Sale[] = [];
    let sold = Number.POSITIVE_INFINITY;
    while (sales.length < sold) {
      const after = sales.length;
      const page = await unary<SalesPage>((done) => shop.getSales({ after, limit: SALES_PAGE_MAX }, done));
      sales.push(...page.sales);
      sold = page.sold;
    }
    if (sales.every(({ trackingNumber }) => trackingNumber > 0)) return sales;
  }
}

const unary = <T>(call: (done: grpc.requestCallback<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
  });
