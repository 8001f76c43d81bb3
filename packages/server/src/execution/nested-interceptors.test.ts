import {
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { currentHandling, expectCalls } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import { type NestedId, STREAMED, WAITS } from '@understudy/core/internal';
import { beforeEach, describe, expect, it } from 'vitest';
import { listening } from '../testing/comparison/interceptors.js';
import { LoneExecutor } from '../testing/lone-executor.js';
import { OtherService, said, textOf } from '../testing/other-service.js';

expectCalls();

const FIRST: NestedId = { orderNum: 1 as OrderNum, index: 0 };

let other: OtherService;
/** The outcomes of handlers that interceptors hold. */
let held: (() => void)[];
let log: unknown[];
beforeEach(() => {
  other = new OtherService();
  held = [];
  log = [];
});

/** An interceptor that holds every reply, and adds an exclamation mark when it is let go. */
const exclaiming: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    sendMessage: (message, next) => {
      log.push(['passes', message, currentHandling() === undefined]);
      held.push(() => next(`${message}!`));
    },
  });

let wake: () => void;
const handlers: UntypedServiceImplementation = {
  ask: async (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) =>
    callback(null, await other.ask('a')),
  askAndSleep: (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    other.call('a', () => {});
    wake = () => callback(null, 'awake');
  },
  wakeAndAsk: (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    wake();
    other.call('a', () => {});
    wake = () => callback(null, 'awake, too');
  },
};

const passing = async (): Promise<void> => {
  while (held.length === 0) await new Promise(setImmediate);
};
const letGo = (): void => {
  for (const go of held.splice(0)) go();
};

describe('interceptors of the primary', () => {
  it('see the end of a handler that had waited, before its step is over', async () => {
    const executor = new LoneExecutor(handlers, { interceptors: [exclaiming] });
    await executor.admit('ask', 1);
    expect((await executor.call('ask', {}, 1)).outcome).toBe(WAITS);
    const step = executor.reply(FIRST, said('yes'));
    await passing();
    await new Promise(setImmediate);
    expect(log).toEqual([['passes', 'yes', true]]);
    expect(executor.all('executed')).toHaveLength(1);
    letGo();
    const { outcome, finished } = await step;
    expect(outcome).toBe(STREAMED);
    expect(finished?.map((ended) => textOf(ended.outcome))).toEqual(['"yes!"']);
  });

  it('change what is sent but not the digest', async () => {
    const executor = new LoneExecutor(handlers, { interceptors: [exclaiming] });
    await executor.admit('ask', 1);
    await executor.call('ask', {}, 1);
    const step = executor.reply(FIRST, said('yes'));
    await passing();
    letGo();
    const backup = new LoneExecutor(handlers);
    await backup.call('ask');
    expect((await step).digest).toBe((await backup.reply(FIRST, said('yes'))).digest);
  });

  it('see the end of a handler that went on by itself', async () => {
    const executor = new LoneExecutor(handlers, { interceptors: [exclaiming] });
    await executor.admit('askAndSleep', 1);
    await executor.call('askAndSleep', {}, 1);
    wake();
    await passing();
    letGo();
    expect(textOf((await executor.next('lateEnd')).finished.outcome)).toBe('"awake!"');
  });

  it('may hold the end of one step while another handler ends, which is then told with that step', async () => {
    const executor = new LoneExecutor(handlers, { interceptors: [exclaiming] });
    await executor.call('askAndSleep');
    await executor.admit('ask', 1);
    await executor.call('ask', {}, 1);
    const second: NestedId = { orderNum: 2 as OrderNum, index: 0 };
    const step = executor.reply(second, said('yes'));
    await passing();
    await new Promise(setImmediate);
    wake();
    letGo();
    expect((await step).finished?.map((ended) => textOf(ended.outcome))).toEqual(['"yes!"', '"awake"']);
    expect(executor.all('lateEnd')).toEqual([]);
  });

  it('may hold the end of a waiting handler in the step of another, while that other ends too', async () => {
    const executor = new LoneExecutor(handlers, { interceptors: [exclaiming] });
    await executor.admit('askAndSleep', 1);
    await executor.call('askAndSleep', {}, 1);
    const step = executor.call('wakeAndAsk');
    await passing();
    await new Promise(setImmediate);
    wake();
    letGo();
    const { outcome, finished } = await step;
    expect(outcome).toBe(WAITS);
    expect(finished?.map((ended) => textOf(ended.outcome))).toEqual(['"awake!"', '"awake, too"']);
  });

  it('still decide what is sent when the step of a handler that had waited was given up', async () => {
    const executor = new LoneExecutor(handlers, { interceptors: [exclaiming] });
    await executor.admit('ask', 1);
    await executor.call('ask', {}, 1);
    void executor.reply(FIRST, said('yes'));
    await passing();
    executor.abandon();
    expect(executor.all('lateEnd')).toEqual([]);
    letGo();
    expect(textOf((await executor.next('lateEnd')).finished.outcome)).toBe('"yes!"');
    expect(executor.all('executed')).toHaveLength(1);
  });

  it('hear of the end of a call that is answered without its handler', async () => {
    const onCancel = new Promise<void>((resolve) => {
      const executor = new LoneExecutor(handlers, { interceptors: [listening({ onCancel: resolve })] });
      void executor.admit('ask', 1).then(() => executor.dropAdmission(1));
    });
    await onCancel;
  });
});
