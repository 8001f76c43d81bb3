import { Client, credentials } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { service } from 'grpc-health-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Node } from '../testing/stage.js';
import { Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

const check = service.Check as unknown as {
  path: string;
  requestSerialize: (value: object) => Buffer;
  responseDeserialize: (bytes: Buffer) => { status: string };
};

function healthOf(node: Node, name: string): Promise<string> {
  const client = new Client(node.address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      check.path,
      check.requestSerialize,
      check.responseDeserialize,
      { service: name },
      (error, reply) => {
        client.close();
        if (error !== null) reject(error);
        else resolve(reply?.status ?? '');
      },
    );
  });
}

describe('the health service', () => {
  it('says SERVING for the replicated service on the primary only, and follows a change of primary', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    const name = 'test.Counter';
    expect(await healthOf(primary, name)).toBe('SERVING');
    expect(await healthOf(backup, name)).toBe('NOT_SERVING');
    expect(await healthOf(primary, '')).toBe('SERVING');
    expect(await healthOf(backup, '')).toBe('NOT_SERVING');
    await primary.replica.stop();
    await stage.until(() => backup.status.role === 'primary');
    expect(await healthOf(backup, name)).toBe('SERVING');
    expect(await healthOf(primary, name)).toBe('NOT_SERVING');
  });

  it('says that a replica is ready once it is in sync, and alive until it stops, as its status does', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1');
    expect(await healthOf(primary, 'understudy.ready')).toBe('SERVING');
    const learner = await stage.bind('r2');
    let copied = (): void => {};
    primary.counter.checkpoint = async () => {
      await new Promise<void>((resolve) => {
        copied = resolve;
      });
      return Buffer.from('{"value":0,"ids":[]}');
    };
    const starting = learner.start();
    await stage.until(() => learner.status.blocked?.includes('waits for a copy of the state') === true);
    expect(await healthOf(learner, 'understudy.ready')).toBe('NOT_SERVING');
    expect(await healthOf(learner, 'understudy.live')).toBe('SERVING');
    await stage.until(() => {
      copied();
      return learner.status.role === 'backup';
    });
    await starting;
    expect(learner.status.blocked).toBeUndefined();
    expect(await healthOf(learner, 'understudy.ready')).toBe('SERVING');
    await learner.replica.stop();
    expect(await healthOf(learner, 'understudy.ready')).toBe('NOT_SERVING');
    expect(await healthOf(learner, 'understudy.live')).toBe('NOT_SERVING');
  });
});
