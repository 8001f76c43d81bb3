import { Server } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { UnderstudyError } from '@understudy/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createReplica } from '../index.js';
import { Counter, counterService } from '../testing/counter.js';
import { Node, Stage } from '../testing/stage.js';

const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters' } }] };
const options = {
  replicaId: 'r1',
  address: '127.0.0.1:1',
  coordinator: memoryCoordinator(),
  state: new Counter(),
  serviceConfig,
  handleSignals: false,
};

let stage: Stage | undefined;
afterEach(() => stage?.end());

const codeOf = (error: unknown): string => (error instanceof UnderstudyError ? error.code : String(error));
const failureOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'none', codeOf);

describe('a replica that is set up wrongly', () => {
  it('is not made for a group that its service config does not name', () => {
    expect(() => createReplica({ ...options, group: 'other' })).toThrow('UNDERSTUDY_SETUP');
  });

  it('is not made from a service config that cannot be used', () => {
    expect(() => createReplica({ ...options, serviceConfig: {} })).toThrow('UNDERSTUDY_CONFIG');
  });

  it('does not start without its interceptors, without a server, or without an address', async () => {
    const replica = createReplica({ ...options, address: 'nowhere' });
    expect(await failureOf(replica.start())).toBe('UNDERSTUDY_SETUP');
    const server = new Server({ interceptors: replica.interceptors() });
    expect(await failureOf(replica.start())).toBe('UNDERSTUDY_SETUP');
    replica.attach(server);
    await expect(replica.start()).rejects.toThrow('"nowhere" is not host:port');
  });

  it('fails calls that bypassed it, and says what to do', async () => {
    stage = new Stage(memoryCoordinator());
    const bare = await Node.bind(
      { replicaId: 'r1', coordinator: stage.coordinator, serviceConfig, handleSignals: false },
      { guarded: false },
    );
    stage.nodes.push(bare);
    await bare.start();
    const { error } = await bare.add('a', 1);
    expect(error?.details).toContain('UNDERSTUDY_SETUP');
    expect(error?.details).toContain('replica.interceptors');
    expect(bare.counter.ids).toEqual([]);
  });

  it('cannot be attached to two servers', () => {
    const replica = createReplica(options);
    replica.attach(new Server());
    expect(() => replica.attach(new Server())).toThrow('UNDERSTUDY_SETUP');
  });

  it('does not replicate the services that are named as unreplicated', async () => {
    stage = new Stage(memoryCoordinator());
    await stage.start('r1');
    const backup = await stage.start('r2', { unreplicated: ['test.Counter'] });
    expect(counterService.Add.path).toBe('/test.Counter/Add');
    expect(await backup.add('a', 5)).toEqual({ error: null, value: 5 });
  });
});

describe('stopping a replica', () => {
  it('may be done twice, and ends a start that is under way', async () => {
    stage = new Stage(memoryCoordinator());
    await stage.start('r1');
    const other = { loadBalancingConfig: [{ understudy: { group: 'counters', leaseMs: 300 } }] };
    const node = await stage.bind('r2', { serviceConfig: other });
    const starting = failureOf(node.start());
    expect(await Promise.all([node.replica.stop(), node.replica.stop()])).toEqual([undefined, undefined]);
    expect(await starting).toBe('UNDERSTUDY_SETUP');
  });
});
