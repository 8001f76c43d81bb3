import { once } from 'node:events';
import { createServer } from 'node:net';
import type { GroupConfig } from '@understudy/core/internal';
import { expect, it } from 'vitest';
import { ReplicaLiveness } from './replica-liveness.js';

it('a fixed address that another process has is a mistake, and the error names it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const livenessAddress = `127.0.0.1:${port}`;
  const opening = ReplicaLiveness.open({
    ...{ config: { group: 'counters' } as GroupConfig, livenessAddress, announced: '127.0.0.1:1', bound: undefined },
    logger: { log: () => {} },
  });
  await expect(opening).rejects.toMatchObject({
    code: 'UNDERSTUDY_SETUP',
    message: expect.stringContaining(`cannot listen at livenessAddress ${livenessAddress}`),
  });
  taken.close();
});
