import 'reflect-metadata';
import { join } from 'node:path';
import { Metadata, ServerInterceptingCall, type ServerInterceptor, status as Status } from '@grpc/grpc-js';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ClientGrpc, ClientProxyFactory } from '@nestjs/microservices';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { firstValueFrom, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { Authority, type Certified } from '../../server/src/testing/authority.js';
import { ReplicatedGrpcServer, replicatedClient } from './index.js';
import { Accounts, type Amount, type Balance, BankModule, grpcOptions } from './testing/bank.js';

const proto = { ...grpcOptions, protoPath: join(import.meta.dirname, 'testing/bank.proto') };

const tokens: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, pass) => {
          if (metadata.get('authorization')[0] === 'Bearer alice') pass(metadata);
          else call.sendStatus({ code: Status.UNAUTHENTICATED, details: 'no token' });
        },
      }),
  });

interface Bank {
  deposit(amount: Amount, metadata: Metadata): Observable<Balance>;
}

/** How replicas prove themselves to each other, while clients have tokens. */
const WAYS = {
  'a secret': (authority: Authority) => ({
    groupSecret: 'a secret of the group, long enough',
    peerCredentials: authority.client(),
  }),
  'certificates on a listener of their own': (authority: Authority, identity: Certified) =>
    authority.peerOptions(identity),
} as const;
const CASES = (['stream', 'rpc'] as const).flatMap((carrier) =>
  (Object.keys(WAYS) as (keyof typeof WAYS)[]).map((way) => ({ carrier, way })),
);

it.each(CASES)(
  'certificates of servers alone, and tokens of clients, are enough when replicas have $way: $carrier',
  async ({ carrier, way }) => {
    const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'bank', leaseMs: 300, carrier } }] };
    const authority = new Authority();
    const coordinator = memoryCoordinator();
    const apps: INestMicroservice[] = [];
    const strategies: ReplicatedGrpcServer[] = [];
    for (const replicaId of ['bank-1', 'bank-2']) {
      let app: INestMicroservice;
      const identity = authority.issue(replicaId);
      const strategy = new ReplicatedGrpcServer(
        { ...proto, credentials: authority.server(identity, false) },
        {
          ...{ replicaId, coordinator, serviceConfig, logger: 'none', handleSignals: false },
          state: () => app.get(Accounts),
          ...WAYS[way](authority, identity),
          interceptors: [tokens],
        },
      );
      app = await NestFactory.createMicroservice(BankModule, { strategy, logger: false });
      await app.listen();
      apps.push(app);
      strategies.push(strategy);
    }
    const addresses = (await coordinator('bank').present()).map(({ address }) => address);
    const url = `understudy:///${addresses.join(',')}`;
    const options = { ...proto, url, credentials: authority.client(), replicated: { serviceConfig } };
    const client = ClientProxyFactory.create(replicatedClient(options)) as unknown as ClientGrpc & { close(): void };
    const bank = client.getService<Bank>('Bank');
    const token = new Metadata();
    token.set('authorization', 'Bearer alice');
    const deposit = (metadata: Metadata) => firstValueFrom(bank.deposit({ owner: 'alice', cents: 5 }, metadata));
    expect(await deposit(token)).toEqual({ cents: 5 });
    await expect(deposit(new Metadata())).rejects.toThrow('no token');
    const [first] = strategies as [ReplicatedGrpcServer];
    (first.replica as unknown as { crash(): void }).crash();
    expect(await deposit(token)).toEqual({ cents: 10 });
    client.close();
    for (const app of apps) await app.close();
  },
);
