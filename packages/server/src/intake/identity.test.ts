import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { NestedCaller } from '@understudy/core/internal';
import { callerProof } from '@understudy/grpc-common';
import { encodeCaller } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, type Node, Stage } from '../testing/stage.js';

const [OLD, NEW, WRONG] = ['o', 'n', 'w'].map((letter) => letter.repeat(32)) as [string, string, string];

let stage: Stage;
afterEach(() => stage.end());

const caller = (orderNum: number, term = 1, client = 'shop/0a1b'): NestedCaller =>
  ({ client, term, id: { orderNum, index: 0 }, settledUpTo: 0 }) as unknown as NestedCaller;

/** Calls as a group's primary does, which may prove that it knows a secret. */
function callAs(node: Node, id: string, named: NestedCaller, secret?: string): Promise<Answer> {
  const proof = secret === undefined ? {} : { proof: callerProof(secret, 'counters', named) };
  return node.call(
    'Add',
    { id, by: 1 },
    { 'understudy-nested-bin': Buffer.from(encodeCaller({ ...named, ...proof })) },
  );
}

describe('the name of a calling group for which there is a secret', () => {
  it('may be used only by callers that know the secret', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1', { callerSecrets: { shop: OLD } });
    expect(await callAs(node, 'a', caller(3), OLD)).toEqual({ error: null, value: 1 });
    for (const secret of [undefined, WRONG]) {
      const { error } = await callAs(node, 'x', caller(4, Number.MAX_SAFE_INTEGER), secret);
      expect(error).toMatchObject({ code: 7, details: expect.stringContaining('UNDERSTUDY_NOT_OWNER') });
    }
    // The proof of one call is none for another.
    const proof = callerProof(OLD, 'counters', caller(3));
    const moved = Buffer.from(encodeCaller({ ...caller(5), proof }));
    expect((await node.call('Add', { id: 'x', by: 1 }, { 'understudy-nested-bin': moved })).error?.code).toBe(7);
    // The successor of the group's primary sends its call again.
    expect(await callAs(node, 'a', caller(3, 2), OLD)).toEqual({ error: null, value: 1 });
    expect(node.counter.ids).toEqual(['a']);
  });

  it('has two secrets while one is renewed', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.start('r1', { callerSecrets: { shop: [OLD, NEW] } });
    expect(await callAs(node, 'a', caller(3), OLD)).toEqual({ error: null, value: 1 });
    expect(await callAs(node, 'b', caller(4), NEW)).toEqual({ error: null, value: 2 });
    expect((await callAs(node, 'c', caller(5), WRONG)).error?.code).toBe(7);
  });

  it.each([[''], ['too short'], [[]]])('is not guarded by %j, and the replica is not made', async (secret) => {
    stage = new Stage(memoryCoordinator());
    await expect(stage.start('r1', { callerSecrets: { shop: secret as string } })).rejects.toThrow(
      'UNDERSTUDY_SETUP: callerSecrets of "shop" must be texts of at least 32 characters',
    );
  });
});

it('a group without a secret may use its name as before', async () => {
  stage = new Stage(memoryCoordinator());
  const node = await stage.start('r1', { callerSecrets: { shop: OLD } });
  expect(await callAs(node, 'a', caller(3, 1, 'other/1'))).toEqual({ error: null, value: 1 });
});
