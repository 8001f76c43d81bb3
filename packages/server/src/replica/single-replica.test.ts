import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

describe('a replica on its own', () => {
  it('creates its group and answers any client', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    expect(node.status).toMatchObject({ role: 'primary', term: 1, primary: 'r1' });
    expect(await node.add('a', 5)).toEqual({ error: null, value: 5 });
    expect(await node.add('b', 2)).toEqual({ error: null, value: 7 });
    expect(node.status.processedUpTo).toBe(2);
  });

  it('answers a repeated idempotency key from its records, and refuses the key for another request', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1');
    const key = { 'idempotency-key': 'k1' };
    expect(await node.call('Add', { id: 'a', by: 5 }, key)).toEqual({ error: null, value: 5 });
    expect(await node.call('Add', { id: 'a', by: 5 }, key)).toEqual({ error: null, value: 5 });
    expect(node.counter.ids).toEqual(['a']);
    const { error } = await node.call('Add', { id: 'a', by: 6 }, key);
    expect(error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_KEY_REUSED']);
  });
});
