import 'reflect-metadata';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ClientGrpc, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { firstValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { ReplicatedGrpcServer, replicatedClient } from './index.js';
import { Accounts, type BankClient, grpcOptions } from './testing/bank.js';
import { freePort } from './testing/free-port.js';
import { HybridModule, type NoHttp, noHttp } from './testing/hybrid.js';
import { Drawers, type TillClient, tillOptions } from './testing/till.js';

const protoIn = (file: string): string => join(import.meta.dirname, 'testing', file);
const bank = { ...grpcOptions, protoPath: protoIn('bank.proto') };
const till = { ...tillOptions, protoPath: protoIn('till.proto') };
const configOf = (group: string) => ({ loadBalancingConfig: [{ understudy: { group, leaseMs: 300 } }] });

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running {
  readonly app: INestApplication;
  readonly strategies: readonly [bank: ReplicatedGrpcServer, till: ReplicatedGrpcServer];
  readonly http: NoHttp;
}

const coordinator = memoryCoordinator();

/** One process of the application: two gRPC services, each the replica of a group of its own. */
async function startHybrid(number: number): Promise<Running> {
  const http = noHttp();
  const app = await NestFactory.create(HybridModule, http, { logger: false });
  const common = { coordinator, logger: 'none', handleSignals: false } as const;
  const strategies = [
    new ReplicatedGrpcServer(
      { ...bank, url: '127.0.0.1:0' },
      {
        ...{ ...common, replicaId: `bank-${number}`, serviceConfig: configOf('bank') },
        state: () => app.get(Accounts, { strict: false }),
      },
    ),
    new ReplicatedGrpcServer(
      { ...till, url: '127.0.0.1:0' },
      {
        ...{ ...common, replicaId: `till-${number}`, serviceConfig: configOf('till') },
        state: () => app.get(Drawers, { strict: false }),
      },
    ),
  ] as const;
  for (const strategy of strategies) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  closers.push(() => app.close());
  await app.startAllMicroservices();
  return { app, strategies, http };
}

async function connect<T>(proto: Omit<typeof bank, 'url'>, group: string, service: string): Promise<T> {
  const addresses = (await coordinator(group).present()).map(({ address }) => address);
  const url = `understudy:///${addresses.join(',')}`;
  const replicated = { serviceConfig: configOf(group) };
  const client = ClientProxyFactory.create(replicatedClient({ ...proto, url, replicated })) as unknown as ClientGrpc & {
    close(): void;
  };
  closers.push(() => client.close());
  return client.getService(service) as T;
}

describe('a hybrid application with two microservices', () => {
  it('is a replica of two groups, each with its own primary, and hands both over when it closes', async () => {
    const first = await startHybrid(1);
    const second = await startHybrid(2);
    const bankClient = await connect<BankClient>(bank, 'bank', 'Bank');
    const tillClient = await connect<TillClient>(till, 'till', 'Till');
    expect(await firstValueFrom(bankClient.deposit({ owner: 'alice', cents: 5 }))).toEqual({ cents: 5 });
    expect(await firstValueFrom(tillClient.deposit({ owner: 'alice', cents: 7 }))).toMatchObject({ cents: 7 });
    // Only one of the two groups loses its primary.
    (first.strategies[0].replica as unknown as { crash(): void }).crash();
    expect(await firstValueFrom(bankClient.deposit({ owner: 'alice', cents: 5 }))).toEqual({ cents: 10 });
    const roles = (app: Running) => app.strategies.map(({ replica }) => replica.status.role);
    expect(roles(second)).toEqual(['primary', 'backup']);
    expect(first.strategies[1].replica.status.role).toBe('primary');
    await first.app.close();
    expect(first.http.closed).toBe(1);
    expect(first.app.get(Accounts, { strict: false }).destroyed).toBe(1);
    expect(roles(second)).toEqual(['primary', 'primary']);
    expect(await firstValueFrom(tillClient.deposit({ owner: 'alice', cents: 7 }))).toMatchObject({ cents: 14 });
    expect(second.app.get(Accounts, { strict: false }).of('alice')).toBe(10);
  });

  it('may have a replicated microservice beside an ordinary one', async () => {
    const http = noHttp();
    const app = await NestFactory.create(HybridModule, http, { logger: false });
    const strategy = new ReplicatedGrpcServer(
      { ...bank, url: '127.0.0.1:0' },
      {
        ...{
          replicaId: 'alone-1',
          coordinator,
          serviceConfig: configOf('alone'),
          logger: 'none',
          handleSignals: false,
        },
        state: () => app.get(Accounts, { strict: false }),
      },
    );
    app.connectMicroservice({ strategy });
    const url = `127.0.0.1:${await freePort()}`;
    app.connectMicroservice({ transport: Transport.GRPC, options: { ...till, url } });
    closers.push(() => app.close());
    await app.startAllMicroservices();
    const client = ClientProxyFactory.create({ transport: Transport.GRPC, options: { ...till, url } });
    closers.push(() => client.close());
    const ordinary = (client as unknown as ClientGrpc).getService<TillClient>('Till');
    expect(await firstValueFrom(ordinary.deposit({ owner: 'bob', cents: 1 }))).toMatchObject({ cents: 1 });
    const replicated = await connect<BankClient>(bank, 'alone', 'Bank');
    expect(await firstValueFrom(replicated.deposit({ owner: 'bob', cents: 2 }))).toEqual({ cents: 2 });
    expect(strategy.replica.status.processedUpTo).toBe(1);
  });
});
