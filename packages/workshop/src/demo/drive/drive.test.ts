import { Bank } from '@understudy/examples/bank/bank.js';
import type { Operation } from '@understudy/examples/bank/operation.js';
import { type BankClient, BankService } from '@understudy/examples/bank/proto.js';
import { handlers } from '@understudy/examples/bank/service.js';
import { type BareServer, startBare } from '@understudy/examples/common/bare.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectBare } from '../../bank/client.js';
import { generateOperations } from '../../bank/generate-operations.js';
import { verify } from '../proof/verify.js';
import { collectBooks } from './collect.js';
import { Driver } from './drive.js';
import { accountsOf, warmUpOperations } from './workload.js';

let server: BareServer;
let client: BankClient;
beforeEach(async () => {
  server = await startBare('127.0.0.1:0', (to) => to.addService(BankService, handlers(new Bank())));
  client = connectBare(server.address);
});
afterEach(() => {
  client.close();
  server.stop();
});

function operationsOf(count: number): Operation[] {
  return [...generateOperations(count)].slice(1).map((line): Operation => {
    const [id = '', kind = '', account = '', to = '', amount = ''] = line.split(',');
    if (kind === 'balance') return { kind, id: Number(id), account };
    if (kind !== 'deposit' && kind !== 'withdraw' && kind !== 'transfer') throw new Error(`unexpected ${kind}`);
    return { kind, id: Number(id), account, to, amountCents: Number(amount) };
  });
}

describe('a driven bank', () => {
  it('answers every operation once, and its books prove it', async () => {
    const warmUp = warmUpOperations(50);
    const operations = operationsOf(1_500);
    const driver = new Driver(client, 64);
    const replies = await driver.run(warmUp);
    const progress: number[] = [];
    replies.push(...(await driver.run(operations, (count) => progress.push(count))));
    const all = [...warmUp, ...operations];
    const books = await collectBooks(client, accountsOf(all));
    expect(verify({ operations: all, replies, books })).toMatchObject({ replies: 1_550, problems: [] });
    expect(progress).toHaveLength(1_500);
    expect(books.audit.refused).toBeGreaterThan(0);
  });

  it('gives books with a history of many pages, and with accounts that do not exist', async () => {
    const changes = warmUpOperations(400).filter(({ kind }) => kind !== 'balance');
    await new Driver(client, 1).run(changes);
    const books = await collectBooks(client, ['warm-up-a', 'nobody'], 70);
    expect(books.history).toEqual(changes.map(({ id }) => id));
    expect(books.balances[1]).toEqual(['nobody', undefined]);
  });

  it('refuses invalid operations, which leave no trace in its books', async () => {
    const bad: Operation[] = [
      { kind: 'deposit', id: 1, account: 'a', to: '', amountCents: 0 },
      { kind: 'deposit', id: 0, account: 'a', to: '', amountCents: 5 },
      { kind: 'withdraw', id: 2, account: '', to: '', amountCents: 5 },
      { kind: 'transfer', id: 3, account: 'a', to: 'a', amountCents: 5 },
      { kind: 'balance', id: 4, account: 'a'.repeat(65) },
    ];
    const replies = await new Driver(client, 2).run(bad);
    expect(replies.map(({ code }) => code)).toEqual([3, 3, 3, 3, 3]);
    expect((await collectBooks(client, [])).audit.operations).toBe(0);
  });

  it('that cannot be reached makes every operation fail', async () => {
    server.stop();
    const replies = await new Driver(client, 2).run(warmUpOperations(3));
    expect(replies.map(({ code }) => code)).toEqual([14, 14, 14]);
  });
});
