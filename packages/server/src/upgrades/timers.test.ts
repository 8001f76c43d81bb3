import type { Server, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import '../index.js';
import type { ReplicaRuntime } from '../replica/replica-runtime.js';
import { type Counter, counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

type Call = ServerUnaryCall<{ id: string; by: number }, number>;
const ARM = { ...counterService.Add, path: '/test.Arm/Arm' };
const PERIOD_MS = 30;

let stage: Stage;
afterEach(() => stage.end());

/** The versions that ran what came again and again, and each timer, on any replica. */
let ran: { readonly what: string; readonly version: string; readonly on: string }[];

const replicaOf = (counter: Counter): ReplicaRuntime =>
  stage.nodes.find((node) => node.counter === counter)?.replica as ReplicaRuntime;

/** `Arm` has something done after so many milliseconds: by a timer that is data, or by a function. */
function serve(server: Server, counter: Counter): void {
  server.addService({ Arm: ARM } as never, {
    Arm: ({ request: { id, by } }: Call, callback: sendUnaryData<number>) => {
      if (id.startsWith('after')) replicaOf(counter).after(by, 'ring', { id });
      else setTimeout(() => counter.ids.push(`${id} rang`), by);
      callback(null, counter.ids.push(id));
    },
  });
}

async function start(id: string, version: string): Promise<Node> {
  const node = await stage.bind(id, { version });
  const { counter, replica } = node;
  replica.on<{ id: string }>('ring', ({ id: what }) => {
    counter.ids.push(`${what} rang`);
    ran.push({ what, version, on: id });
  });
  replica.every(PERIOD_MS, 'sweep', () => {
    counter.value++;
    ran.push({ what: 'sweep', version, on: id });
  });
  await node.start();
  return node;
}

const arm = (node: Node, id: string, afterMs: number): Promise<unknown> => node.callAt(ARM.path, { id, by: afterMs });
const rangOn = (id: string): string[] =>
  ran.filter(({ what, on }) => what !== 'sweep' && on === id).map(({ what }) => what);
const sweepsOf = (node: Node): number => node.counter.value;
const agreed = (...nodes: readonly Node[]): boolean =>
  new Set(nodes.map(({ status, counter }) => `${status.processedUpTo} ${status.digest} ${counter.value}`)).size === 1;

describe.each(['semi-active', 'passive'])('timers of a group (%s)', (replication) => {
  it('go on through an upgrade of the code: what is data rings once, with the code that serves then', async () => {
    ran = [];
    stage = new Stage(memoryCoordinator(), { replication }, [], serve);
    const old = [await start('r1', '1'), await start('r2', '1')] as [Node, Node];
    const [first] = old;
    await stage.until(() => first.status.inSync.length === 2);
    await arm(first, 'after soon', 1);
    await arm(first, 'function', 300);
    await arm(first, 'after late', 3_600_000);
    await arm(first, 'after', 4_000);
    await stage.until(() => rangOn('r1').includes('after soon') && sweepsOf(first) >= 2);

    const next = await start('r3', '2');
    await stage.until(() => first.status.inSync.length === 3);
    for (const node of old) await node.replica.stop();
    await stage.until(() => next.status.role === 'primary');
    // The function was run before: no copy of the state has it.
    expect(next.counter.ids).toContain('function rang');
    const before = sweepsOf(next);
    // On a busy machine it may have been due before the new code served.
    await stage.until(() => ran.some(({ what }) => what === 'after') && sweepsOf(next) >= before + 2);

    expect(next.counter.ids.toSorted()).toEqual(
      ['after', 'after late', 'after rang', 'after soon', 'after soon rang', 'function', 'function rang'].toSorted(),
    );
    expect(next.status.timers).toBe(1);
    expect(new Set(ran.filter(({ on }) => on === 'r3').map(({ version }) => version))).toEqual(new Set(['2']));
    expect(stage.logged.filter((line) => line.includes('DIVERGED'))).toEqual([]);
  });

  it('that come again and again go on at one pace while a replica joins, and at that replica when it serves', async () => {
    ran = [];
    stage = new Stage(memoryCoordinator(), { replication }, [], serve);
    const primary = await start('r1', '1');
    await stage.until(() => sweepsOf(primary) >= 3);
    const joiner = await start('r2', '1');
    await stage.until(() => primary.status.inSync.length === 2);
    const joined = sweepsOf(primary);
    await stage.until(() => sweepsOf(primary) >= joined + 3);
    if (replication === 'semi-active') await stage.until(() => agreed(primary, joiner));
    await primary.replica.stop();
    await stage.until(() => joiner.status.role === 'primary');
    const before = sweepsOf(joiner);
    expect(before).toBeGreaterThanOrEqual(joined + 3);
    await stage.until(() => sweepsOf(joiner) >= before + 3);
    expect(stage.logged.filter((line) => line.includes('DIVERGED'))).toEqual([]);
  });
});
