import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const NAME = 'counters.test';

let stage: Stage;
const clients: Client[] = [];
const logged: string[] = [];
/** What a name of these tests stands for now. */
let addresses: string[] = [];

beforeEach(() => {
  logged.length = 0;
  stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
  const real = dns.lookup as (...args: unknown[]) => void;
  vi.spyOn(dns, 'lookup').mockImplementation(((name: string, options: { all?: boolean }, found: unknown) => {
    if (name !== NAME) return real(name, options, found);
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const answer = found as (...args: unknown[]) => void;
    setImmediate(() => (options.all ? answer(null, all) : answer(null, all[0]?.address, all[0]?.family)));
  }) as typeof dns.lookup);
  syncBuiltinESMExports();
});
afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
});

/** Starts replicas on one port of 127.0.0.1, 127.0.0.2 …, as the pods behind a headless service are. */
async function startPods(size: number): Promise<{ nodes: Node[]; port: string }> {
  const nodes = [await stage.start('r1', {}, '127.0.0.1:0')];
  const port = nodes[0]?.address.split(':')[1] ?? '';
  for (let i = 2; i <= size; i++) nodes.push(await stage.start(`r${i}`, {}, `127.0.0.${i}:${port}`));
  return { nodes, port };
}

function connect(target: string, carrier?: 'stream' | 'rpc'): Client {
  const logger = { log: (level: string, event: string) => void logged.push(`${level} ${event}`) };
  const client = new Client(
    `understudy:///${target}`,
    credentials.createInsecure(),
    replicated({ serviceConfig: stage.serviceConfig, logger, ...(carrier && { carrier }) }),
  );
  clients.push(client);
  return client;
}

function add(client: Client, id = 'x'): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
      error === null ? resolve(value as number) : reject(error),
    );
  });
}

const primaryOf = (nodes: readonly Node[]) => nodes.find(({ status }) => status.role === 'primary');

describe.each(['stream', 'rpc'] as const)('the addresses of a group, carrier %s', (carrier) => {
  it('may be one name that has an address for each replica', async () => {
    const { nodes, port } = await startPods(3);
    addresses = ['127.0.0.3', '127.0.0.2', '127.0.0.1'];
    const client = connect(`${NAME}:${port}`, carrier);
    expect(await add(client)).toBe(1);
    expect(understudyClient(client).status().primary).toBe(`127.0.0.1:${port}`);
    primaryOf(nodes)?.crash();
    expect(await add(client)).toBe(2);
    primaryOf(nodes)?.crash();
  });

  it('may be one name with addresses of both families', async () => {
    const first = await stage.start('r1', {}, '127.0.0.1:0');
    const port = first.address.split(':')[1] ?? '';
    const second = await stage.start('r2', {}, `[::1]:${port}`);
    await stage.until(() => first.status.inSync.length === 2);
    addresses = ['::1', '127.0.0.1'];
    const client = connect(`${NAME}:${port}`, carrier);
    expect(await add(client)).toBe(1);
    expect(understudyClient(client).status().primary).toBe(first.address);
    first.crash();
    expect(await add(client)).toBe(2);
    expect(second.counter.value).toBe(2);
  });

  it('may change: a name is looked up again when nobody answers', async () => {
    const { nodes, port } = await startPods(1);
    addresses = ['127.0.0.7', '127.0.0.8'];
    const client = connect(`${NAME}:${port}`, carrier);
    const { path, requestSerialize, responseDeserialize } = counterService.Add;
    await new Promise((resolve) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id: 'x', by: 1 }, resolve),
    );
    addresses = ['127.0.0.1'];
    await expect.poll(() => add(client).catch(() => undefined), { timeout: 20_000 }).toBeGreaterThan(0);
    expect(nodes[0]?.failed).toBeUndefined();
  });

  it('may name one replica twice, and it then has one link', async () => {
    const { nodes } = await startPods(1);
    const [, port] = nodes[0]?.address.split(':') ?? [];
    const client = connect(`127.0.0.1:${port},localhost:${port}`, carrier);
    for (let i = 1; i <= 20; i++) expect(await add(client, `${i}`)).toBe(i);
    await expect
      .poll(() => add(client).then(() => logged), { timeout: 20_000 })
      .toContain('info two addresses lead to one replica');
    const ended = (): number => logged.filter((line) => line === 'info link ended').length;
    const before = ended();
    for (let i = 1; i <= 300; i++) await add(client, `${i}`);
    expect(ended() - before).toBeLessThan(2);
  });

  it('may be old: a replica that joined later is found when it is the only one left', async () => {
    const { nodes } = await startPods(3);
    const client = connect(nodes.map(({ address }) => address).join(), carrier);
    expect(await add(client)).toBe(1);
    const fourth = await stage.start('r4');
    let open = true;
    const calls = (async () => {
      while (open) await add(client);
    })();
    await expect.poll(() => logged, { timeout: 20_000 }).toContain('info learned of a member');
    for (const node of nodes) await node.replica.stop();
    for (const node of nodes) node.server.forceShutdown();
    await stage.until(() => fourth.status.role === 'primary');
    open = false;
    await calls;
    expect(await add(client)).toBeGreaterThan(1);
    expect(understudyClient(client).status().primary).toBe(fourth.address);
  });
});
