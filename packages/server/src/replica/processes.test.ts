import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChildProgram } from '../testing/child-replica.js';
import { counterService } from '../testing/counter.js';

// Runs what `npm run build` made.
const program = fileURLToPath(new URL('../../dist/testing/child-replica.js', import.meta.url));
const coordinators = fileURLToPath(new URL('../../../coordinator-embedded/dist/index.js', import.meta.url));
const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters' } }] };

let directory: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'understudy-processes-'));
});
afterEach(async () => {
  const running = children.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
  await rm(directory, { recursive: true });
});

async function start(replicaId: string, how: ChildProgram = {}): Promise<{ child: ChildProcess; address: string }> {
  // The child must not get the test runner's condition, which makes imports find sources.
  const child = fork(program, [replicaId, directory, coordinators, JSON.stringify(how)], { execArgv: [] });
  children.push(child);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, address: `127.0.0.1:${port}` };
}

function add(client: Client, id: string): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
      error === null ? resolve(value as number) : reject(error),
    );
  });
}

describe('replicas in processes of their own', () => {
  it.each([
    ['SIGTERM', { code: 0, signal: null }],
    ['SIGKILL', { code: null, signal: 'SIGKILL' }],
  ] as const)('answer open calls when the primary gets %s', async (name, end) => {
    const primary = await start('r1');
    const backup = await start('r2');
    const client = new Client(
      `understudy:///${primary.address},${backup.address}`,
      credentials.createInsecure(),
      replicated({ serviceConfig }),
    );
    expect(await add(client, 'a')).toBe(1);
    const exited = once(primary.child, 'exit');
    primary.child.kill(name);
    for (let i = 2; i <= 50; i++) expect(await add(client, `call ${i}`)).toBe(i);
    const [code, signal] = await exited;
    expect({ code, signal }).toEqual(end);
    expect(await add(client, 'z')).toBe(51);
    await understudyClient(client).close();
  });
});

describe('a state whose copies and restores block the process for longer than a lease', () => {
  it.each(['semi-active', 'passive'])('makes no replica of a %s group lose its role', async (replication) => {
    const how = { blockMs: 900, settings: { leaseMs: 600, replication, checkpointEvery: 10 } };
    const primary = await start('r1', how);
    const backup = await start('r2', how);
    const client = new Client(
      `understudy:///${primary.address},${backup.address}`,
      credentials.createInsecure(),
      replicated({ serviceConfig }),
    );
    for (let i = 1; i <= 20; i++) expect(await add(client, `call ${i}`)).toBe(i);
    const joining = start('r3', how);
    for (let i = 21; i <= 40; i++) expect(await add(client, `call ${i}`)).toBe(i);
    await joining;
    const coordinator = embeddedCoordinator(directory)('counters');
    // The group was created, and two replicas were added. Nothing else happened.
    expect(await coordinator.read()).toMatchObject({ term: 1, epoch: 3, primary: { id: 'r1' } });
    await coordinator.close();
    await understudyClient(client).close();
  });
});

// By hand: STATE_MIB=300 npx vitest run --project processes packages/server/src/replica/processes.test.ts -t MiB
const { STATE_MIB = '32' } = process.env;

describe('a large state', () => {
  it.each([
    ['as bytes', false],
    ['in chunks', true],
  ])(`of ${STATE_MIB} MiB, copied %s, reaches replicas that join while calls go on`, async (how, inChunks) => {
    const program = { largeMib: Number(STATE_MIB), inChunks };
    const primary = await start('r1', program);
    const client = new Client(
      `understudy:///${primary.address}`,
      credentials.createInsecure(),
      replicated({ serviceConfig }),
    );
    let calls = 0;
    let longestMs = 0;
    let going = true;
    const calling = (async () => {
      for (; going; calls++) {
        const beganMs = performance.now();
        expect(await add(client, `call ${calls}`)).toBe(calls + 1);
        longestMs = Math.max(longestMs, performance.now() - beganMs);
      }
    })();
    const beganMs = performance.now();
    // A call that fails ends this at once.
    await Promise.race([Promise.all([start('r2', program), start('r3', program)]), calling]);
    const tookMs = performance.now() - beganMs;
    going = false;
    await calling;
    console.log(
      `${STATE_MIB} MiB ${how}: two replicas joined in ${(tookMs / 1000).toFixed(1)} s, meanwhile ${calls} calls, ` +
        `the longest of ${longestMs.toFixed(0)} ms`,
    );
    const coordinator = embeddedCoordinator(directory)('counters');
    const record = await coordinator.read();
    expect(record).toMatchObject({ term: 1, primary: { id: 'r1' } });
    expect(record?.inSync).toHaveLength(3);
    await coordinator.close();
    await understudyClient(client).close();
  });
});
