import { coordinatorContract } from '@understudy/coordinator-embedded/contract';
import { afterAll, beforeAll } from 'vitest';
import { etcd } from './etcd.js';
import { EtcdProcess } from './testing/index.js';

let server: EtcdProcess;
beforeAll(async () => {
  server = await EtcdProcess.start();
});
afterAll(() => server.remove());

let place = 0;
coordinatorContract('in etcd', async () => {
  // All tests share one etcd, and each has keys of its own.
  return { factory: etcd({ hosts: server.host, keyPrefix: `test-${++place}/` }), remove: async () => {} };
});
