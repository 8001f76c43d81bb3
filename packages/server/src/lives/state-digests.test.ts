import type { sendUnaryData } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { ChunkedStateSource, StateSource } from '@understudy/core';
import { afterEach, describe, expect, it } from 'vitest';
import { healthIs } from '../health/testing/health-of.js';
import { counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

const isInSync = (node: Node | undefined, members: number) => () => node?.status.inSync.length === members;
const told = () => stage.logged.filter((line) => line.includes('UNDERSTUDY_DIVERGED') && !line.includes('"peer"'));

/** Calls until the states of all replicas were found equal after a call that comes from now on. */
async function compare(nodes: readonly Node[]): Promise<void> {
  const [primary] = nodes;
  if (primary === undefined) return;
  const from = primary.status.processedUpTo;
  for (let i = 0; i < 4; i++) expect((await primary.add(`call ${from + i}`, 1)).error).toBe(null);
  await stage.until(() => nodes.every(({ status }) => status.statesEqualUpTo > from));
}

describe('a differing value that a replica stores and never replies', () => {
  it('is noticed, and the replica restores its state', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 2 });
    const nodes = (await stage.startGroup(3)) as [Node, Node, Node];
    const [primary, odd] = nodes;
    await stage.until(isInSync(primary, 3));
    await compare(nodes);
    const equalUpTo = odd.status.statesEqualUpTo;
    odd.counter.ids[0] = 'something else';
    for (let i = 0; i < 4; i++) await primary.add(`then ${i}`, 1);
    await stage.until(() => told().length > 0 && isInSync(primary, 3)());
    const [line = ''] = told();
    expect(line).toContain('replica r2 has another state than the primary');
    expect(line).toContain(`"agreedUpTo":${equalUpTo}`);
    await compare(nodes);
    expect(odd.counter.ids).toEqual(primary.counter.ids);
    expect(told()).toHaveLength(1);
    expect(odd.status.divergences).toBe(1);
  });

  it('is noticed soon even if nobody calls any more', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 1 });
    const [primary, odd] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(isInSync(primary, 2));
    odd.counter.ids.push('an extra');
    await primary.add('the last call', 1);
    await stage.until(() => told().length > 0);
    expect(told()[0]).toContain('"orderNum":1');
  });
});

describe('a state that restore() changes', () => {
  it('is logged once, with restore() as the cause, and keeps no replica out of the group', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 1 });
    const primary = await stage.start('r1');
    for (const id of ['b', 'a', 'c']) await primary.add(id, 1);
    const backup = await stage.bind('r2');
    const { counter } = backup;
    const restore = counter.restore.bind(counter);
    counter.restore = (state) => {
      restore(state);
      counter.ids.sort();
    };
    await backup.start();
    await stage.until(isInSync(primary, 2));
    for (let i = 0; i < 4; i++) await primary.add(`then ${i}`, 1);
    await stage.until(() => backup.status.processedUpTo === primary.status.processedUpTo);
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain('restore()');
    expect(backup.status.statesEqualUpTo).toBe(0);
    expect(isInSync(primary, 2)()).toBe(true);
  });
});

describe('a service whose restore() reverses its map', () => {
  const LIST = '/test.Lister/List';

  async function startThree(): Promise<[Node, Node, Node]> {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 1 }, [], (server, counter) => {
      const List = (_call: unknown, callback: sendUnaryData<number>): void =>
        callback(null, counter.ids.indexOf('a r1'));
      server.addService({ List: { ...counterService.Add, path: LIST } }, { List });
    });
    const nodes: Node[] = [];
    for (const id of ['r1', 'r2', 'r3']) {
      const node = await stage.bind(id);
      const { counter } = node;
      const restore = counter.restore.bind(counter);
      counter.restore = (state) => {
        restore(state);
        counter.ids.reverse();
      };
      await node.start();
      nodes.push(node);
      for (const call of ['a', 'b', 'c']) await nodes[0]?.add(`${call} ${id}`, 1);
    }
    await stage.until(isInSync(nodes[0], 3));
    return nodes as [Node, Node, Node];
  }

  it('keeps three replicas in sync, through a failover too, and each says once what is wrong', async () => {
    const nodes = await startThree();
    const [primary, ...backups] = nodes;
    const { epoch } = primary.status;
    for (let i = 0; i < 40; i++) expect((await primary.add(`call ${i}`, 1)).error).toBe(null);
    await stage.until(() => nodes.every(({ status }) => status.processedUpTo === primary.status.processedUpTo));
    expect(primary.status).toMatchObject({ epoch, inSync: { length: 3 } });
    expect(told()).toHaveLength(2);
    for (const line of told()) {
      expect(line).toContain('restored the primary');
      expect(line).toContain('restore() puts a map or a list into another order');
    }
    await primary.replica.stop();
    await stage.until(() => backups.some(({ status }) => status.role === 'primary'));
    const [successor] = backups.filter(({ status }) => status.role === 'primary') as [Node];
    for (let i = 0; i < 20; i++) expect((await successor.add(`then ${i}`, 1)).error).toBe(null);
    expect(told()).toHaveLength(2);
  });

  it('and whose replies show the order comes back later each time, and says what is to be mended', async () => {
    const [primary, ...backups] = await startThree();
    expect((await primary.callAt(LIST, {})).value).toBe(0);
    await stage.until(() => backups.every(({ status }) => status.blocked?.includes('restore() gave another') === true));
    expect(backups[0]?.status.blocked).toMatch(/It comes back in \d+ s$/);
    expect(told().filter((line) => line.includes('mend that first'))).toHaveLength(2);
    expect(told().find((line) => line.includes('mend that first'))).toContain(LIST);
    await stage.until(isInSync(primary, 3));
  });
});

describe('a replica whose state differs again after it was restored', () => {
  /** What a read does that counts itself: it runs on one replica alone, so only that one's copies change. */
  const count = ({ counter }: Node): number => counter.ids.push('a read');

  const declared = (canonical: boolean, counter: () => StateSource): StateSource => ({
    canonical,
    checkpoint: () => counter().checkpoint(),
    restore: (state) => counter().restore(state),
  });

  async function twoDifferences(canonical?: boolean): Promise<Node> {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 2 });
    const nodes: Node[] = [];
    for (const id of ['r1', 'r2', 'r3']) {
      const node = await stage.bind(
        id,
        canonical === undefined ? {} : { state: declared(canonical, () => node.counter) },
      );
      await node.start();
      nodes.push(node);
    }
    const [primary] = nodes as [Node];
    await stage.until(isInSync(primary, 3));
    await compare(nodes);
    count(primary);
    for (let i = 0; i < 4; i++) await primary.add(`first ${i}`, 1);
    await stage.until(() => told().length === 2 && isInSync(primary, 3)());
    await compare(nodes);
    count(primary);
    for (let i = 0; i < 4; i++) await primary.add(`second ${i}`, 1);
    await stage.until(() => told().length >= 4);
    return primary;
  }

  it('logs what to do and stays in the group, unless the source promises that equal states have equal copies', async () => {
    const primary = await twoDifferences();
    const { epoch } = primary.status;
    const [first = '', , again = ''] = told();
    expect(first).toContain('canonical: false');
    expect(first).toContain('it does so once');
    expect(again).toContain('It stays in the group');
    expect(again).toContain('canonical: true');
    for (let i = 0; i < 20; i++) await primary.add(`then ${i}`, 1);
    await stage.until(() => stage.nodes.every(({ status }) => status.processedUpTo === primary.status.processedUpTo));
    expect(primary.status).toMatchObject({ epoch, inSync: { length: 3 }, degraded: undefined });
    const [, odd] = stage.nodes as [Node, Node];
    expect(odd.status.degraded).toContain('its state differs from the primary');
    await healthIs(odd, 'understudy.degraded', 'SERVING');
    // Its state is the primary's again.
    for (const { counter } of stage.nodes) counter.ids.length = 0;
    await compare(stage.nodes);
    expect(odd.status.degraded).toBeUndefined();
  });

  it('restores each time if its source promises that', async () => {
    const primary = await twoDifferences(true);
    await stage.until(isInSync(primary, 3));
    await compare(stage.nodes);
    expect(told().filter((line) => line.includes('It stays in the group'))).toEqual([]);
  });
});

describe('a state that is large', () => {
  const LARGE = Buffer.alloc(17 * 1024 * 1024);
  const state = { checkpoint: () => LARGE, restore: () => {} };
  const startTwo = async (settings: object): Promise<[Node, Node]> => {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, ...settings });
    const nodes = [await stage.start('r1', { state }), await stage.start('r2', { state })] as [Node, Node];
    await stage.until(isInSync(nodes[0], 2));
    return nodes;
  };
  const tellsCost = () => stage.logged.filter((line) => line.includes('set stateDigestEvery'));

  it('is compared only where the settings ask for it, and the log says so once', async () => {
    const [primary] = await startTwo({});
    await stage.until(() => tellsCost().length === 2);
    for (let i = 0; i < 4; i++) await primary.add(`call ${i}`, 1);
    expect(tellsCost()[0]).toContain(`"bytes":${LARGE.length}`);
    expect(tellsCost()).toHaveLength(2);
  });

  it('is compared where they do', async () => {
    await compare(await startTwo({ stateDigestEvery: 1 }));
    expect(tellsCost()).toEqual([]);
  });
});

describe('states of every form', () => {
  const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const sources: Record<string, (counted: { ids: string[] }) => StateSource | ChunkedStateSource> = {
    'a promise': (counted) => ({
      checkpoint: async () => bytes(counted.ids),
      restore: async (state) => {
        counted.ids = JSON.parse(Buffer.from(state).toString());
      },
    }),
    'chunks that are drawn later': (counted) => ({
      snapshots: true,
      *checkpoint() {
        for (const id of [...counted.ids]) yield Buffer.from(`${id}\n`);
      },
      restore: async (state) => {
        const chunks = [];
        for await (const chunk of state) chunks.push(chunk);
        counted.ids = Buffer.concat(chunks).toString().split('\n').slice(0, -1);
      },
    }),
    'an asynchronous iterable': (counted) => ({
      snapshots: false,
      async *checkpoint() {
        yield bytes(counted.ids);
      },
      restore: async (state) => {
        const chunks = [];
        for await (const chunk of state) chunks.push(chunk);
        counted.ids = JSON.parse(Buffer.concat(chunks).toString());
      },
    }),
  };

  for (const [form, make] of Object.entries(sources)) {
    it(`are compared: ${form}`, async () => {
      stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 1 });
      const nodes: Node[] = [];
      for (const id of ['r1', 'r2']) {
        const holder: { ids: string[] } = { ids: [] };
        const node = await stage.bind(id, { state: make(holder) });
        Object.defineProperty(node.counter, 'ids', {
          get: () => holder.ids,
          set: (ids: string[]) => {
            holder.ids = ids;
          },
        });
        await node.start();
        nodes.push(node);
      }
      await stage.until(isInSync(nodes[0], 2));
      await compare(nodes);
      nodes[1]?.counter.ids.push('an extra');
      await nodes[0]?.add('one more', 1);
      await stage.until(() => told().length > 0);
    });
  }
});

describe('states that are not compared', () => {
  it('are those of a group that turns it off, and of services without state', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 0 });
    const [primary, odd] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(isInSync(primary, 2));
    odd.counter.ids.push('an extra');
    for (let i = 0; i < 4; i++) await primary.add(`call ${i}`, 1);
    await stage.until(() => odd.status.processedUpTo === 4);
    expect(told()).toEqual([]);
    expect(primary.status.statesEqualUpTo).toBe(0);
  });

  it('are those whose source says that copies of equal states may differ', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: 2000, stateDigestEvery: 1 });
    const nodes: Node[] = [];
    for (const id of ['r1', 'r2']) {
      const state = { canonical: false, checkpoint: () => Buffer.from(id), restore: () => {} };
      const node = await stage.bind(id, { state });
      await node.start();
      nodes.push(node);
    }
    const [primary, backup] = nodes as [Node, Node];
    await stage.until(isInSync(primary, 2));
    for (let i = 0; i < 4; i++) await primary.add(`call ${i}`, 1);
    await stage.until(() => backup.status.processedUpTo === 4);
    expect(told()).toEqual([]);
    expect(primary.status.statesEqualUpTo).toBe(0);
  });
});
