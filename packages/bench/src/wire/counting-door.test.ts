import * as grpc from '@grpc/grpc-js';
import { afterEach, expect, it } from 'vitest';
import { bind } from '../service/bind.js';
import { Counter, handlers } from '../service/counter.js';
import { CounterClient, CounterService, PAYLOAD_BYTES } from '../service/proto.js';
import { CountingDoor } from './counting-door.js';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const act of cleanUp.splice(0)) act();
});

it('a CountingDoor counts every request and every reply of the calls that pass through it', async () => {
  const server = new grpc.Server();
  server.addService(CounterService, handlers(new Counter()));
  const door = await CountingDoor.open(`127.0.0.1:${await bind(server, '127.0.0.1:0')}`);
  const client = new CounterClient(door.address, grpc.credentials.createInsecure());
  cleanUp.push(
    () => client.close(),
    () => door.close(),
    () => server.forceShutdown(),
  );

  const calls = 20;
  const request = { amount: 1, payload: new Uint8Array(PAYLOAD_BYTES) };
  const call = () =>
    new Promise<number>((resolve, reject) =>
      client.add(request, (error, reply) => (error === null ? resolve(reply?.total ?? 0) : reject(error))),
    );
  const totals = await Promise.all(Array.from({ length: calls }, call));

  expect(Math.max(...totals)).toBe(calls);
  const { there, back } = door.traffic();
  expect(there).toMatchObject({ messages: calls, headers: calls });
  // A reply has headers before its message and trailers after it.
  expect(back).toMatchObject({ messages: calls, headers: 2 * calls });
  expect(there.bytes).toBeGreaterThan(calls * 100);
});
