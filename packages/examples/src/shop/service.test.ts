import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bank } from '../bank/bank.js';
import type { Change } from '../bank/operation.js';
import { BankClient, BankService } from '../bank/proto.js';
import { handlers as bankHandlers } from '../bank/service.js';
import { type BareServer, startBare } from '../common/bare.js';
import type { Dispatched, Parcel } from '../post/proto.js';
import { type SaleReceipt, type SalesPage, ShopClient, ShopService } from './proto.js';
import { handlers, SALES_PAGE_MAX, SHOP_ACCOUNT } from './service.js';
import { PAYMENTS_AFTER, Shop } from './shop.js';

/** A post office that answers only when the test calls one of `answers`. */
class SlowPost {
  readonly parcels: Parcel[] = [];
  readonly answers: grpc.requestCallback<Dispatched>[] = [];

  dispatch(parcel: Parcel, callback: grpc.requestCallback<Dispatched>): void {
    this.parcels.push(parcel);
    this.answers.push(callback);
  }
}

let bank: Bank;
let post: SlowPost;
let servers: BareServer[];
let bankClient: BankClient;
let client: ShopClient;
beforeEach(async () => {
  bank = new Bank();
  post = new SlowPost();
  const bankServer = await startBare('127.0.0.1:0', (to) => to.addService(BankService, bankHandlers(bank)));
  bankClient = new BankClient(bankServer.address, grpc.credentials.createInsecure());
  const partners = { bank: bankClient, post };
  const shopServer = await startBare('127.0.0.1:0', (to) => to.addService(ShopService, handlers(new Shop(), partners)));
  servers = [bankServer, shopServer];
  client = new ShopClient(shopServer.address, grpc.credentials.createInsecure());
  const deposit: Change = { kind: 'deposit', id: 1, account: SHOP_ACCOUNT, to: '', amountCents: 1 };
  bank.apply(deposit);
  bank.apply({ ...deposit, id: 2, account: 'ada', amountCents: 10_000 });
});
afterEach(() => {
  for (const each of [bankClient, client]) each.close();
  for (const server of servers) server.stop();
});

const unary = <T>(call: (done: grpc.requestCallback<T>) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
  });
const buy = (customer: string, article: string): Promise<SaleReceipt> =>
  unary((done) => client.buy({ customer, article }, done));
const sales = (after = 0, limit = SALES_PAGE_MAX): Promise<SalesPage> =>
  unary((done) => client.getSales({ after, limit }, done));

describe('a purchase', () => {
  it('is paid at the bank, and answered with the remaining balance', async () => {
    expect(await buy('ada', 'lamp')).toEqual({ sale: 1, priceCents: 4_900, balanceCents: 5_100 });
    expect(await buy('ada', 'teapot')).toEqual({ sale: 2, priceCents: 2_400, balanceCents: 2_700 });
    expect(bank.balance(SHOP_ACCOUNT)).toBe(7_301);
    expect(bank.history.ids).toEqual([1, 2, PAYMENTS_AFTER + 1, PAYMENTS_AFTER + 2]);
    const lamp = { number: 1, customer: 'ada', article: 'lamp', priceCents: 4_900, trackingNumber: 0 };
    const teapot = { number: 2, customer: 'ada', article: 'teapot', priceCents: 2_400, trackingNumber: 0 };
    expect(await sales()).toEqual({
      sales: [
        { ...lamp, payment: PAYMENTS_AFTER + 1, balanceCents: 5_100 },
        { ...teapot, payment: PAYMENTS_AFTER + 2, balanceCents: 2_700 },
      ],
      sold: 2,
    });
  });

  it("that the bank refuses is answered with the bank's status, and nothing is sold", async () => {
    await expect(buy('ada', 'armchair')).rejects.toMatchObject({
      code: grpc.status.FAILED_PRECONDITION,
      details: 'operation refused at place 3: account ada holds 10000 cents, 31500 were asked',
    });
    await expect(buy('nobody', 'lamp')).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
    await expect(buy('', 'lamp')).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
    expect(await sales()).toEqual({ sales: [], sold: 0 });
    expect(post.parcels).toEqual([]);
    expect(await buy('ada', 'lamp')).toMatchObject({ sale: 1 });
    expect(new Set(bank.history.ids).size).toBe(5);
  });

  it('of an unknown article never reaches the bank', async () => {
    await expect(buy('ada', 'moon')).rejects.toMatchObject({ code: grpc.status.NOT_FOUND });
    expect(bank.history.length).toBe(2);
  });
});

describe('the parcel of a sale', () => {
  it('is handed to the post office, and gets its tracking number when the post office answers', async () => {
    await buy('ada', 'lamp');
    await buy('ada', 'teapot');
    expect(post.parcels).toEqual([
      { recipient: 'ada', content: 'lamp', reference: 'sale 1' },
      { recipient: 'ada', content: 'teapot', reference: 'sale 2' },
    ]);
    post.answers[1]?.(null, { trackingNumber: 8 });
    expect((await sales()).sales.map(({ trackingNumber }) => trackingNumber)).toEqual([0, 8]);
    post.answers[0]?.(null, { trackingNumber: 9 });
    expect((await sales()).sales.map(({ trackingNumber }) => trackingNumber)).toEqual([9, 8]);
  });

  it('has no tracking number if the post office refuses it', async () => {
    await buy('ada', 'lamp');
    const refusal = { code: grpc.status.UNAVAILABLE, details: 'closed', metadata: new grpc.Metadata() };
    post.answers[0]?.(Object.assign(new Error('closed'), refusal));
    expect((await sales()).sales).toMatchObject([{ number: 1, trackingNumber: 0 }]);
  });
});

describe('the list of sales', () => {
  it('is answered a page at a time', async () => {
    for (let i = 0; i < 4; i++) await buy('ada', 'teapot');
    expect((await sales(1, 2)).sales.map(({ number }) => number)).toEqual([2, 3]);
    expect(await sales(3, 2)).toMatchObject({ sales: [{ number: 4 }], sold: 4 });
    expect(await sales(4)).toEqual({ sales: [], sold: 4 });
    for (const limit of [0, SALES_PAGE_MAX + 1])
      await expect(sales(0, limit)).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
  });
});
