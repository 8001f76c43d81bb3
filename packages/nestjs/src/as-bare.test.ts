import 'reflect-metadata';
import { join } from 'node:path';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type ClientGrpc, type ClientOptions, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { from, type Observable, take } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ReplicatedGrpcServer, replicatedClient } from './index.js';
import type { Amount } from './testing/bank.js';
import { freePort } from './testing/free-port.js';
import { Drawers, type Receipted, type TillClient, TillModule, tillOptions } from './testing/till.js';

const proto = { ...tillOptions, protoPath: join(import.meta.dirname, 'testing/till.proto') };

/** Generous, because it ends as soon as what is waited for is so. */
const WAIT = { timeout: 30_000 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running {
  readonly app: INestMicroservice;
  readonly client: TillClient;
}

function connect(options: ClientOptions): TillClient {
  const client = ClientProxyFactory.create(options) as unknown as ClientGrpc & { close(): void };
  closers.push(() => client.close());
  return client.getService<TillClient>('Till');
}

async function startBare(): Promise<Running> {
  const options = { ...proto, url: `127.0.0.1:${await freePort()}` };
  const app = await NestFactory.createMicroservice(TillModule, { transport: Transport.GRPC, options, logger: false });
  closers.push(() => app.close());
  await app.listen();
  return { app, client: connect({ transport: Transport.GRPC, options }) };
}

interface Group extends Running {
  readonly strategies: readonly ReplicatedGrpcServer[];
  readonly apps: readonly INestMicroservice[];
}

async function startGroup(size: number): Promise<Group> {
  const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'till', leaseMs: 300 } }] };
  const coordinator = memoryCoordinator();
  const strategies: ReplicatedGrpcServer[] = [];
  const apps: INestMicroservice[] = [];
  for (let i = 1; i <= size; i++) {
    let app: INestMicroservice;
    const strategy = new ReplicatedGrpcServer(
      { ...proto, url: '127.0.0.1:0' },
      {
        replicaId: `till-${i}`,
        coordinator,
        serviceConfig,
        state: () => app.get(Drawers),
        logger: 'none',
        handleSignals: false,
      },
    );
    app = await NestFactory.createMicroservice(TillModule, { strategy, logger: false });
    closers.push(() => app.close());
    await app.listen();
    strategies.push(strategy);
    apps.push(app);
  }
  const addresses = (await coordinator('till').present()).map(({ address }) => address);
  const url = `understudy:///${addresses.join(',')}`;
  const client = connect(replicatedClient({ ...proto, url, replicated: { serviceConfig } }));
  return { app: apps[0] as INestMicroservice, client, strategies, apps };
}

interface Heard {
  readonly balances: readonly Receipted[];
  readonly error?: { readonly code: number; readonly details: string; readonly missing: unknown };
}

function hear(call: Observable<Receipted>): Promise<Heard> {
  const balances: Receipted[] = [];
  return new Promise((resolve) => {
    call.subscribe({
      next: (balance) => balances.push(balance),
      complete: () => resolve({ balances }),
      error: ({ code, details, metadata }: ServiceError) =>
        resolve({ balances, error: { code, details, missing: metadata?.get('missing') } }),
    });
  });
}

const as = (role: string): Metadata => {
  const metadata = new Metadata();
  metadata.set('role', role);
  return metadata;
};
const amounts = (owner: string, ...cents: number[]): Observable<Amount> =>
  from(cents.map((each) => ({ owner, cents: each })));

/** Calls that meet each of the application's parts, one after the other. */
const CALLS: Readonly<Record<string, (till: TillClient) => Observable<Receipted>>> = {
  'a call that passes pipe, guard, interceptor': (till) => till.deposit({ owner: 'ALICE', cents: 100 }, as('teller')),
  'without metadata': (till) => till.deposit({ owner: 'alice', cents: 5 }),
  'that the pipe refuses': (till) => till.deposit({ owner: 'alice', cents: 1001 }),
  'that the guard refuses': (till) => till.deposit({ owner: 'alice', cents: 1 }, as('nobody')),
  'that the guard refuses with a status': (till) => till.deposit({ owner: 'alice', cents: 1 }, as('banned')),
  'whose error the filter turns into a status': (till) => till.deposit({ owner: 'alice', cents: -500 }),
  'whose error nobody knows': (till) => till.deposit({ owner: 'alice', cents: 13 }),
  'a client stream': (till) => till.depositAll(amounts('bob', 1, 2, 3)),
  'a client stream without messages': (till) => till.depositAll(amounts('bob')),
  'a client stream that fails': (till) => till.depositAll(amounts('bob', 1, -100, 3)),
  'a client stream that the guard refuses': (till) => till.depositAll(amounts('bob', 1), as('banned')),
  'a client stream by @GrpcStreamCall': (till) => till.count(amounts('bob', 1, 2, 3)),
  'a stream of both sides': (till) => till.chat(amounts('carl', 1, 2, 3), as('teller')),
  'a stream of both sides that fails': (till) => till.chat(amounts('carl', 1, 13, 3)),
  'a stream of both sides that the filter ends': (till) => till.chat(amounts('carl', 1, -50)),
  'a stream of both sides that the guard refuses': (till) => till.chat(amounts('carl', 1), as('nobody')),
  'a stream of both sides by @GrpcStreamCall': (till) => till.relay(amounts('carl', 4, 5, 6)),
  'a server stream': (till) => till.statement({ name: 'alice' }),
  'a server stream without messages': (till) => till.statement({ name: 'nobody' }),
  'a server stream with an error behind messages': (till) => till.statement({ name: 'carl' }),
  'a server stream that the guard refuses': (till) => till.statement({ name: 'alice' }, as('banned')),
  'a stream that its caller leaves': (till) => till.chat(amounts('dave', 1, 2, 3, 4, 5)).pipe(take(2)),
};

async function hearAll(till: TillClient): Promise<Record<string, Heard>> {
  const heard: Record<string, Heard> = {};
  for (const [name, call] of Object.entries(CALLS)) heard[name] = await hear(call(till));
  return heard;
}

/**
 * On a busy machine the bare client tells of an error before it has read the messages that came with it. What it heard is
 * then the beginning of what ours heard, so the rest of ours is left out.
 */
function asFarAs(bare: Record<string, Heard>, ours: Record<string, Heard>): Record<string, Heard> {
  const cut = ([name, heard]: [string, Heard]): [string, Heard] => {
    const { balances, error } = bare[name] ?? heard;
    return [name, error === undefined ? heard : { ...heard, balances: heard.balances.slice(0, balances.length) }];
  };
  return Object.fromEntries(Object.entries(ours).map(cut));
}

describe('guards, pipes, interceptors, filters and methods of each kind', () => {
  it('come to the same replicated as bare, and on each replica', async () => {
    const bare = await startBare();
    const group = await startGroup(2);
    const [expected, heard] = await Promise.all([hearAll(bare.client), hearAll(group.client)]);
    expect(expected['whose error the filter turns into a status']?.error).toMatchObject({ code: 9, missing: ['395'] });
    expect(asFarAs(expected, heard)).toEqual(expected);
    const [first, second] = group.apps.map((app) => app.get(Drawers));
    await vi.waitFor(() => expect(second?.ended).toBe(bare.app.get(Drawers).ended), WAIT);
    await group.strategies[0]?.replica.stop();
    expect(second?.checkpoint()).toEqual(first?.checkpoint());
    expect(group.strategies.map(({ replica }) => replica.status.divergences)).toEqual([0, 0]);
  });
});
