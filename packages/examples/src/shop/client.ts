/** Puts money into two accounts at the bank, then buys teapots until the money is spent. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import { BankClient } from '../bank/proto.js';
import { bankServiceConfig } from '../bank/service-config.js';
import { connect } from '../common/connect.js';
import { ShopClient } from './proto.js';
import { SHOP_ACCOUNT } from './service.js';
import { shopServiceConfig } from './service-config.js';

const { client, primary } = connect(
  ShopClient,
  shopServiceConfig,
  50071,
  'Buys teapots, at most two a second, until the money is spent.',
);
const bankTarget = 'understudy:///127.0.0.1:50051,127.0.0.1:50052,127.0.0.1:50053';
const mode = {
  replication: 'semi-active',
  multicast: 'direct',
  release: 'concurrent',
  carrier: 'stream',
  leaseMs: 300,
} as const;
const bankOptions = replicated({ serviceConfig: bankServiceConfig(mode) });
const bank = new BankClient(bankTarget, grpc.credentials.createInsecure(), bankOptions);

const deposit = (operationId: number, account: string, amountCents: number): Promise<void> =>
  new Promise((resolve, reject) => {
    bank.deposit({ operationId, account, amountCents }, (error) => (error === null ? resolve() : reject(error)));
  });
const buy = (): Promise<string | undefined> =>
  new Promise((resolve) => {
    client.buy({ customer: 'alice', article: 'teapot' }, (error, receipt) => {
      console.log(
        error?.details ?? `sale ${receipt?.sale}: alice has ${receipt?.balanceCents} cents, says ${primary()}`,
      );
      resolve(error?.details);
    });
  });

await deposit(1, SHOP_ACCOUNT, 1);
await deposit(2, 'alice', 100_000);
while ((await buy()) === undefined) await sleep(500);
bank.close();
client.close();
