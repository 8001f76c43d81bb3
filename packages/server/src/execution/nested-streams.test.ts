import type { ServerDuplexStream, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { expectCalls } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import { type NestedId, replyOf, type SeqNum, STREAMED, type StreamOutput, WAITS } from '@understudy/core/internal';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { type EventOf, LoneExecutor } from '../testing/lone-executor.js';
import { OtherService, said, textOf } from '../testing/other-service.js';

expectCalls();

type Duplex = ServerDuplexStream<string, unknown>;

const id = (orderNum: number, index = 0): NestedId => ({ orderNum: orderNum as OrderNum, index });
const STREAM = 1 as SeqNum;
const message = (position: number) => ({ kind: 'message', of: STREAM, position }) as const;

let other: OtherService;
let told: string[];
let streams: Duplex[];
beforeEach(() => {
  other = new OtherService();
  told = [];
  streams = [];
});

const streaming: UntypedServiceImplementation = {
  /** Answers each message with what the other service says to it. */
  relay: async (call: Duplex) => {
    for await (const text of call) call.write(await other.ask(String(text)));
    call.end();
  },
  /** Does the same without waiting for one answer before the next question. */
  relayAll: (call: Duplex) => {
    call.on('data', (text) =>
      other.call(String(text), (outcome) => {
        told.push(textOf(outcome));
        call.write(textOf(outcome));
      }),
    );
  },
  failing: (call: Duplex) => {
    other.call('a', () => {
      throw new Error('secret');
    });
    call.resume();
  },
  listen: (call: Duplex) => {
    streams.push(call);
    call.resume();
  },
};
const unary: UntypedServiceImplementation = {
  hang: () => {},
  publish: async (_call: ServerUnaryCall<unknown, unknown>, callback: Callback) => {
    for (const stream of streams) stream.write('asks');
    const answer = await other.ask('a');
    for (const stream of streams) stream.write(answer);
    callback(null, answer);
  },
};

const alone = (): LoneExecutor => new LoneExecutor(unary, { streaming });

/** The messages among what streaming handlers sent in a step, and the codes of their ends. */
const sentIn = ({ outputs = [] }: EventOf<'executed'>): unknown[] =>
  outputs.flatMap(({ item }: StreamOutput) => {
    if (item.kind === 'message') return [JSON.parse(Buffer.from(item.message).toString())];
    return item.kind === 'status' ? [replyOf(item.outcome).code] : [];
  });

describe('a streaming handler that calls another service', () => {
  it('makes its call in the step of a message, and goes on in the step of the reply', async () => {
    const executor = alone();
    await executor.part('relay', { kind: 'open' });
    const asking = await executor.part('relay', message(1), 'x');
    expect(asking.outcome).toBe(STREAMED);
    expect(sentIn(asking)).toEqual([]);
    expect(executor.all('nestedCall').map((event) => event.id)).toEqual([id(2)]);
    const told = await executor.reply(id(2), said('to x'));
    expect(told.outcome).toBe(STREAMED);
    expect(sentIn(told)).toEqual(['to x']);
  });

  it('takes the next message of its client while it waits for a reply', async () => {
    const executor = alone();
    await executor.part('relayAll', { kind: 'open' });
    await executor.part('relayAll', message(1), 'x');
    await executor.part('relayAll', message(2), 'y');
    expect(executor.all('nestedCall').map((event) => event.id)).toEqual([id(2), id(3)]);
    expect(sentIn(await executor.reply(id(3), said('to y')))).toEqual(['to y']);
    expect(sentIn(await executor.reply(id(2), said('to x')))).toEqual(['to x']);
  });

  it('ends as one that throws if it throws when it is given a reply', async () => {
    const executor = alone();
    await executor.part('failing', { kind: 'open' });
    expect(sentIn(await executor.reply(id(1), said('yes')))).toEqual([2]);
    expect(executor.logged).toEqual(['a handler failed']);
  });

  it('gets the reply even after its client has cancelled, and sends nothing more', async () => {
    const executor = alone();
    await executor.part('failing', { kind: 'open' });
    await executor.part('failing', { kind: 'cancel', of: STREAM });
    expect(sentIn(await executor.reply(id(1), said('yes')))).toEqual([]);
    expect(executor.logged).toEqual(['a handler failed']);
  });

  it('ends with INDETERMINATE if its life ends while it waits', async () => {
    const executor = alone();
    await executor.part('relayAll', { kind: 'open' });
    await executor.part('relayAll', message(1), 'x');
    executor.close();
    expect(await executor.activity.idle(10_000)).toBe(0);
    expect(told).toEqual([expect.stringContaining('UNDERSTUDY_INDETERMINATE: ')]);
  });
});

describe('what a unary handler sends on streams', () => {
  it('belongs to the step in which it is sent, before and after the handler gets its reply', async () => {
    const executor = alone();
    await executor.part('listen', { kind: 'open' });
    const asking = await executor.call('publish');
    expect(asking.outcome).toBe(WAITS);
    expect(sentIn(asking)).toEqual(['asks']);
    const told = await executor.reply(id(2), said('yes'));
    expect(sentIn(told)).toEqual(['yes']);
    expect(told.finished).toHaveLength(1);
    expect(executor.all('lateItem')).toEqual([]);
  });

  it("is late once the handler's message was given up", async () => {
    const executor = alone();
    await executor.part('listen', { kind: 'open' });
    void executor.call('hang');
    executor.abandon();
    for (const stream of streams) stream.write('late');
    const { output } = await executor.next('lateItem', (event) => event.output.item.kind === 'message');
    expect(output.stream).toBe(STREAM);
  });
});
