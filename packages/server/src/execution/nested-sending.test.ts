import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { currentHandling, expectCalls, type NestedCallHandle, type SendNested } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import { type NestedId, type Reply, WAITS } from '@understudy/core/internal';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { LoneExecutor } from '../testing/lone-executor.js';
import { OtherService, said, textOf } from '../testing/other-service.js';
import type { TextCall } from '../testing/text-call.js';

expectCalls();

const FIRST: NestedId = { orderNum: 1 as OrderNum, index: 0 };
const CANCELLED = { kind: 'reply' as const, code: 1, details: 'Cancelled on client' };

let other: OtherService;
let told: Reply[];
/** How many handlers were started. */
let begun: number;
/** The call that a handler made last. */
let call: NestedCallHandle;
/** Continues what an earlier handler began. */
let later: () => void;
beforeEach(() => {
  other = new OtherService();
  told = [];
  begun = 0;
});

const ask = (send?: SendNested): Promise<void> =>
  new Promise((resolve) => {
    call = other.call(
      'a',
      (outcome) => {
        told.push(outcome);
        resolve();
      },
      send,
    );
  });

const handlers: UntypedServiceImplementation = {
  ask: async (_call: TextCall, callback: Callback) => {
    begun++;
    await ask();
    callback(null, 'told');
  },
  cancel: async (_call: TextCall, callback: Callback) => {
    const asked = ask();
    call.cancel();
    await asked;
    callback(null, 'told');
  },
  askTwice: async (_call: TextCall, callback: Callback) => {
    await Promise.all([ask(), ask()]);
    callback(null, 'told');
  },
  failing: async (_call: TextCall, callback: Callback) => {
    await ask(() => {
      throw new Error('no such host');
    });
    callback(null, 'told');
  },
  askAndCancel: async (_call: TextCall, callback: Callback) => {
    const asked = ask();
    later = () => call.cancel();
    await asked;
    callback(null, 'told');
  },
  cancelTheOther: (_call: TextCall, callback: Callback) => {
    later();
    callback(null, 'cancelled');
  },
  end: (_call: TextCall, callback: Callback) => {
    callback(null, 'ended');
    const heard = new Promise<void>((resolve) => {
      later = resolve;
    });
    void heard.then(() => ask());
  },
  wakeTheEnded: (_call: TextCall, callback: Callback) => {
    later();
    callback(null, 'woken');
  },
  nests: (_call: TextCall, callback: Callback) => callback(null, currentHandling() !== undefined),
};

const alone = (): LoneExecutor => new LoneExecutor(handlers);

describe('a nested call', () => {
  it('leaves when the core says so, under its name, and outside of any handling', async () => {
    const executor = alone();
    await executor.call('ask');
    expect(other.left).toEqual([]);
    const reply = executor.send(FIRST);
    expect(other.left).toMatchObject([{ caller: { client: 'lone/1', id: FIRST }, nests: false }]);
    other.left[0]?.done(said('yes'));
    expect(await reply).toEqual(said('yes'));
    // The call waits for its place in the order.
    expect(told).toEqual([]);
  });

  it('has one reply, whatever its client reports after that', async () => {
    const executor = alone();
    await executor.call('ask');
    const reply = executor.send(FIRST);
    other.left[0]?.done(said('yes'));
    other.left[0]?.done(said('no'));
    await reply;
    expect(executor.all('nestedReply')).toHaveLength(1);
  });

  it('is cancelled, whether sent or not, when the reply to another call of its handler is passed over', async () => {
    const executor = alone();
    await executor.call('askTwice');
    await executor.call('askTwice');
    await executor.call('ask');
    for (const [orderNum, first] of [
      [1, 1],
      [2, 0],
    ] as const) {
      const [dropped, left] = [first, 1 - first].map((index) => ({ orderNum: orderNum as OrderNum, index }));
      if (dropped === undefined || left === undefined) throw new Error('two calls were made');
      const isSent = orderNum === 1;
      const reply = isSent ? executor.send(left) : undefined;
      executor.dropNested(dropped);
      if (isSent) expect(other.left[0]?.cancelled).toBe(true);
      other.left[0]?.done(CANCELLED);
      expect(await (reply ?? executor.send(left))).toEqual(CANCELLED);
    }
    const another = executor.send({ orderNum: 3 as OrderNum, index: 0 });
    expect(other.left[1]?.cancelled).toBe(false);
    other.left[1]?.done(said('yes'));
    expect(await another).toEqual(said('yes'));
  });

  it('ends with the error that its client throws', async () => {
    const executor = alone();
    await executor.call('failing');
    expect(await executor.send(FIRST)).toEqual({ kind: 'reply', code: 13, details: 'no such host' });
  });

  it('does not leave if it was cancelled before', async () => {
    const executor = alone();
    expect((await executor.call('cancel')).outcome).toBe(WAITS);
    expect(await executor.send(FIRST)).toEqual(CANCELLED);
    expect(other.left).toEqual([]);
    // The handler hears of it in the order.
    expect(told).toEqual([]);
    await executor.reply(FIRST, CANCELLED);
    expect(told).toEqual([CANCELLED]);
  });

  it('is cancelled at its service if its handler cancels it later, and ends with the status that comes of that', async () => {
    const executor = alone();
    await executor.call('askAndCancel');
    const reply = executor.send(FIRST);
    expect(other.left[0]?.cancelled).toBe(false);
    await executor.call('cancelTheOther');
    expect(other.left[0]).toMatchObject({ cancelled: true, nests: false });
    expect(executor.all('nestedReply')).toEqual([]);
    other.left[0]?.done(CANCELLED);
    expect(await reply).toEqual(CANCELLED);
  });

  it('is not cancelled once it has its reply', async () => {
    const executor = alone();
    await executor.call('ask');
    const reply = executor.send(FIRST);
    other.left[0]?.done(said('yes'));
    await reply;
    call.cancel();
    expect(other.left[0]?.cancelled).toBe(false);
  });
});

describe('a call that a handler makes after its end', () => {
  const refused = (outcome: Reply | undefined) => {
    expect(outcome).toMatchObject({
      code: 9,
      details: expect.stringContaining('UNDERSTUDY_OUT_OF_ORDER: '),
      trailers: [
        ['understudy-code', 'UNDERSTUDY_OUT_OF_ORDER'],
        ['understudy-may-have-taken-effect', 'false'],
      ],
    });
  };

  it('is refused while nothing is processed', async () => {
    const executor = alone();
    await executor.call('end');
    later();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    refused(told[0]);
    expect(executor.all('nestedCall')).toEqual([]);
  });

  it('is refused while another message is processed, which would give it a place by accident', async () => {
    const executor = alone();
    await executor.call('end');
    expect((await executor.call('wakeTheEnded')).outcome).toMatchObject({ code: 0 });
    await new Promise(setImmediate);
    refused(told[0]);
    expect(executor.all('nestedCall')).toEqual([]);
  });
});

describe('a read', () => {
  it('runs in no handler whose calls have a place in the order', async () => {
    const executor = alone();
    expect(textOf((await executor.read('nests')).outcome)).toBe('false');
    expect(textOf((await executor.call('nests')).outcome)).toBe('true');
    await executor.call('ask');
    expect(textOf((await executor.read('nests')).outcome)).toBe('false');
  });
});

describe('the end of a life', () => {
  it('ends waiting handlers without a word to anybody', async () => {
    const executor = alone();
    await executor.call('ask');
    void executor.send(FIRST);
    const before = executor.events.length;
    const idle = executor.activity.idle(10_000);
    expect(executor.activity.running).toBe(1);
    executor.close();
    expect(await idle).toBe(0);
    expect(other.left[0]?.cancelled).toBe(true);
    expect(told).toMatchObject([{ code: 14, details: expect.stringContaining('UNDERSTUDY_INDETERMINATE: ') }]);
    other.left[0]?.done(said('too late'));
    await new Promise(setImmediate);
    expect(executor.events).toHaveLength(before);
    expect(told).toHaveLength(1);
  });

  it('lets a handler go on that has just got its reply, and counts it as running until it has ended', async () => {
    const executor = alone();
    await executor.call('ask');
    void executor.reply(FIRST, said('yes'));
    executor.close();
    expect(await executor.activity.idle(10_000)).toBe(0);
    expect(told).toEqual([said('yes')]);
  });

  it('keeps a handler from starting that was about to start', async () => {
    const executor = alone();
    void executor.call('ask');
    executor.close();
    expect(await executor.activity.idle(10_000)).toBe(0);
    await new Promise(setImmediate);
    expect(begun).toBe(0);
  });

  it('refuses the calls that handlers make after it', async () => {
    const executor = alone();
    await executor.call('end');
    executor.close();
    later();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(told).toMatchObject([{ code: 9 }]);
  });
});
