import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

describe('a call with garbage in its header', () => {
  it('ends with the reason and changes nothing else', async () => {
    stage = new Stage(memoryCoordinator());
    const [node] = await stage.startGroup(1);
    if (node === undefined) throw new Error('no replica');
    for (const bytes of [Buffer.from([255, 1, 2]), Buffer.alloc(300, 7)]) {
      const { error } = await node.call('Add', { id: 'garbage', by: 1 }, { 'understudy-header-bin': bytes });
      expect(error).toMatchObject({ code: 3 });
      expect(error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_MALFORMED']);
    }
    expect(node.counter.ids).toEqual([]);
    expect(node.status.processedUpTo).toBe(0);
    expect(await node.add('a', 1)).toEqual({ error: null, value: 1 });
  });
});
