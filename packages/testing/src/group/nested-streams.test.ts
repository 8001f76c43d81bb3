import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { nested, replicated } from '@understudy/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MakeService } from '../service.js';
import { inProcessGroup, type TestGroup } from './in-process-group.js';
import { until } from './waiting.js';

const bytes = {
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (from: Buffer) => JSON.parse(from.toString()),
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (from: Buffer) => JSON.parse(from.toString()),
};
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  ...{ path, requestStream, responseStream },
  ...bytes,
});

/** The service that handlers call. */
const feed = {
  Watch: method('/test.Feed/Watch', false, true),
  Sum: method('/test.Feed/Sum', true, false),
  Talk: method('/test.Feed/Talk', true, true),
  Publish: method('/test.Feed/Publish', false, false),
  Heard: method('/test.Feed/Heard', false, false),
};
const reader = {
  Collect: method('/test.Reader/Collect', false, false),
  Upload: method('/test.Reader/Upload', false, false),
  Talk: method('/test.Reader/Talk', false, false),
  Heard: method('/test.Reader/Heard', false, false),
};

let stop: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of stop.reverse()) await each();
  stop = [];
});

/** A service that is not replicated, and streams that it serves. */
class Feed {
  readonly watching: ServerWritableStream<number, number>[] = [];
  readonly heard: number[] = [];
  address = '';

  static async start(): Promise<Feed> {
    const one = new Feed();
    const server = new Server();
    const { Watch, Sum, Talk } = feed;
    server.addService(
      { Watch, Sum, Talk },
      {
        Watch: (call: ServerWritableStream<number, number>) => {
          one.watching.push(call);
          call.sendMetadata(call.metadata);
        },
        Sum: (call: ServerDuplexStream<number, number>, callback: sendUnaryData<number>) => {
          let sum = 0;
          call.on('data', (value: number) => {
            one.heard.push(value);
            sum += value;
          });
          call.on('end', () => callback(null, sum));
        },
        Talk: (call: ServerDuplexStream<number, number>) => {
          call.on('data', (value: number) => call.write(2 * value));
          call.on('end', () => call.end());
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    one.address = `127.0.0.1:${port}`;
    stop.push(() => server.forceShutdown());
    return one;
  }
}

/** A service whose handlers read streams of another. */
const makeReader =
  (connect: () => Client): MakeService =>
  () => {
    let heard: unknown[] = [];
    const client = connect();
    const handlers = {
      Collect: async (call: ServerUnaryCall<number, unknown>, callback: sendUnaryData<unknown>) => {
        const { path, requestSerialize, responseDeserialize } = feed.Watch;
        const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, call.request);
        try {
          for await (const item of stream) heard.push([item, Date.now()]);
          callback(null, 'end');
        } catch (error) {
          heard.push((error as Error).message);
          callback(null, (error as Error).message);
        }
      },
      Upload: (call: ServerUnaryCall<number, unknown>, callback: sendUnaryData<unknown>) => {
        const { path, requestSerialize, responseDeserialize } = feed.Sum;
        const stream = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, sum) => {
          heard.push(sum);
          callback(error, sum);
        });
        for (let i = 1; i <= call.request; i++) stream.write(i);
        stream.end();
      },
      Talk: async (call: ServerUnaryCall<number, unknown>, callback: sendUnaryData<unknown>) => {
        const { path, requestSerialize, responseDeserialize } = feed.Talk;
        const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
        stream.write(1);
        let last = 0;
        for await (const value of stream) {
          heard.push(value);
          last = value as number;
          if (last >= call.request) stream.end();
          else stream.write(last);
        }
        callback(null, last);
      },
      Heard: (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => callback(null, heard),
    };
    return {
      state: {
        checkpoint: () => Buffer.from(JSON.stringify(heard)),
        restore: (copy: Uint8Array) => {
          heard = JSON.parse(Buffer.from(copy).toString());
        },
      },
      addTo: (server) => server.addService(reader, handlers),
      close: () => client.close(),
    };
  };

async function start(connect: () => Client): Promise<TestGroup> {
  const group = await inProcessGroup(makeReader(connect));
  stop.push(() => group.close());
  return group;
}

async function expectSame(group: TestGroup, comparesStates = true): Promise<void> {
  await group.settled();
  expect(group.divergences).toEqual([]);
  if (comparesStates) expect(new Set(Object.values(await group.digests())).size).toBe(1);
}

describe('a handler that streams with a service that is not replicated', () => {
  it('reads the same on every replica', async () => {
    const service = await Feed.start();
    const group = await start(() => new Client(service.address, credentials.createInsecure(), nested()));
    const collected = group.call('Collect', 3);
    await until(
      () => service.watching.length === 1,
      20_000,
      () => 'nobody watches',
    );
    for (let i = 0; i < 200; i++) service.watching[0]?.write(i);
    service.watching[0]?.end();
    expect(await collected).toMatchObject({ code: 0, reply: 'end' });
    const { reply } = await group.call('Heard');
    expect((reply as [number, number][]).map(([item]) => item)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await expectSame(group);
    expect(service.watching).toHaveLength(1);
  });

  it('writes once, and talks, whichever replica it runs on', async () => {
    const service = await Feed.start();
    const group = await start(() => new Client(service.address, credentials.createInsecure(), nested()));
    expect(await group.call('Upload', 100)).toMatchObject({ code: 0, reply: 5050 });
    expect(service.heard).toHaveLength(100);
    expect(await group.call('Talk', 64)).toMatchObject({ code: 0, reply: 64 });
    await expectSame(group);
  });

  it('gets the same end on all replicas when its primary dies', async () => {
    const service = await Feed.start();
    const group = await start(() => new Client(service.address, credentials.createInsecure(), nested()));
    const collected = group.call('Collect', 3);
    await until(
      () => service.watching.length === 1,
      20_000,
      () => 'nobody watches',
    );
    for (let i = 0; i < 10; i++) service.watching[0]?.write(i);
    await until(
      () => group.replicas.every((id) => group.status(id).processedUpTo > 1),
      20_000,
      () => 'nothing was heard',
    );
    await group.killPrimary();
    const { reply } = await collected;
    expect(reply).toMatch(/UNDERSTUDY_INDETERMINATE.*may have had effects/);
    expect((await group.call('Heard')).reply).toEqual(expect.arrayContaining([reply]));
    await expectSame(group);
    expect(service.watching).toHaveLength(1);
  });
});

/** The same service, replicated. What it publishes reaches everybody who watches. */
const makeFeed: MakeService = () => {
  let heard: number[] = [];
  let watching: ServerWritableStream<number, number>[] = [];
  const handlers = {
    Watch: (call: ServerWritableStream<number, number>) => {
      watching.push(call);
      call.on('cancelled', () => {
        watching = watching.filter((one) => one !== call);
      });
    },
    Sum: (call: ServerDuplexStream<number, number>, callback: sendUnaryData<number>) => {
      let sum = 0;
      call.on('data', (value: number) => {
        heard.push(value);
        sum += value;
      });
      call.on('end', () => callback(null, sum));
    },
    Talk: (call: ServerDuplexStream<number, number>) => {
      call.on('data', (value: number) => {
        heard.push(value);
        call.write(value + 1);
      });
      call.on('end', () => call.end());
    },
    Publish: (call: ServerUnaryCall<number[], number>, callback: sendUnaryData<number>) => {
      for (const value of call.request) {
        for (const one of watching) if (value < 0) one.end();
        for (const one of watching) if (value >= 0) one.write(value);
      }
      callback(null, watching.length);
    },
    Heard: (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => callback(null, heard),
  };
  return {
    state: {
      checkpoint: () => Buffer.from(JSON.stringify(heard)),
      restore: (copy: Uint8Array) => {
        heard = JSON.parse(Buffer.from(copy).toString());
      },
    },
    addTo: (server) => server.addService(feed, handlers),
  };
};

const upTo = (n: number, from = 0): number[] => Array.from({ length: n - from }, (_, i) => from + i);

describe.each(['semi-active', 'passive'] as const)('a handler that streams with another group: %s', (replication) => {
  let callees: TestGroup;
  let callers: TestGroup;
  beforeEach(async () => {
    callees = await inProcessGroup(makeFeed, { settings: { group: 'feed', replication } });
    stop.push(() => callees.close());
    const { serviceConfig } = callees;
    const options = () => replicated({ serviceConfig });
    callers = await inProcessGroup(
      makeReader(() => new Client(callees.target, credentials.createInsecure(), options())),
      { settings: { replication } },
    );
    stop.push(() => callers.close());
  });
  const publish = (values: readonly number[]) => callees.call('Publish', values);
  const heard = async (): Promise<unknown[]> => (await callers.call('Heard')).reply as unknown[];
  const items = async (): Promise<unknown[]> => (await heard()).map((each) => (each as [number, number])[0]);
  const watched = async (): Promise<void> => {
    while ((await publish([])).reply !== 1) await new Promise(setImmediate);
  };

  /** A handler reads the first ten items of a stream. */
  const begin = async () => {
    const collected = callers.call('Collect', 3);
    await watched();
    await publish(upTo(10));
    return { collected };
  };
  /** The stream ends after so many items, of which the handler has seen each once. */
  const ends = async ({ collected }: Awaited<ReturnType<typeof begin>>, count: number): Promise<void> => {
    await publish([...upTo(count, count - 10), -1]);
    expect(await collected).toMatchObject({ code: 0, reply: 'end' });
    expect(await items()).toEqual(upTo(count));
    await expectSame(callers, replication === 'semi-active');
  };

  it('reads each item once, though either primary dies', async () => {
    const reading = await begin();
    await callers.killPrimary();
    await publish(upTo(20, 10));
    await callees.killPrimary();
    await publish(upTo(300, 20));
    // If this primary died, too, during one of the handler's first steps, that step would be taken for the cause.
    while ((await items()).length < 300) await new Promise(setImmediate);
    await callers.killPrimary();
    await ends(reading, 310);
    await expectSame(callees, replication === 'semi-active');
  });

  it('writes each message once, though either primary dies', async () => {
    const uploads = [callers.call('Upload', 200), callers.call('Talk', 60)];
    while (((await callees.call('Heard')).reply as unknown[]).length < 20) await new Promise(setImmediate);
    await callers.killPrimary();
    await callees.killPrimary();
    expect(await Promise.all(uploads)).toMatchObject([
      { code: 0, reply: 20_100 },
      { code: 0, reply: 60 },
    ]);
    const all = ((await callees.call('Heard')).reply as number[]).sort((a, b) => a - b);
    expect(all).toEqual([...upTo(201, 1), ...upTo(60, 1)].sort((a, b) => a - b));
    await expectSame(callers, replication === 'semi-active');
    await expectSame(callees, replication === 'semi-active');
  });

  it('goes on with a successor while the deposed primary still has its links', async () => {
    const reading = await begin();
    await callers.partition();
    await publish(upTo(200, 10));
    await callers.rejoin();
    await ends(reading, 210);
  });
});
