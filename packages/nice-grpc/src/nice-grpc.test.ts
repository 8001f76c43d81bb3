import { understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { type Client, createChannel, createClient as ordinaryClient, type ServerMiddleware } from 'nice-grpc';
import { afterEach, describe, expect, it } from 'vitest';
import { methodsOf } from './clients.js';
import {
  createClient,
  createClientFactory,
  createReplicatedChannel,
  createReplicatedServer,
  type ReplicatedServer,
} from './index.js';
import { type Amount, Bank, BankDefinition } from './testing/bank.js';

const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'bank', leaseMs: 300 } }] };

interface Running {
  readonly server: ReplicatedServer;
  readonly bank: Bank;
  readonly address: string;
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Ends the sockets of a replica at once, as the death of its process would. */
const crash = ({ server }: Running): void => (server.replica as unknown as { crash(): void }).crash();

async function startGroup(size: number, middleware?: ServerMiddleware): Promise<Running[]> {
  const coordinator = memoryCoordinator();
  const running: Running[] = [];
  for (let i = 1; i <= size; i++) {
    const bank = new Bank();
    let server: ReplicatedServer = createReplicatedServer({
      replicaId: `bank-${i}`,
      coordinator,
      state: bank,
      serviceConfig,
      logger: 'none',
      handleSignals: false,
    });
    if (middleware !== undefined) server = server.use(middleware);
    server.add(BankDefinition, bank);
    const port = await server.listen('127.0.0.1:0');
    closers.push(() => server.shutdown());
    running.push({ server, bank, address: `127.0.0.1:${port}` });
  }
  return running;
}

function connect(group: readonly Running[]): Client<typeof BankDefinition> {
  const target = `understudy:///${group.map(({ address }) => address).join(',')}`;
  const channel = createReplicatedChannel(target, undefined, { serviceConfig });
  closers.push(() => understudyClient(channel).close());
  return createClient(BankDefinition, channel);
}

async function* all<T>(values: readonly T[]): AsyncIterable<T> {
  yield* values;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

const amounts = (owner: string): Amount[] => [1, 2, 3].map((cents) => ({ owner, cents }));

describe('a nice-grpc service', () => {
  it('answers async functions and async iterables, and every replica has processed them', async () => {
    const group = await startGroup(2);
    const bank = connect(group);
    let trailer: string | undefined;
    const onTrailer = (trailers: { get(key: string): unknown }) => {
      trailer = trailers.get('bank') as string;
    };
    expect(await bank.deposit({ owner: 'alice', cents: 5 }, { onTrailer })).toEqual({ cents: 5 });
    expect(trailer).toBe('open');
    expect(await bank.depositAll(all(amounts('alice')))).toEqual({ cents: 11 });
    expect(await collect(bank.chat(all(amounts('alice'))))).toEqual([12, 14, 17].map((cents) => ({ cents })));
    const statement = await collect(bank.statement({ owner: 'alice', cents: 0 }));
    expect(statement.map(({ cents }) => cents)).toEqual([5, 6, 8, 11, 12, 14, 17]);
    await expect(bank.deposit({ owner: 'alice', cents: 0 })).rejects.toThrow('nothing to deposit');
    await group[0]?.server.shutdown();
    expect(group[1]?.bank.of('alice')).toBe(17);
  });

  it('loses no call and repeats none when the primary dies under calls', async () => {
    const group = await startGroup(3);
    const bank = connect(group);
    const replies: number[] = [];
    for (let i = 0; i < 60; i++) {
      const burst = [1, 2, 3].map(() => bank.deposit({ owner: 'bob', cents: 1 }));
      if (i === 20) crash(group.find(({ server }) => server.replica.status.role === 'primary') as Running);
      replies.push(...(await Promise.all(burst)).map(({ cents }) => cents));
    }
    expect(replies.sort((a, b) => a - b)).toEqual(Array.from({ length: 180 }, (_, i) => i + 1));
  });

  it('keeps a stream open when the primary dies', async () => {
    const group = await startGroup(2);
    const bank = connect(group);
    let ask: () => void = () => {};
    async function* asking(): AsyncIterable<Amount> {
      for (let i = 0; i < 4; i++) {
        yield { owner: 'carol', cents: 1 };
        await new Promise<void>((resolve) => {
          ask = resolve;
        });
      }
    }
    const replies: number[] = [];
    for await (const { cents } of bank.chat(asking())) {
      replies.push(cents);
      if (cents === 2) crash(group[0] as Running);
      ask();
    }
    expect(replies).toEqual([1, 2, 3, 4]);
  });

  it('hands over when it is shut down', async () => {
    const group = await startGroup(2);
    const bank = connect(group);
    await bank.deposit({ owner: 'dave', cents: 7 });
    const [first, second] = group as [Running, Running];
    await first.server.shutdown();
    expect(second.server.replica.status).toMatchObject({ role: 'primary', term: 2 });
    expect(await bank.deposit({ owner: 'dave', cents: 1 })).toEqual({ cents: 8 });
  });

  it('runs middleware of servers and clients', async () => {
    const seen: string[] = [];
    const group = await startGroup(1, async function* (call, context) {
      seen.push(`server ${call.method.path}`);
      return yield* call.next(call.request, context);
    });
    const target = `understudy:///${group[0]?.address}`;
    const channel = createReplicatedChannel(target, undefined, { serviceConfig });
    closers.push(() => understudyClient(channel).close());
    const factory = createClientFactory().use(async function* (call, options) {
      seen.push(`client ${call.method.path}`);
      return yield* call.next(call.request, options);
    });
    await factory.create(BankDefinition, channel).deposit({ owner: 'erin', cents: 1 });
    expect(seen).toEqual(['client /bank.v1.Bank/Deposit', 'server /bank.v1.Bank/Deposit']);
  });
});

describe('a client', () => {
  it('that nice-grpc itself makes on a replicated channel fails with advice', async () => {
    const channel = createReplicatedChannel('understudy:///127.0.0.1:1', undefined, { serviceConfig });
    closers.push(() => understudyClient(channel).close());
    const call = ordinaryClient(BankDefinition, channel).deposit({ owner: 'alice', cents: 1 });
    await expect(call).rejects.toThrow(/UNDERSTUDY_SETUP.*know\(\)/);
  });

  it('of this package works on an ordinary channel, too', async () => {
    const group = await startGroup(1);
    const channel = createChannel(group[0]?.address ?? '');
    closers.push(() => channel.close());
    expect(await createClient(BankDefinition, channel).deposit({ owner: 'frank', cents: 3 })).toEqual({ cents: 3 });
  });

  it('knows the methods of definitions in each shape', () => {
    const request = { encode: () => {}, decode: () => {} };
    const method = {
      name: 'Chat',
      requestType: request,
      requestStream: true,
      responseType: request,
      responseStream: true,
    };
    const generated = { name: 'Bank', fullName: 'bank.v1.Bank', methods: { chat: { ...method, options: {} } } };
    expect(methodsOf(generated as never)).toMatchObject([
      { path: '/bank.v1.Bank/Chat', requestStream: true, responseStream: true },
    ]);
    expect(methodsOf(BankDefinition)[1]).toMatchObject({ path: '/bank.v1.Bank/Statement', responseStream: true });
  });
});

describe('a server', () => {
  it('says why it cannot listen', async () => {
    const group = await startGroup(1);
    const server = createReplicatedServer({
      replicaId: 'bank-2',
      coordinator: memoryCoordinator(),
      state: 'none',
      serviceConfig,
      logger: 'none',
      handleSignals: false,
    });
    await expect(server.listen(group[0]?.address ?? '')).rejects.toThrow('EADDRINUSE');
  });
});
