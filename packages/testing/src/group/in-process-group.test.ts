import { readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import { UnderstudyError } from '@understudy/core';
import { afterEach, describe, expect, it } from 'vitest';
import { InventoryService, makeInventory } from '../testing/inventory.js';
import { inProcessGroup, type TestGroup } from './in-process-group.js';
import type { GroupOptions } from './options.js';

let group: TestGroup;
afterEach(() => group.close());

const start = async (options: GroupOptions = {}): Promise<TestGroup> => {
  group = await inProcessGroup(makeInventory, options);
  return group;
};

/** Adds items, and returns their ids. */
async function add(...names: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const { code, reply, details } = await group.call('Add', name);
    expect([code, details]).toEqual([0, '']);
    ids.push((reply as { id: string }).id);
  }
  return ids;
}

const listed = async (): Promise<string[]> =>
  ((await group.call('list')).reply as [string, unknown][]).map(([id]) => id);

describe.each(['semi-active', 'passive'] as const)('a %s group in this process', (replication) => {
  it('goes on after the deaths of two primaries, and takes them in again', async () => {
    await start({ settings: { replication } });
    expect(group.replicas).toEqual(['replica-1', 'replica-2', 'replica-3']);
    const ids = await add('a', 'b');
    expect(await group.killPrimary()).toBe('replica-1');
    ids.push(...(await add('c')));
    await group.rejoin('replica-1');
    await group.killPrimary();
    await group.rejoin();
    expect([...group.replicas].sort()).toEqual(['replica-1', 'replica-2', 'replica-3']);
    ids.push(...(await add('d')));
    expect(await listed()).toEqual(ids);
    await group.settled();
    expect(group.divergences).toEqual([]);
  });

  it('goes on without a primary that is cut off, which follows when it is back', async () => {
    await start({ settings: { replication } });
    const ids = await add('a');
    const cut = await group.partition();
    expect(cut).toBe('replica-1');
    expect(group.primary).not.toBe(cut);
    ids.push(...(await add('b', 'c')));
    await group.rejoin();
    ids.push(...(await add('d')));
    expect(await listed()).toEqual(ids);
    await group.settled();
    expect(group.status(cut).role).toBe('backup');
  });
});

describe('a group in this process', () => {
  it('has the same state everywhere once it has settled', async () => {
    await start();
    await Promise.all(Array.from({ length: 20 }, (_, i) => group.call('Add', `item-${i}`)));
    await group.settled();
    const digests = Object.values(await group.digests());
    expect(digests).toHaveLength(3);
    expect(new Set(digests).size).toBe(1);
  });

  it('serves on when a backup is cut off, which gets what it missed', async () => {
    await start({ replicas: 2 });
    await group.partition('replica-2');
    const ids = await add('a', 'b');
    await group.rejoin('replica-2');
    await group.settled();
    await group.killPrimary();
    expect(await listed()).toEqual(ids);
  });

  it('is called by clients of any class, and by streams', async () => {
    await start({ replicas: 2 });
    const client = group.client();
    const { path, requestSerialize, responseDeserialize } = InventoryService.add;
    const reply = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'a', (error, value) =>
        error === null ? resolve(value) : reject(error),
      ),
    );
    expect(reply).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const { code, reply: ids } = await group.call('Inventory/Follow', ['x', 'y']);
    expect([code, (ids as string[]).length]).toEqual([0, 2]);
    expect((await listed()).length).toBe(3);
  });

  it('is reached by a client that the test makes itself', async () => {
    await start({ replicas: 1 });
    const Class = group.client().constructor as new (...args: unknown[]) => ReturnType<TestGroup['client']>;
    const options = replicated({ serviceConfig: group.serviceConfig });
    const client = new Class(group.target, credentials.createInsecure(), options);
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + 60_000, (error) => (error ? reject(error) : resolve())),
    );
    client.close();
  });

  it('says which methods there are when there is none of a name', async () => {
    await start({ replicas: 1 });
    await expect(group.call('Remove', 'x')).rejects.toThrow(
      /UNDERSTUDY_SETUP: no method is named "Remove".*Inventory\/List/,
    );
  });

  it('fails to settle when a replica differs, once for each difference, and says why; then that one restores', async () => {
    let made = 0;
    group = await inProcessGroup(
      () => {
        let value = 0;
        const own = ++made;
        const add = (_call: unknown, reply: (error: null, value: number) => void) => {
          value = own;
          reply(null, own);
        };
        const state = {
          checkpoint: () => Buffer.from([value]),
          restore: (bytes: Uint8Array) => {
            value = bytes[0] ?? 0;
          },
        };
        return { state, addTo: (server) => server.addService(InventoryService, { add } as never) };
      },
      { replicas: 2 },
    );
    await group.call('Add', 'x');
    await expect(group.settled()).rejects.toThrow(/UNDERSTUDY_DIVERGED: replica replica-2 came to other results.*Add/);
    await group.rejoin();
    await group.settled();
    const { 'replica-1': first, 'replica-2': second } = await group.digests();
    expect(second).toBe(first);
  });

  it('says why nobody can begin, when all replicas that had the state are dead', async () => {
    await start({ replicas: 1, withinMs: 2_000 });
    await add('a');
    await group.killPrimary();
    expect(() => group.primary).toThrow('UNDERSTUDY_UNREACHABLE: no replica of the group serves now');
    await expect(group.rejoin()).rejects.toThrow(/UNDERSTUDY_BLOCKED.*force/);
  });

  it('leaves nothing behind that keeps the process alive', async () => {
    const waits = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = waits();
    await start({ replicas: 3 });
    await add('a');
    await group.killPrimary();
    await add('b');
    await group.close();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(waits()).toBeLessThanOrEqual(before);
  });

  it('warns of a handler that reads a file by itself, once for its line', async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error): number => warnings.push(warning);
    process.on('warning', hear);
    const read = (_call: unknown, reply: (error: null, value: number) => void): void =>
      reply(null, readFileSync(import.meta.filename).length);
    group = await inProcessGroup(
      () => ({ state: 'none', addTo: (server) => server.addService(InventoryService, { add: read } as never) }),
      { replicas: 2 },
    );
    await group.call('Add', 'x');
    await group.call('Add', 'y');
    await group.settled();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', hear);
    const ours = warnings.filter((warning) => (warning as NodeJS.ErrnoException).code === 'UNDERSTUDY_EFFECT');
    expect(ours.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^fs\.readFileSync at .*in-process-group\.test\.ts:\d+ runs on every replica.*replica\.once/,
      ),
    ]);
  });

  it('gives up waiting with a sentence about each replica', async () => {
    await start({ replicas: 2, withinMs: 2_000, settings: { leaseMs: 20_000 } });
    const lost = group.partition('replica-1').catch((error: unknown) => error);
    const error = await lost;
    expect(error).toBeInstanceOf(UnderstudyError);
    expect((error as Error).message).toMatch(
      /UNDERSTUDY_BLOCKED: after 2000 ms no replica serves.*replica-2 is backup/,
    );
  });
});
