import {
  Client,
  type ClientDuplexStream,
  credentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { MakeService } from '../service.js';
import { inProcessGroup, type TestGroup } from './in-process-group.js';
import { until } from './waiting.js';

const method = (path: string, streams: boolean) => ({
  ...{ path, requestStream: streams, responseStream: streams },
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (from: Buffer) => JSON.parse(from.toString()),
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (from: Buffer) => JSON.parse(from.toString()),
});
const serviceOf = (name: string) => ({
  Talk: method(`/test.${name}/Talk`, true),
  Heard: method(`/test.${name}/Heard`, false),
});
const echo = serviceOf('Echo');
const relay = serviceOf('Relay');

type Talk = ServerDuplexStream<number, number>;

let stop: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of stop.reverse()) await each();
  stop = [];
});

/** A service that notes what it hears, in its state. */
const noting =
  (service: ReturnType<typeof serviceOf>, talk: (call: Talk, note: (value: number) => void) => void): MakeService =>
  () => {
    let heard: number[] = [];
    return {
      state: {
        checkpoint: () => Buffer.from(JSON.stringify(heard)),
        restore: (copy: Uint8Array) => {
          heard = JSON.parse(Buffer.from(copy).toString());
        },
      },
      addTo: (server) =>
        server.addService(service, {
          Talk: (call: Talk) => talk(call, (value) => heard.push(value)),
          Heard: (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => callback(null, heard),
        }),
    };
  };

/** Answers each message. */
const makeEcho = noting(echo, (call, note) => {
  call.on('data', (value: number) => {
    note(value);
    call.write(value + 1000);
  });
  call.on('end', () => call.end());
});

/** Hands on what its caller says to the other service, and what that answers. */
const makeRelay =
  (connect: () => Client): MakeService =>
  () => {
    const client = connect();
    const { path, requestSerialize, responseDeserialize } = echo.Talk;
    const made = noting(relay, (call, note) => {
      const onward = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      call.on('data', (value: number) => onward.write(value));
      call.on('end', () => onward.end());
      onward.on('data', (value: number) => {
        note(value);
        call.write(value);
      });
      onward.on('error', (error) => call.emit('error', error));
      onward.on('end', () => call.end());
    });
    return { ...made(), close: () => client.close() };
  };

const upTo = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);
const heardOf = async (group: TestGroup): Promise<unknown> => (await group.call('Heard')).reply;

async function expectSame(group: TestGroup, comparesStates: boolean): Promise<void> {
  await group.settled();
  expect(group.divergences).toEqual([]);
  if (comparesStates) expect(new Set(Object.values(await group.digests())).size).toBe(1);
}

describe.each(['semi-active', 'passive'] as const)(
  'a streaming handler that opens a stream of another group: %s',
  (replication) => {
    it('hands on each message once and in order, both ways, though either primary dies', async () => {
      const callees = await inProcessGroup(makeEcho, { settings: { group: 'echo', replication } });
      stop.push(() => callees.close());
      const connect = ({ target, serviceConfig }: TestGroup): Client =>
        new Client(target, credentials.createInsecure(), replicated({ serviceConfig }));
      const callers = await inProcessGroup(
        makeRelay(() => connect(callees)),
        { settings: { replication } },
      );
      stop.push(() => callers.close());
      const client = connect(callers);
      stop.push(() => understudyClient(client).close());

      const { path, requestSerialize, responseDeserialize } = relay.Talk;
      const stream: ClientDuplexStream<number, number> = client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
      );
      const heard: number[] = [];
      const ended = new Promise<void>((resolve, reject) => {
        stream.on('error', reject);
        stream.on('end', resolve);
      });
      ended.catch(() => {});
      stream.on('data', (value: number) => heard.push(value));
      const answered = (count: number): Promise<void> =>
        until(
          () => heard.length >= count,
          60_000,
          () => `${heard.length} of ${count} were answered`,
        );
      const say = (from: number, count: number): void => {
        for (const value of upTo(count, from)) stream.write(value);
      };

      say(0, 20);
      await answered(10);
      await callers.killPrimary();
      say(20, 20);
      await answered(30);
      await callees.killPrimary();
      say(40, 20);
      await answered(60);
      stream.end();
      await ended;
      expect(heard).toEqual(upTo(60, 1000));
      expect(await heardOf(callees)).toEqual(upTo(60));
      expect(await heardOf(callers)).toEqual(upTo(60, 1000));
      await expectSame(callers, replication === 'semi-active');
      await expectSame(callees, replication === 'semi-active');
    });
  },
);
