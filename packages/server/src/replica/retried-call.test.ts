import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

/** What a gRPC library adds to the second attempt of a call that it retries. */
const SECOND_ATTEMPT = { 'grpc-previous-rpc-attempts': '1', 'idempotency-key': 'k1' };
const FIRST_ATTEMPT = { 'idempotency-key': 'k1' };
const REQUEST = { id: 'a', by: 5 };

describe('the caller of a call that its library retried hears only of the last attempt, so a refusal', () => {
  it('by a backup says that the call may have taken effect', async () => {
    stage = new Stage(memoryCoordinator());
    const [, backup] = (await stage.startGroup(2)) as [Node, Node];
    const effect = async (metadata: Record<string, string>) =>
      (await backup.call('Add', REQUEST, metadata)).error?.metadata.get('understudy-may-have-taken-effect');
    expect(await effect(FIRST_ATTEMPT)).toEqual(['false']);
    expect(await effect(SECOND_ATTEMPT)).toEqual(['true']);
  });

  it('by the primary does, too', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1');
    await primary.call('Add', REQUEST, FIRST_ATTEMPT);
    const { error } = await primary.call('Add', { id: 'a', by: 6 }, SECOND_ATTEMPT);
    expect(error?.metadata.getMap()).toMatchObject({
      'understudy-code': 'UNDERSTUDY_KEY_REUSED',
      'understudy-may-have-taken-effect': 'true',
    });
  });
});
