import type { sendUnaryData } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { identity } from '@understudy/grpc-common';
import { afterEach, expect, it } from 'vitest';
import { EMPTY, RawSession, secretOf } from '../testing/links/raw-session.js';
import { Stage } from '../testing/stage.js';

let stage: Stage;
const sessions: RawSession[] = [];
afterEach(async () => {
  for (const { stream } of sessions.splice(0)) stream.close();
  await stage.end();
});

const largeService = {
  Get: {
    path: '/test.Large/Get',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
};
const MIB = 1024 * 1024;
const SESSIONS = 6;
const READS = 20;

it('clients that ask for large replies and read none have few made, however many they are', async () => {
  let made = 0;
  const answer = (_call: unknown, callback: sendUnaryData<Buffer>): void => {
    made++;
    callback(null, Buffer.alloc(MIB));
  };
  const settings = {
    methods: [{ name: [{ service: 'test.Large', method: 'Get' }], readOnly: true }],
    // An eighth of what one may have is a half of what all may.
    budgets: { totalBytes: 16 * MIB, sessionBytes: 64 * MIB, keyedBytes: MIB },
  };
  stage = new Stage(memoryCoordinator(), settings, [], (server) => server.addService(largeService, { Get: answer }));
  const node = await stage.start('r1');
  for (let i = 1; i <= SESSIONS; i++) {
    const session = new RawSession(node, secretOf(i));
    sessions.push(session);
    await session.hello();
    session.stream.stream.pause();
    const request = { method: largeService.Get.path, message: Buffer.from('please') };
    for (let readId = 1; readId <= READS; readId++) session.send({ ...EMPTY, reads: [{ readId, request }] });
    // Others are served meanwhile, and their calls come after those.
    for (let call = 1; call <= 20; call++) expect((await node.add(`${i} ${call}`, 1)).error).toBeNull();
  }
  // A quarter for all, one more for each, and what the network took.
  expect(made).toBeGreaterThan(SESSIONS);
  expect(made).toBeLessThan(4 * SESSIONS);
});
