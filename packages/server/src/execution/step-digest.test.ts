import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { expectCalls } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import { type NestedId, STREAMED, WAITS } from '@understudy/core/internal';
import { outcomeDigest } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { LoneExecutor } from '../testing/lone-executor.js';
import { OtherService, said } from '../testing/other-service.js';
import type { TextCall } from '../testing/text-call.js';

expectCalls();

const id = (orderNum: number, index = 0): NestedId => ({ orderNum: orderNum as OrderNum, index });
const other = new OtherService();

const handlers: UntypedServiceImplementation = {
  tell: (_call: TextCall, callback: Callback) => callback(null, 1),
  ask: async (call: TextCall, callback: Callback) => callback(null, await other.ask(call.request.text ?? 'a')),
  askAround: (_call: TextCall, callback: Callback) => {
    const around = (then: () => void): void => {
      process.nextTick(() => other.call('in a tick', then));
      queueMicrotask(() => other.call('in a microtask', () => {}));
    };
    around(() => around(() => {}));
    callback(null, 'around');
  },
};

describe('the digest of a step', () => {
  const digests = async (run: (executor: LoneExecutor) => Promise<unknown>): Promise<number[]> => {
    const executor = new LoneExecutor(handlers);
    await run(executor);
    return executor.all('executed').map(({ digest }) => digest);
  };

  it('is the digest of the outcome if the handler made no calls and no other handler ended', async () => {
    const executor = new LoneExecutor(handlers);
    const { outcome, digest } = await executor.call('tell');
    expect(digest).toBe(outcomeDigest(outcome));
  });

  it('is equal for equal calls and ends, and differs for others', async () => {
    const asking = (text: string, answer: string) => async (executor: LoneExecutor) => {
      await executor.call('ask', { text });
      await executor.reply(id(1), said(answer));
    };
    const [asked, ended] = await digests(asking('a', 'yes'));
    expect(await digests(asking('a', 'yes'))).toEqual([asked, ended]);
    expect((await digests(asking('b', 'yes')))[0]).not.toBe(asked);
    expect((await digests(asking('a', 'no')))[1]).not.toBe(ended);
    expect([outcomeDigest(WAITS), outcomeDigest(STREAMED)]).not.toContain(asked);
  });

  it.each<[string, (act: () => void) => void]>([
    ['a tick', (act) => process.nextTick(act)],
    ['a microtask', queueMicrotask],
    ['a tick of a microtask', (act) => queueMicrotask(() => process.nextTick(act))],
    ['a microtask of a tick', (act) => process.nextTick(() => queueMicrotask(act))],
    ['an immediate', (act) => setImmediate(act)],
  ])('is the same if its message came in %s', async (_what, later) => {
    const asked = (from: (act: () => void) => void) =>
      digests(async (executor) => {
        await new Promise((resolve) => from(() => executor.call('askAround').then(resolve)));
        for (const index of [0, 1])
          await new Promise((resolve) => from(() => executor.reply(id(1, index), said('yes')).then(resolve)));
      });
    expect(await asked(later)).toEqual(await asked((act) => act()));
  });

  it('equals no other replica’s if a reply came to a call that no handler here has made', async () => {
    const executor = new LoneExecutor(handlers);
    const { outcome, digest } = await executor.reply(id(7), said('yes'));
    expect(outcome).toBe(STREAMED);
    expect(digest).not.toBe(outcomeDigest(STREAMED));
    expect(executor.logged).toEqual(['a reply came to a call that no handler here has made']);
  });
});
