import { coordinatorContract } from '@understudy/coordinator-embedded/contract';
import { Etcd3 } from 'etcd3';
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
  const keyPrefix = `test-${++place}/`;
  const client = new Etcd3({ hosts: server.host });
  return {
    factory: etcd({ hosts: server.host, keyPrefix }),
    remove: async () => client.close(),
    destroy: () => client.delete().prefix(keyPrefix).exec(),
    tellsLast: true,
  };
});
