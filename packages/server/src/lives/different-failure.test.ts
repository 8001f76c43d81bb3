/** A call that fails on one replica only: a file is missing there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

const READ = '/test.Files/Read';
const TEXT = 'four';
/** No busy machine stalls this process for so long. */
const LEASE_MS = 2_000;
const ENOENT = { error: { code: status.NOT_FOUND, details: 'ENOENT' } };

let stage: Stage;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-files-'));
});
afterEach(async () => {
  await stage.end();
  rmSync(directory, { recursive: true });
});

const fileOf = (replica: number): string => join(directory, `r${replica}`);

/** Three replicas, each of which reads a file of its own, as handlers should not. */
async function startGroup(replication: string, leaseMs = LEASE_MS): Promise<[Node, Node, Node]> {
  let bound = 0;
  stage = new Stage(memoryCoordinator(), { replication, leaseMs }, [], (server, counter) => {
    const file = fileOf(++bound);
    writeFileSync(file, TEXT);
    server.addService(
      { Read: { ...counterService.Add, path: READ } },
      {
        /** Adds the length of the file. */
        Read: (_call: ServerUnaryCall<unknown, number>, callback: sendUnaryData<number>) => {
          try {
            counter.value += readFileSync(file, 'utf8').length;
          } catch (error) {
            callback({ code: status.NOT_FOUND, details: (error as NodeJS.ErrnoException).code ?? '' });
            return;
          }
          callback(null, counter.value);
        },
      },
    );
  });
  const nodes = (await stage.startGroup(3)) as [Node, Node, Node];
  await stage.until(() => nodes[0].status.inSync.length === 3);
  return nodes;
}

const read = (of: Node) => of.callAt(READ, {});
const values = (nodes: readonly Node[]): number[] => nodes.map(({ counter }) => counter.value);
const isWhole = ({ status: { inSync } }: Node): boolean => inSync.length === 3;

/** The replicas that noticed that they came to something else. */
const diverged = (nodes: readonly Node[]): number[] => nodes.map(({ status: { divergences } }) => divergences);

describe('in a semi-active group, a call that fails with a status', () => {
  it('on a backup alone is answered; that backup starts anew with the state of the others, which go on', async () => {
    const nodes = await startGroup('semi-active');
    const [primary, odd, other] = nodes;
    rmSync(fileOf(2));
    expect(await read(primary)).toEqual({ error: null, value: TEXT.length });
    expect(await primary.add('a', 1)).toEqual({ error: null, value: TEXT.length + 1 });
    await stage.until(() => odd.status.divergences === 1 && odd.status.role === 'backup' && isWhole(primary));
    expect(await primary.add('b', 1)).toEqual({ error: null, value: TEXT.length + 2 });
    await stage.until(() => new Set(values(nodes)).size === 1);
    expect(values(nodes)).toEqual(Array(3).fill(TEXT.length + 2));
    expect(diverged([odd, other])).toEqual([1, 0]);
    expect(primary.status).toMatchObject({ role: 'primary', term: 1, poisoned: [] });
  });

  it('on the primary alone fails so for its caller; the backups start anew with its state, and it says so', async () => {
    const nodes = await startGroup('semi-active');
    const [primary, ...backups] = nodes;
    rmSync(fileOf(1));
    expect(await read(primary)).toMatchObject(ENOENT);
    const alone: (string | undefined)[] = [];
    await stage.until(() => {
      if (primary.status.inSync.length === 1) alone.push(primary.status.degraded);
      return (
        backups.every((node) => node.status.divergences === 1 && node.status.role === 'backup') && isWhole(primary)
      );
    });
    // While both are away no crash is survived.
    expect(alone.filter((degraded) => degraded === undefined)).toEqual([]);
    const told = stage.logged.filter((line) => /UNDERSTUDY_DIVERGED.*"peer"/.test(line));
    expect(told.map((line) => /"peer":"(r\d)"/.exec(line)?.[1]).sort()).toEqual(['r2', 'r3']);
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    await stage.until(() => values(nodes).every((value) => value === 1));
    expect(diverged(backups)).toEqual([1, 1]);
    expect(primary.status).toMatchObject({ role: 'primary', term: 1, poisoned: [] });
  });
});

describe('in a passive group, where nobody compares, a call that fails with a status', () => {
  const FAILOVER_LEASE_MS = 500;

  async function successorOf([primary, ...backups]: readonly Node[]): Promise<Node> {
    primary?.crash();
    await stage.until(() => backups.some(({ status: { role } }) => role === 'primary'));
    return backups.find(({ status: { role } }) => role === 'primary') as Node;
  }

  it('on backups alone is answered, and a successor that replays it fails where the primary did not', async () => {
    const nodes = await startGroup('passive', FAILOVER_LEASE_MS);
    const [primary] = nodes;
    for (const backup of [2, 3]) rmSync(fileOf(backup));
    expect(await read(primary)).toEqual({ error: null, value: TEXT.length });
    expect(await primary.add('a', 1)).toEqual({ error: null, value: TEXT.length + 1 });
    const next = await successorOf(nodes);
    expect(await next.add('b', 1)).toEqual({ error: null, value: 2 });
    expect(next.status).toMatchObject({ poisoned: [] });
  });

  it('on the primary alone fails so for its caller, and a successor that replays it may succeed', async () => {
    const nodes = await startGroup('passive', FAILOVER_LEASE_MS);
    const [primary] = nodes;
    rmSync(fileOf(1));
    expect(await read(primary)).toMatchObject(ENOENT);
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    const next = await successorOf(nodes);
    expect(await next.add('b', 1)).toEqual({ error: null, value: TEXT.length + 2 });
    expect(next.status).toMatchObject({ poisoned: [] });
  });
});
