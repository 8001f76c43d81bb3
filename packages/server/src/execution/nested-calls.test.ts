import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { expectCalls } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import { type NestedId, type Reply, STREAMED, WAITS } from '@understudy/core/internal';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { CONNECTION, LoneExecutor } from '../testing/lone-executor.js';
import { OtherService, said, textOf } from '../testing/other-service.js';
import type { TextCall } from '../testing/text-call.js';

expectCalls();

const id = (orderNum: number, index = 0): NestedId => ({ orderNum: orderNum as OrderNum, index });

let other: OtherService;
let state: string[];
let wake: () => void;
let awake: Promise<void>;
beforeEach(() => {
  other = new OtherService();
  state = [];
  awake = new Promise((resolve) => {
    wake = resolve;
  });
});

const handlers: UntypedServiceImplementation = {
  add: (call: TextCall, callback: Callback) => {
    state.push(call.request.text ?? '');
    callback(null, state.length);
  },
  ask: async (call: TextCall, callback: Callback) => {
    const answer = await other.ask(call.request.text ?? 'a');
    state.push(answer);
    callback(null, answer);
  },
  askTwice: async (_call: TextCall, callback: Callback) => {
    const first = await other.ask('first');
    callback(null, `${first}, ${await other.ask('second')}`);
  },
  askBoth: async (_call: TextCall, callback: Callback) =>
    callback(null, (await Promise.all([other.ask('one'), other.ask('two')])).join()),
  note: (_call: TextCall, callback: Callback) => {
    callback(null, 'noted');
    other.call('n', (outcome) => {
      state.push(textOf(outcome));
      other.call('more', (more) => state.push(textOf(more)));
    });
  },
  noteLater: async (_call: TextCall, callback: Callback) => {
    callback(null, 'noted');
    await null;
    other.call('n', (outcome) => state.push(textOf(outcome)));
  },
  refuse: async (_call: TextCall, callback: Callback) => callback({ code: 5, details: await other.ask('a') }),
  reject: async () => {
    await other.ask('a');
    throw new Error('secret');
  },
  throwWhenTold: () => {
    other.call('a', () => {
      throw new Error('secret');
    });
  },
  sleep: async (_call: TextCall, callback: Callback) => {
    await awake;
    callback(null, 'awake');
  },
  sleepThenAsk: async (_call: TextCall, callback: Callback) => {
    await awake;
    callback(null, await other.ask('a'));
  },
  askThenSleep: async (_call: TextCall, callback: Callback) => {
    await other.ask('a');
    await awake;
    callback(null, 'awake');
  },
  askAndSleep: async (_call: TextCall, callback: Callback) => {
    other.call('a', () => {});
    await awake;
    callback(null, 'awake');
  },
  wake: (_call: TextCall, callback: Callback) => {
    wake();
    callback(null, 'woken');
  },
  wakeAndHang: () => wake(),
  crowd: (_call: TextCall, callback: Callback) => {
    let open = 4096;
    for (let i = 0; i < 4096; i++) other.call(`${i}`, () => open--);
    other.call('one too many', ({ details, code }) => callback(null, { details, code, open }));
  },
};

const alone = (): LoneExecutor => new LoneExecutor(handlers);
const json = (value: unknown): Reply => ({
  kind: 'reply',
  code: 0,
  details: 'OK',
  initialMetadata: [],
  message: Buffer.from(JSON.stringify(value)),
});
const finishedAt = (seqNum: number, outcome: Reply) => [{ connection: CONNECTION, seqNum, outcome }];

describe('a handler that calls another service', () => {
  it('waits, and ends in the step of the reply', async () => {
    const executor = alone();
    expect(await executor.call('ask')).toMatchObject({ outcome: WAITS, finished: [] });
    expect(executor.events[0]).toEqual({ kind: 'nestedCall', id: id(1) });
    const step = await executor.reply(id(1), said('yes'));
    expect(step).toMatchObject({ outcome: STREAMED, finished: finishedAt(1, json('yes')) });
    expect(state).toEqual(['yes']);
  });

  it('lets other messages be processed while it waits', async () => {
    const executor = alone();
    await executor.call('ask');
    expect(await executor.call('add', { text: 'between' })).toMatchObject({ outcome: json(1), finished: [] });
    await executor.reply(id(1), said('yes'));
    expect(state).toEqual(['between', 'yes']);
  });

  it('gets the replies to two calls in the order in which they are processed', async () => {
    const executor = alone();
    await executor.call('askBoth');
    expect(executor.all('nestedCall').map((event) => event.id)).toEqual([id(1, 0), id(1, 1)]);
    expect((await executor.reply(id(1, 1), said('2'))).finished).toEqual([]);
    expect((await executor.reply(id(1, 0), said('1'))).finished).toEqual(finishedAt(1, json('1,2')));
  });

  it('makes its second call in the step of the reply to the first', async () => {
    const executor = alone();
    await executor.call('askTwice');
    await executor.call('add');
    expect(await executor.reply(id(1), said('1'))).toMatchObject({ outcome: STREAMED, finished: [] });
    expect(executor.all('nestedCall')[1]).toEqual({ kind: 'nestedCall', id: id(3) });
    expect((await executor.reply(id(3), said('2'))).finished).toEqual(finishedAt(1, json('1, 2')));
  });

  it('may end before the reply comes, and its callback goes on in a step of its own', async () => {
    const executor = alone();
    expect(await executor.call('note')).toMatchObject({ outcome: json('noted'), finished: [] });
    expect(await executor.reply(id(1), said('yes'))).toMatchObject({ outcome: STREAMED, finished: [] });
    expect((await executor.reply(id(2), said('more'))).finished).toEqual([]);
    expect(state).toEqual(['yes', 'more']);
    expect(executor.activity.running).toBe(0);
  });

  it('may make calls after it has answered, as long as it is not at rest', async () => {
    const executor = alone();
    expect(await executor.call('noteLater')).toMatchObject({ outcome: json('noted') });
    expect(executor.events.map(({ kind }) => kind)).toEqual(['nestedCall', 'executed']);
    await executor.reply(id(1), said('yes'));
    expect(state).toEqual(['yes']);
  });

  it.each([
    ['refuse', { kind: 'reply' as const, code: 5, details: 'no' }],
    ['reject', { kind: 'reply' as const, code: 2, details: 'Unknown error' }],
    ['throwWhenTold', { kind: 'reply' as const, code: 2, details: 'Unknown error' }],
  ])('fails as any other handler after its reply: %s', async (name, outcome) => {
    const executor = alone();
    await executor.call(name);
    expect((await executor.reply(id(1), said('no'))).finished).toEqual(finishedAt(1, outcome));
    expect(executor.logged).toEqual(name === 'refuse' ? [] : ['a handler failed']);
  });

  it('gets the error that was the reply', async () => {
    const executor = alone();
    await executor.call('ask');
    await executor.reply(id(1), { kind: 'reply', code: 14, details: 'not there' });
    expect(state).toEqual(['not there']);
  });
});

describe('a handler that awaits something other than a reply', () => {
  it('is waited for, and makes its call in the same step', async () => {
    const executor = alone();
    const step = executor.call('sleepThenAsk');
    await new Promise(setImmediate);
    expect(executor.events).toEqual([]);
    wake();
    expect((await step).outcome).toBe(WAITS);
    expect(executor.all('nestedCall')).toEqual([{ kind: 'nestedCall', id: id(1) }]);
  });

  it('is waited for in the step of a reply', async () => {
    const executor = alone();
    await executor.call('askThenSleep');
    const step = executor.reply(id(1), said('yes'));
    await new Promise(setImmediate);
    expect(executor.all('executed')).toHaveLength(1);
    wake();
    expect((await step).finished).toEqual(finishedAt(1, json('awake')));
  });

  it('finishes in the step of another handler that wakes it, if it awaits a reply as well', async () => {
    const executor = alone();
    expect((await executor.call('askAndSleep')).outcome).toBe(WAITS);
    expect(await executor.call('wake')).toMatchObject({
      outcome: json('woken'),
      finished: finishedAt(1, json('awake')),
    });
  });

  it('ends late if it awaits a reply as well and goes on by itself', async () => {
    const executor = alone();
    await executor.call('askAndSleep');
    wake();
    const [finished] = finishedAt(1, json('awake'));
    expect(await executor.next('lateEnd')).toEqual({ kind: 'lateEnd', finished });
    expect(await executor.reply(id(1), said('yes'))).toMatchObject({ finished: [] });
    expect(executor.activity.running).toBe(0);
  });
});

describe('a group that has as many open nested calls as its limit', () => {
  it('refuses one more, in the same step', async () => {
    const executor = alone();
    const { outcome } = await executor.call('crowd');
    expect(JSON.parse(textOf(outcome))).toEqual({
      code: 8,
      details: expect.stringContaining('UNDERSTUDY_OVERLOADED: '),
      open: 4096,
    });
    expect(executor.all('nestedCall')).toHaveLength(4096);
  });
});

describe('a handler that was given up', () => {
  it('makes no more calls, not even when another message wakes it', async () => {
    const executor = alone();
    void executor.call('sleepThenAsk');
    executor.abandon();
    expect(await executor.call('wake')).toMatchObject({ outcome: json('woken'), finished: [] });
    // The handler's own order has an end already, so this end is for nobody.
    const { finished } = await executor.next('lateEnd');
    expect(textOf(finished.outcome)).toContain('UNDERSTUDY_OUT_OF_ORDER');
    expect(executor.all('nestedCall')).toEqual([]);
    expect(executor.activity.running).toBe(0);
  });

  it('ends late if it was given up in the step of a reply, even while another message is processed', async () => {
    const executor = alone();
    await executor.call('askThenSleep');
    void executor.reply(id(1), said('yes'));
    await new Promise(setImmediate);
    executor.abandon();
    expect(await executor.call('wake')).toMatchObject({ outcome: json('woken'), finished: [] });
    expect((await executor.next('lateEnd')).finished).toEqual(finishedAt(1, json('awake'))[0]);
  });

  it('does not swallow the ends of other handlers', async () => {
    const executor = alone();
    await executor.call('askAndSleep');
    void executor.call('wakeAndHang');
    await new Promise(setImmediate);
    expect(executor.all('lateEnd')).toEqual([]);
    executor.abandon();
    expect((await executor.next('lateEnd')).finished).toEqual(finishedAt(1, json('awake'))[0]);
  });
});
