import type { ServerDuplexStream, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { expectCalls, realImmediate, realTimeout, stepRandom, stepTime, wallMs } from '@understudy/context';
import type { OrderNum } from '@understudy/core';
import { type NestedId, replyOf, type SeqNum } from '@understudy/core/internal';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { installGlobals } from '../determinism/install.js';
import { type EventOf, LoneExecutor, timeOf } from '../testing/lone-executor.js';
import { OtherService, said } from '../testing/other-service.js';

installGlobals();

type Unary = ServerUnaryCall<unknown, unknown>;
type Duplex = ServerDuplexStream<string, unknown>;

const STREAM = 1 as SeqNum;
const message = (position: number) => ({ kind: 'message', of: STREAM, position }) as const;
const id = (orderNum: number): NestedId => ({ orderNum: orderNum as OrderNum, index: 0 });
/** Something that has no place in the order. */
const afterIo = () => new Promise<void>((resolve) => realTimeout(resolve, 1));
const seen = () => ({ at: Date.now(), drawn: Math.random() });
type Seen = ReturnType<typeof seen>;

let other: OtherService;
let streams: Duplex[];
let behind: Promise<Seen>[];
beforeEach(() => {
  other = new OtherService();
  streams = [];
  behind = [];
});

const unary: UntypedServiceImplementation = {
  look: (_call: Unary, callback: Callback) => callback(null, [seen(), seen()]),
  lookAsync: async (_call: Unary, callback: Callback) => {
    const first = seen();
    await afterIo();
    callback(null, [first, seen()]);
    behind.push(Promise.resolve(seen()), Promise.resolve().then(seen));
    behind.push(new Promise((resolve) => realTimeout(() => realImmediate(() => resolve(seen())), 1)));
  },
  api: (_call: Unary, callback: Callback) => callback(null, [{ at: stepTime(), drawn: stepRandom() }]),
  ask: async (_call: Unary, callback: Callback) => {
    const first = seen();
    await other.ask('x');
    callback(null, [first, seen()]);
  },
  /** Draws in the step of its own message, through a streaming handler. */
  publish: (_call: Unary, callback: Callback) => {
    for (const stream of streams) stream.emit('asked');
    callback(null, [seen()]);
  },
};
const streaming: UntypedServiceImplementation = {
  echo: (call: Duplex) => {
    streams.push(call);
    call.on('asked', () => call.write(seen()));
    call.on('data', () => call.write(seen()));
  },
  /** Goes on by itself when its step is long over. */
  late: (call: Duplex) => {
    call.on('data', () => realTimeout(() => realImmediate(() => call.write(seen())), 1));
  },
};

const alone = (): LoneExecutor => new LoneExecutor(unary, { streaming });

const parsed = (bytes: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(bytes ?? []).toString());
const valuesOf = ({ outcome, finished = [] }: EventOf<'executed'>): Seen[] =>
  parsed(replyOf(finished[0]?.outcome ?? outcome).message) as Seen[];
const itemsOf = ({ outputs = [] }: EventOf<'executed'>): Seen[] =>
  outputs.flatMap(({ item }) => (item.kind === 'message' ? [parsed(item.message) as Seen] : []));
const times = (values: readonly Seen[]): number[] => values.map(({ at }) => at);
const draws = (values: readonly Seen[]): number[] => values.map(({ drawn }) => drawn);

/** A handler that may call no other service is run in a simpler way, so these come first. */
describe.each(['by themselves', 'in steps that others may take part in'])('unary handlers, run %s', (way) => {
  beforeEach(() => {
    if (way !== 'by themselves') expectCalls();
  });

  it('see the time of their order, and each has its own randomness', async () => {
    const executor = alone();
    const [first, second] = [valuesOf(await executor.call('look')), valuesOf(await executor.call('look'))];
    expect([...times(first), ...times(second)]).toEqual([timeOf(1), timeOf(1), timeOf(2), timeOf(2)]);
    expect(new Set([...draws(first), ...draws(second)]).size).toBe(4);
  });

  it('come to the same on every replica', async () => {
    const [one, another] = [alone(), alone()];
    for (const name of ['look', 'lookAsync', 'api']) {
      expect(valuesOf(await one.call(name))).toEqual(valuesOf(await another.call(name)));
    }
  });

  it('see that time after a wait and after their reply, until their step is over', async () => {
    const [first, second] = valuesOf(await alone().call('lookAsync'));
    const [atOnce, inTick, later] = await Promise.all(behind);
    for (const one of [first, second, atOnce, inTick]) expect(one?.at).toBe(timeOf(1));
    expect(later?.at).toBeGreaterThan(timeOf(1_000_000));
  });

  it('see the real clock when they read', async () => {
    const before = wallMs();
    const executor = alone();
    const [first] = valuesOf(await executor.read('look'));
    expect(first?.at).toBeGreaterThanOrEqual(before);
  });
});

describe('a handler that waits for a reply', () => {
  it('sees the time of the reply afterwards, and goes on in its own randomness', async () => {
    const executor = alone();
    await executor.call('ask');
    await executor.call('look');
    const [first, second] = valuesOf(await executor.reply(id(1), said('yes')));
    expect([first?.at, second?.at]).toEqual([timeOf(1), timeOf(3)]);
    // The same two draws as of a handler that does not wait: nothing that happens meanwhile shifts them.
    expect(draws([first, second] as Seen[])).toEqual(draws(valuesOf(await alone().call('look'))));
  });
});

describe('a streaming handler', () => {
  it('sees the time of each message in turn', async () => {
    const executor = alone();
    await executor.part('echo', { kind: 'open' });
    const items = [
      ...itemsOf(await executor.part('echo', message(1), 'x')),
      ...itemsOf(await executor.part('echo', message(2), 'y')),
    ];
    expect(times(items)).toEqual([timeOf(2), timeOf(3)]);
    expect(new Set(draws(items)).size).toBe(2);
  });

  it('sees the time of the step in which another handler wakes it', async () => {
    const executor = alone();
    await executor.part('echo', { kind: 'open' });
    expect(times(itemsOf(await executor.call('publish')))).toEqual([timeOf(2)]);
  });

  it('sees the real clock between steps', async () => {
    const executor = alone();
    await executor.part('late', { kind: 'open' });
    await executor.part('late', message(1), 'x');
    const { output } = await executor.next('lateItem', (event) => event.output.item.kind === 'message');
    const { at } = parsed((output.item as { readonly message: Uint8Array }).message) as Seen;
    expect(at).toBeGreaterThan(timeOf(1_000_000));
  });
});
