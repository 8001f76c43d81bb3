import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import type { Node } from '../testing/stage.js';
import { SHORT_LEASE_MS, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

const inSync = (node: Node) => node.status.inSync.map(({ id }) => id).sort();

/** Whether the replicas have processed the same orders, up to the same place. */
const agreed = (nodes: readonly Node[]) => () =>
  new Set(nodes.map(({ status }) => `${status.processedUpTo} ${status.digest}`)).size === 1;

describe('a group of three replicas', () => {
  it('executes every call of a plain client on all replicas, with the same result', async () => {
    stage = new Stage(memoryCoordinator());
    const nodes = await stage.startGroup(3);
    const [primary] = nodes as [Node, Node, Node];
    await stage.until(() => inSync(primary).length === 3);
    for (let i = 1; i <= 20; i++) expect(await primary.add(`call ${i}`, 1)).toEqual({ error: null, value: i });
    await stage.until(agreed(nodes));
    for (const { counter } of nodes) expect(counter.value).toBe(20);
    for (const { counter } of nodes) expect(counter.ids).toEqual(primary.counter.ids);
  });

  it('refuses calls on a backup, and says where the primary is', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    const { error } = await backup.add('a', 1);
    expect(error).toMatchObject({ code: 10 });
    expect(error?.details).toContain('UNDERSTUDY_NOT_PRIMARY');
    expect(error?.metadata.get('understudy-primary')).toEqual([primary.address]);
    expect(backup.counter.ids).toEqual([]);
  });

  it('goes on without the primary, with its state, when that crashes', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, ...backups] = (await stage.startGroup(3)) as [Node, Node, Node];
    await stage.until(() => inSync(primary).length === 3);
    expect(await primary.add('a', 5)).toEqual({ error: null, value: 5 });
    primary.crash();
    await stage.until(() => backups.some(({ status }) => status.role === 'primary'));
    const next = backups.find(({ status }) => status.role === 'primary') as Node;
    expect(await next.add('b', 2)).toEqual({ error: null, value: 7 });
    expect(next.status.term).toBe(2);
    await stage.until(agreed(backups));
  });

  it('hands over when the primary stops', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => inSync(primary).length === 2);
    await primary.add('a', 5);
    expect(await primary.replica.stop()).toBe('r2');
    await stage.until(() => backup.status.role === 'primary');
    expect(await backup.add('b', 2)).toEqual({ error: null, value: 7 });
  });

  it("hands over when a program shuts down the primary's server, which does not wait for links", async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => inSync(primary).length === 2);
    await primary.add('a', 5);
    const error = await new Promise((resolve) => primary.server.tryShutdown(resolve));
    expect(error).toBeUndefined();
    await stage.until(() => backup.status.role === 'primary');
    expect(await backup.add('b', 2)).toEqual({ error: null, value: 7 });
  });

  it("hands over when the primary's server is shut down by force, as frameworks do it", async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => inSync(primary).length === 2);
    await primary.add('a', 5);
    primary.server.forceShutdown();
    await stage.until(() => backup.status.role === 'primary');
    expect(await backup.add('b', 2)).toEqual({ error: null, value: 7 });
    expect(await primary.replica.stop()).toBe('r2');
  });

  it('takes back a replica that returns under the same address', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, backup] = (await stage.startGroup(3)) as [Node, Node, Node];
    await stage.until(() => inSync(primary).length === 3);
    await primary.add('a', 5);
    backup.crash();
    await primary.add('b', 2);
    const returned = await stage.start('r2', {}, backup.address);
    await stage.until(() =>
      primary.status.inSync.some((member) => member.incarnation === returned.status.replica.incarnation),
    );
    expect(await primary.add('c', 3)).toEqual({ error: null, value: 10 });
    await stage.until(agreed([primary, returned]));
    expect(returned.counter.ids).toEqual(['a', 'b', 'c']);
  });

  it('takes back a deposed primary, which begins a new life', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => inSync(primary).length === 2);
    await primary.add('a', 5);
    const { incarnation } = primary.status.replica;
    await stage.force('r2');
    await stage.until(() => backup.status.role === 'primary' && primary.status.role === 'backup');
    expect(primary.status.replica.incarnation).not.toBe(incarnation);
    expect(await backup.add('b', 2)).toEqual({ error: null, value: 7 });
    await stage.until(agreed([primary, backup]));
    expect(primary.counter.ids).toEqual(['a', 'b']);
  });
});
