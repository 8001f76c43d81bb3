import { methodSettings, parseServiceConfig } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { shopServiceConfig } from './service-config.js';
import { PAYMENTS_AFTER, Shop, type Sold } from './shop.js';

const LAMP: Sold = {
  customer: 'ada',
  article: 'lamp',
  priceCents: 4_900,
  payment: PAYMENTS_AFTER + 1,
  balanceCents: 100,
};

describe('the shop', () => {
  it('numbers its sales, and notes the tracking numbers of their parcels', () => {
    const shop = new Shop();
    const first = shop.sell(LAMP);
    shop.sell({ ...LAMP, customer: 'bob' });
    shop.sell({ ...LAMP, customer: 'cem' });
    shop.dispatched(first, 17);
    expect(shop.page(0, 2)).toEqual([
      { number: 1, ...LAMP, trackingNumber: 17 },
      { number: 2, ...LAMP, customer: 'bob', trackingNumber: 0 },
    ]);
    expect(shop.page(2, 2)).toMatchObject([{ number: 3, customer: 'cem' }]);
    expect(shop.audit()).toMatchObject({ sales: 3, dispatched: 1 });
  });

  it('gives each payment a new id, also after a payment that was refused', () => {
    const shop = new Shop();
    expect([shop.nextPayment(), shop.nextPayment()]).toEqual([PAYMENTS_AFTER + 1, PAYMENTS_AFTER + 2]);
    expect(shop.audit()).toMatchObject({ sales: 0, payments: 2 });
  });

  it('continues from a checkpoint exactly as the shop that wrote it', () => {
    const shop = new Shop();
    shop.nextPayment();
    const sale = shop.sell({ ...LAMP, customer: 'ä/β' });
    const successor = new Shop();
    successor.sell({ ...LAMP, customer: 'gone' });
    successor.restore(shop.checkpoint());
    expect(successor.audit()).toEqual(shop.audit());
    for (const each of [shop, successor]) {
      each.dispatched(sale, 3);
      each.sell({ ...LAMP, payment: each.nextPayment() });
    }
    expect(successor.page(0, 9)).toEqual(shop.page(0, 9));
    expect(successor.audit()).toEqual(shop.audit());
    expect(successor.checkpoint()).toEqual(shop.checkpoint());
  });

  it('changes the digest when any part of its state differs', () => {
    const digestAfter = (change: (shop: Shop) => void): string => {
      const shop = new Shop();
      const sale = shop.sell(LAMP);
      change(shop);
      shop.dispatched(sale, 1);
      return shop.audit().digest;
    };
    const digests = [
      digestAfter(() => {}),
      digestAfter((shop) => shop.nextPayment()),
      digestAfter((shop) => shop.sell(LAMP)),
      digestAfter((shop) => shop.sell({ ...LAMP, balanceCents: 99 })),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(digestAfter(() => {})).toBe(digests[0]);
  });

  it('refuses bytes that are not a checkpoint and keeps its state', () => {
    const shop = new Shop();
    shop.sell(LAMP);
    const good = shop.checkpoint();
    const sale = { number: 1, ...LAMP, trackingNumber: 0 };
    const bad = [
      '',
      'null',
      '{"version":2,"state":{"payments":0,"sales":[]}}',
      '{"version":1,"state":{"sales":[]}}',
      JSON.stringify({ version: 1, state: { payments: 1, sales: [{ ...sale, number: 2 }] } }),
      JSON.stringify({ version: 1, state: { payments: 1, sales: [{ ...sale, balanceCents: -1 }] } }),
      JSON.stringify({ version: 1, state: { payments: 1, sales: [{ ...sale, customer: 7 }] } }),
    ];
    for (const text of bad) expect(() => shop.restore(Buffer.from(text))).toThrow();
    expect(() => shop.restore(good.subarray(0, good.length - 1))).toThrow();
    expect(shop.checkpoint()).toEqual(good);
  });

  it('has a service config that parses and declares GetSales as read-only', () => {
    const mode = {
      replication: 'passive',
      multicast: 'direct',
      release: 'concurrent',
      carrier: 'rpc',
      leaseMs: 300,
    } as const;
    const config = parseServiceConfig(shopServiceConfig(mode));
    expect(config).toMatchObject({ group: 'shop', ...mode });
    expect(methodSettings(config, '/shop.v1.Shop/GetSales').readOnly).toBe(true);
    expect(methodSettings(config, '/shop.v1.Shop/Buy').readOnly).toBe(false);
  });
});
