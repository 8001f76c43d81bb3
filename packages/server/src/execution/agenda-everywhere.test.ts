import {
  Client,
  type ClientDuplexStream,
  credentials,
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import '../index.js';
import type { ReplicaRuntime } from '../replica/replica-runtime.js';
import { type Counter, counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const SERVICE = {
  Do: { ...counterService.Add, path: '/test.Everywhere/Do' },
  Talk: { ...counterService.Add, path: '/test.Everywhere/Talk', requestStream: true, responseStream: true },
};
type Word = { readonly id: string };

let stage: Stage;
let client: Client;
/** The keys of the effects that happened, on whichever replica. */
let effects: string[];
afterEach(async () => {
  await understudyClient(client).close();
  await stage.end();
});

const LATER = ['once', 'timeout', 'interval', 'after', 'immediate'] as const;

/** Has something done later, in each way that there is, and tells what came of it. */
async function later(replica: ReplicaRuntime, id: string, tell: (what: string) => void): Promise<void> {
  replica.after(30, 'expire', { id });
  setTimeout(() => tell(`${id} timeout`), 20);
  let beats = 0;
  const beat = setInterval(() => {
    if (++beats < 2) return;
    clearInterval(beat);
    tell(`${id} interval`);
  }, 10);
  setImmediate(() => tell(`${id} immediate`));
  tell(`${id} once ${await replica.once('note', (key) => effects.push(key) > 0)}`);
}

function serve(replicaOf: (counter: Counter) => ReplicaRuntime) {
  return (server: Server, counter: Counter): void => {
    const note = (what: string): void => void counter.ids.push(what);
    server.addService(SERVICE as never, {
      Do: async ({ request: { id } }: ServerUnaryCall<Word, string>, callback: sendUnaryData<string>) => {
        note(id);
        await later(replicaOf(counter), id, note);
        callback(null, id);
      },
      Talk: (call: ServerDuplexStream<Word, string>) => {
        call.on('data', ({ id }: Word) => {
          note(id);
          void later(replicaOf(counter), id, (what) => {
            note(what);
            call.write(what);
          });
        });
        call.on('end', () => call.end());
      },
    });
  };
}

interface Course {
  readonly carrier: 'stream' | 'rpc';
  readonly release: 'concurrent' | 'acknowledged';
  readonly replication: 'semi-active' | 'passive';
}

const COURSES: readonly Course[] = (['stream', 'rpc'] as const).flatMap((carrier) =>
  (['concurrent', 'acknowledged'] as const).flatMap((release) =>
    (['semi-active', 'passive'] as const).map((replication) => ({ carrier, release, replication })),
  ),
);

async function started({ carrier, ...settings }: Course): Promise<Node[]> {
  effects = [];
  const replicaOf = (counter: Counter) =>
    stage.nodes.find((node) => node.counter === counter)?.replica as ReplicaRuntime;
  stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS, ...settings }, [], serve(replicaOf));
  const nodes: Node[] = [];
  for (const id of ['r1', 'r2', 'r3']) {
    const node = await stage.bind(id);
    node.replica.on<Word>('expire', ({ id: expired }) => void node.counter.ids.push(`${expired} after`));
    await node.start();
    nodes.push(node);
  }
  await stage.until(() => nodes[0]?.status.inSync.length === 3);
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const { serviceConfig, logger } = stage;
  client = new Client(target, credentials.createInsecure(), replicated({ serviceConfig, logger, carrier }));
  return nodes;
}

function call(id: string): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = SERVICE.Do;
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id }, (error, value) =>
      error === null ? resolve(value) : reject(error),
    ),
  );
}

function talk(): { stream: ClientDuplexStream<unknown, unknown>; heard: string[]; ended: Promise<void> } {
  const { path, requestSerialize, responseDeserialize } = SERVICE.Talk;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const heard: string[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('end', resolve);
  });
  ended.catch(() => {});
  stream.on('data', (what: string) => heard.push(what));
  return { stream, heard, ended };
}

const everythingOf = (id: string): string[] =>
  LATER.map((what) => (what === 'once' ? `${id} once true` : `${id} ${what}`)).concat(id);
const toldOf = (id: string): string[] => everythingOf(id).filter((what) => what !== id && !what.endsWith('after'));

/** Whether everything of these has happened, once each, and on all of these replicas in the same order. */
async function happened(nodes: readonly Node[], ids: readonly string[]): Promise<void> {
  const all = ids.flatMap(everythingOf);
  await stage.until(() => nodes.every(({ counter }) => counter.ids.length >= all.length));
  for (const { counter } of nodes) {
    expect(counter.ids.toSorted()).toEqual(all.toSorted());
    expect(counter.ids).toEqual(nodes[0]?.counter.ids);
  }
}

const isPrimary = ({ status }: Node): boolean => status.role === 'primary';

/** The primary dies once it has begun with this; on a busy machine that need not be the first one. @returns the others */
async function killed(nodes: readonly Node[], id: string): Promise<Node[]> {
  const begun = (node: Node): boolean => isPrimary(node) && node.counter.ids.includes(id);
  await stage.until(() => nodes.some(begun));
  const primary = nodes.find(begun);
  primary?.crash();
  return nodes.filter((node) => node !== primary);
}

/** Everything has happened once, on all replicas that run handlers. */
async function expectOnce(nodes: readonly Node[], ids: readonly string[], { replication }: Course): Promise<void> {
  await stage.until(() => nodes.some(isPrimary));
  await happened(replication === 'semi-active' ? nodes : nodes.filter(isPrimary), ids);
  // A successor runs the function again whose result died with its primary.
  expect(new Set(effects).size).toBe(ids.length);
  expect(effects.length).toBeLessThanOrEqual(ids.length * Math.max(...nodes.map(({ status }) => status.term)));
  expect(stage.logged.filter((line) => line.includes('DIVERGED'))).toEqual([]);
}

describe.each(COURSES)('with the carrier $carrier, $release and $replication', (course) => {
  it('what unary handlers do later happens once on all replicas, also if their primary dies', async () => {
    const nodes = await started(course);
    await Promise.all(['a', 'b'].map(call));
    await stage.until(() => nodes.some((node) => isPrimary(node) && node.status.timers === 0));
    const last = call('c');
    const others = await killed(nodes, 'c');
    expect(await last).toBe('c');
    await expectOnce(others, ['a', 'b', 'c'], course);
  });

  it('what handlers of streams do later happens once on all replicas, also if their primary dies', async () => {
    const nodes = await started(course);
    const { stream, heard, ended } = talk();
    stream.write({ id: 'a' });
    await stage.until(() => heard.length === toldOf('a').length);
    stream.write({ id: 'b' });
    const others = await killed(nodes, 'b');
    await stage.until(() => heard.length === 2 * toldOf('a').length);
    stream.write({ id: 'c' });
    await stage.until(() => heard.length === 3 * toldOf('a').length);
    stream.end();
    await ended;
    const ids = ['a', 'b', 'c'];
    expect(heard.toSorted()).toEqual(ids.flatMap(toldOf).toSorted());
    await expectOnce(others, ids, course);
  });
});
