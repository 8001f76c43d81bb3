import 'reflect-metadata';
import { join } from 'node:path';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ClientGrpc, ClientsModule } from '@nestjs/microservices';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { firstValueFrom, from, lastValueFrom, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { otherGrpc } from '../../server/src/testing/other-grpc.js';
import { ReplicatedGrpcServer, replicatedClient } from './index.js';
import { Accounts, type BankClient, BankModule, grpcOptions } from './testing/bank.js';

const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'bank', leaseMs: 300 } }] };
const proto = { ...grpcOptions, protoPath: join(import.meta.dirname, 'testing/bank.proto') };

interface Running {
  readonly app: INestMicroservice;
  readonly strategy: ReplicatedGrpcServer;
  readonly address: string;
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Ends the sockets of a replica at once, as the death of its process would. */
const crash = ({ strategy }: Running): void => (strategy.replica as unknown as { crash(): void }).crash();

async function startGroup(size: number): Promise<Running[]> {
  const coordinator = memoryCoordinator();
  const running: Running[] = [];
  for (let i = 1; i <= size; i++) {
    let app: INestMicroservice;
    const strategy = new ReplicatedGrpcServer(proto, {
      replicaId: `bank-${i}`,
      coordinator,
      serviceConfig,
      state: () => app.get(Accounts),
      logger: 'none',
      handleSignals: false,
    });
    app = await NestFactory.createMicroservice(BankModule, { strategy, logger: false });
    closers.push(() => app.close());
    await app.listen();
    const address = (await coordinator('bank').present()).find(({ member }) => member.id === `bank-${i}`)?.address;
    running.push({ app, strategy, address: address ?? '' });
  }
  return running;
}

async function connect(group: readonly Running[]): Promise<BankClient> {
  const url = `understudy:///${group.map(({ address }) => address).join(',')}`;
  class ClientModule {}
  const clients = ClientsModule.register([
    { name: 'BANK', ...replicatedClient({ ...proto, url, replicated: { serviceConfig } }) },
  ]);
  const app = await NestFactory.createApplicationContext(
    { module: ClientModule, imports: [clients] },
    { logger: false },
  );
  closers.push(() => app.close());
  return app.get<ClientGrpc>('BANK').getService<BankClient>('Bank');
}

describe('a NestJS application', () => {
  it('answers all kinds of calls, and every replica has processed them', async () => {
    const group = await startGroup(2);
    const bank = await connect(group);
    expect(await firstValueFrom(bank.deposit({ owner: 'alice', cents: 5 }))).toEqual({ cents: 5 });
    const amounts = [1, 2, 3].map((cents) => ({ owner: 'alice', cents }));
    expect(await firstValueFrom(bank.depositAll(from(amounts)))).toEqual({ cents: 11 });
    expect(await lastValueFrom(bank.chat(from(amounts)).pipe(toArray()))).toEqual(
      [12, 14, 17].map((cents) => ({ cents })),
    );
    const statement = await lastValueFrom(bank.statement({ name: 'alice' }).pipe(toArray()));
    expect(statement.map(({ cents }) => cents)).toEqual([5, 6, 8, 11, 12, 14, 17]);
    await expect(firstValueFrom(bank.deposit({ owner: 'alice', cents: 0 }))).rejects.toThrow('nothing to deposit');
    await group[0]?.app.close();
    expect(group[1]?.app.get(Accounts).of('alice')).toBe(17);
  });

  it('loses no call and repeats none when the primary dies under calls', async () => {
    const group = await startGroup(3);
    const bank = await connect(group);
    const replies: number[] = [];
    for (let i = 0; i < 60; i++) {
      const burst = [1, 2, 3].map(() => firstValueFrom(bank.deposit({ owner: 'bob', cents: 1 })));
      if (i === 20) crash(group.find(({ strategy }) => strategy.replica.status.role === 'primary') as Running);
      replies.push(...(await Promise.all(burst)).map(({ cents }) => cents));
    }
    expect(replies.sort((a, b) => a - b)).toEqual(Array.from({ length: 180 }, (_, i) => i + 1));
  });

  it('hands over when Nest closes the application', async () => {
    const group = await startGroup(2);
    const bank = await connect(group);
    await firstValueFrom(bank.deposit({ owner: 'carol', cents: 7 }));
    const [first, second] = group as [Running, Running];
    expect(first.strategy.replica.status.role).toBe('primary');
    await first.app.close();
    expect(second.strategy.replica.status).toMatchObject({ role: 'primary', term: 2 });
    expect(first.app.get(Accounts).destroyed).toBe(1);
    expect(await firstValueFrom(bank.deposit({ owner: 'carol', cents: 1 }))).toEqual({ cents: 8 });
  });

  it('gets an error if the state that it names is not a state', async () => {
    const strategy = new ReplicatedGrpcServer(proto, {
      replicaId: 'bank-1',
      coordinator: memoryCoordinator(),
      serviceConfig,
      state: () => ({}) as Accounts,
      logger: 'none',
      handleSignals: false,
    });
    const app = await NestFactory.createMicroservice(BankModule, { strategy, logger: false });
    await expect(app.listen()).rejects.toThrow(/UNDERSTUDY_SETUP.*checkpoint/);
  });

  it('gets an error if its credentials come from another copy of grpc-js', async () => {
    const { grpc, remove } = otherGrpc();
    closers.push(remove);
    const credentials = grpc.ServerCredentials.createInsecure();
    const strategy = new ReplicatedGrpcServer(
      { ...proto, credentials },
      {
        ...{ replicaId: 'bank-1', coordinator: memoryCoordinator(), serviceConfig, state: 'none' },
        ...{ logger: 'none', handleSignals: false },
      },
    );
    const app = await NestFactory.createMicroservice(BankModule, { strategy, logger: false });
    await expect(app.listen()).rejects.toThrow(/UNDERSTUDY_SETUP.*npm dedupe/);
  });
});
