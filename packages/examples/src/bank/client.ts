/** Deposits a euro five times a second and prints the balance and the replica that answered: the one to kill. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../common/connect.js';
import { BankClient } from './proto.js';
import { bankServiceConfig } from './service-config.js';

const { client, primary } = connect(BankClient, bankServiceConfig, 50051, 'Deposits 100 cents, again and again.');

for (let operationId = 1; ; operationId++) {
  const line = await new Promise<string>((resolve) => {
    client.deposit({ operationId, account: 'alice', amountCents: 100 }, (error, receipt) => {
      resolve(error?.message ?? `alice has ${receipt?.balanceCents} cents, says ${primary()}`);
    });
  });
  console.log(line);
  await sleep(200);
}
