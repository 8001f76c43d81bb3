import {
  STREAM_CREDIT_AT,
  STREAM_UNREAD_MAX,
  STREAM_WINDOW,
  STREAM_WINDOW_BYTES,
  type StreamItem,
} from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { got } from '../testing/comparison/journal.js';
import { jsonBytes } from '../testing/comparison/side-by-side.js';
import { OurStream, openStream } from '../testing/comparison/stream-ours.js';
import { PATH, type Scenario, type StreamHandler } from '../testing/comparison/streams.js';

const bytesOf = (message: unknown): Buffer => message as Buffer;
const raw: Scenario['definition'] = { responseSerialize: bytesOf, requestDeserialize: bytesOf };

const open = (handler: StreamHandler, more: Partial<Scenario> = {}): Promise<OurStream> =>
  openStream({ kind: 'bidi', handler, client: [{ write: 'request' }], ...more });

const only = <K extends StreamItem['kind']>(stream: OurStream, kind: K) =>
  stream.items.filter((item): item is Extract<StreamItem, { kind: K }> => item.kind === kind);

const windows = (stream: OurStream) => only(stream, 'window').map(({ upTo }) => upTo);

/** Sends messages regardless of the window. */
async function send(stream: OurStream, count: number, message: Uint8Array = jsonBytes('m')): Promise<void> {
  for (let i = 0; i < count; i++) await stream.step((execution) => execution.message(message));
}

describe('the window of a client', () => {
  it('grows by half windows, as the handler takes messages', async () => {
    const stream = await open((call) => call.resume());
    await send(stream, STREAM_CREDIT_AT - 1);
    expect(stream.items).toEqual([]);
    await send(stream, 1);
    expect(windows(stream)).toEqual([STREAM_CREDIT_AT]);
    await send(stream, STREAM_WINDOW);
    expect(windows(stream)).toEqual([1, 2, 3].map((half) => half * STREAM_CREDIT_AT));
  });

  it('does not grow while the handler takes none', async () => {
    let resume = () => {};
    const stream = await open((call) => {
      call.on('data', () => {});
      call.pause();
      resume = () => call.resume();
    });
    await send(stream, STREAM_WINDOW);
    expect(stream.items).toEqual([]);
    await stream.step(resume);
    expect(windows(stream)).toEqual([STREAM_CREDIT_AT, STREAM_WINDOW]);
  });

  it('counts what the handler took, not what its node stream holds ready', async () => {
    let take = (_count: number) => {};
    const stream = await open((call, log) => {
      take = (count) => {
        for (let i = 0; i < count; i++) log(call.read());
      };
    });
    await send(stream, STREAM_WINDOW);
    await stream.step(() => take(STREAM_CREDIT_AT - 1));
    expect(windows(stream)).toEqual([]);
    await stream.step(() => take(1));
    expect(windows(stream)).toEqual([STREAM_CREDIT_AT]);
    expect(stream.journal.handler).toEqual(Array(STREAM_CREDIT_AT).fill('m'));
  });

  it('follows a loop over the messages that takes its time', async () => {
    let next = () => {};
    const stream = await open(async (call) => {
      for await (const _message of call) {
        await new Promise<void>((resolve) => {
          next = resolve;
        });
      }
    });
    await send(stream, STREAM_WINDOW);
    for (let i = 0; i < STREAM_CREDIT_AT - 2; i++) await stream.step(() => next());
    expect(windows(stream)).toEqual([]);
    await stream.step(() => next());
    expect(windows(stream)).toEqual([STREAM_CREDIT_AT]);
  });

  it('grows sooner when messages are large', async () => {
    const stream = await open((call) => call.resume(), { definition: raw });
    await send(stream, 1, Buffer.alloc(STREAM_WINDOW_BYTES / 2 - 1));
    expect(windows(stream)).toEqual([]);
    await send(stream, 1, Buffer.alloc(1));
    expect(windows(stream)).toEqual([2]);
    await send(stream, 1, Buffer.alloc(2 * STREAM_WINDOW_BYTES));
    expect(windows(stream)).toEqual([2, 3]);
  });

  it('does not grow any more after the status', async () => {
    const stream = await open((call) => {
      let count = 0;
      call.on('data', () => ++count === STREAM_CREDIT_AT && call.emit('error', { code: 9, details: 'enough' }));
    });
    await send(stream, STREAM_CREDIT_AT);
    expect(stream.items.map(({ kind }) => kind)).toEqual(['status']);
  });

  it('lets 10,000 messages pass, as it depends on nothing but what was taken', async () => {
    const stream = await open(
      (call, _log, callback) => {
        let sum = 0;
        call.on('data', (value) => {
          sum += value;
        });
        call.on('end', () => callback(null, sum));
      },
      { kind: 'clientStream' },
    );
    for (let i = 0; i < 10_000; i++) await stream.write(jsonBytes(i));
    await stream.step((execution) => execution.end());
    expect(stream.journal.messages).toEqual([String((10_000 * 9_999) / 2)]);
    expect(windows(stream)).toHaveLength(Math.floor(10_000 / STREAM_CREDIT_AT));
  });
});

describe('the window of a handler', () => {
  it('holds a number of messages; when it is full, `write` says so, and `drain` comes when the client has taken some', async () => {
    const stream = await open((call, log) => {
      let i = 0;
      const more = () => {
        while (call.write(i++));
        log('full');
      };
      call.on('drain', more);
      more();
    });
    expect(only(stream, 'message')).toHaveLength(STREAM_WINDOW);
    const before = stream.journal.handler.length;
    // The first item is the initial metadata.
    await stream.step((execution) => execution.credit(1));
    expect(only(stream, 'message')).toHaveLength(STREAM_WINDOW);
    await stream.step((execution) => execution.credit(1 + 16));
    expect(only(stream, 'message')).toHaveLength(STREAM_WINDOW + 16);
    expect(stream.journal.handler.length).toBeGreaterThan(before);
  });

  it('holds a number of bytes, and always at least one message', async () => {
    const large = Buffer.alloc(STREAM_WINDOW_BYTES);
    const stream = await open(
      (call) => {
        call.sendMetadata(call.metadata);
        for (const message of [large, large, Buffer.alloc(1), Buffer.alloc(1)]) call.write(message);
        call.end();
      },
      { definition: raw },
    );
    expect(stream.items).toHaveLength(2);
    await stream.step((execution) => execution.credit(2));
    expect(stream.items).toHaveLength(3);
    await stream.step((execution) => execution.credit(3));
    expect(stream.items.map(({ kind }) => kind).slice(3)).toEqual(['message', 'message', 'status']);
  });

  it('makes the status wait for room, too', async () => {
    const stream = await open((call) => {
      for (let i = 0; i < STREAM_WINDOW; i++) call.write(i);
      call.end();
    });
    expect(stream.items.at(-1)?.kind).toBe('message');
    await stream.step((execution) => execution.credit(2));
    expect(stream.items.at(-1)?.kind).toBe('status');
  });

  it('lets the one answer of a method pass, whatever its size', async () => {
    const large = Buffer.alloc(2 * STREAM_WINDOW_BYTES);
    const handler: StreamHandler = (_call, _log, callback) => callback(null, large);
    const stream = await open(handler, { kind: 'clientStream', definition: raw });
    expect(stream.items.map(({ kind }) => kind)).toEqual(['metadata', 'message', 'status']);
  });

  it('lets 20,000 messages pass in order, never more than a window ahead of a slow client', async () => {
    const stream = await open(
      (call) => {
        let i = 0;
        const more = () => {
          while (i < 20_000) if (!call.write(i++)) return;
          call.end();
        };
        call.on('drain', more);
        more();
      },
      { kind: 'serverStream' },
    );
    for (let taken = 0; !stream.execution.over; taken += 10) {
      expect(stream.items.length - taken).toBeLessThanOrEqual(STREAM_WINDOW + 1);
      await stream.step((execution) => execution.credit(taken));
    }
    expect(stream.journal.messages).toEqual([...Array(20_000).keys()].map(String));
  });

  it('lets 10,000 messages pass that were written in one go', async () => {
    const stream = await open((call) => {
      for (let i = 0; i < 10_000; i++) call.write(i);
      call.end();
    });
    await stream.until(() => stream.execution.over);
    expect(stream.journal.messages).toHaveLength(10_000);
    expect(only(stream, 'status')).toMatchObject([{ outcome: { code: 0 } }]);
  });

  it('lets 10,000 messages pass that are echoed', async () => {
    const stream = await open((call) => void call.pipe(call));
    for (let i = 0; i < 10_000; i++) await stream.write(jsonBytes(i));
    await stream.step((execution) => execution.end());
    await stream.until(() => stream.execution.over);
    expect(stream.journal.messages).toEqual([...Array(10_000).keys()].map(String));
  });

  it.each([
    ['messages', STREAM_UNREAD_MAX + 20, 1],
    ['bytes', 66, STREAM_WINDOW_BYTES],
  ])('ends the call at a bound of %s when the handler ignores back-pressure', async (_name, count, size) => {
    const message = Buffer.alloc(size);
    const stream = await open(
      (call) => {
        for (let i = 0; i < count; i++) call.write(message);
        call.end();
      },
      { definition: raw },
    );
    const details = expect.stringMatching(`^UNDERSTUDY_OVERLOADED: the handler of ${PATH} wrote more than `);
    expect(stream.items.at(-1)).toMatchObject({ kind: 'status', outcome: { code: 8, details } });
    await stream.until(() => stream.journal.handler.length === 2);
    expect(stream.journal.handler).toEqual([
      ['cancelled', true],
      ['close', true],
    ]);
  });

  it('sends each message as it was when the handler wrote it', async () => {
    const own = Buffer.from('own');
    const stream = await open(
      (call) => {
        for (let i = 0; i < 3; i++) {
          own[0] = 0x30 + i;
          call.write(own);
        }
        own.fill(0);
      },
      { definition: raw },
    );
    expect(stream.journal.messages).toEqual(['0wn', '1wn', '2wn']);
  });

  it("gives the handler a copy of the client's bytes, which a replay needs as they came", async () => {
    const stream = await open((call) => call.on('data', (message: Buffer) => call.write(message.fill(0x78))), {
      definition: raw,
    });
    const given = Buffer.from('abc');
    await stream.step((execution) => execution.message(given));
    expect(stream.journal.messages).toEqual(['xxx']);
    expect(given.toString()).toBe('abc');
  });
});

describe('a cancelled stream', () => {
  it('sends nothing more, whatever its handler does', async () => {
    const stream = await open((call) => {
      call.write(1);
      call.on('data', () => call.write('data'));
      call.on('cancelled', () => {
        call.sendMetadata(call.metadata);
        call.write('late');
        call.emit('error', new Error('late'));
      });
    });
    const before = [...stream.items];
    stream.execution.message(jsonBytes('m'));
    stream.execution.cancel();
    expect(stream.execution.over).toBe(true);
    await stream.until(({ handler }) => handler.length >= 2);
    await stream.step((execution) => execution.credit(2));
    await stream.step((execution) => execution.message(jsonBytes('m')));
    await stream.step((execution) => execution.end());
    await stream.step((execution) => execution.cancel());
    expect(stream.items).toEqual(before);
  });

  it.each(['serverStream', 'clientStream', 'bidi'] as const)('does not start its handler: %s', async (kind) => {
    const scenario: Scenario = { kind, handler: (_call, log) => log('started'), client: [] };
    const stream = new OurStream(scenario, { method: PATH, message: jsonBytes('m') });
    stream.execution.start();
    await stream.step((execution) => execution.cancel());
    await stream.step((execution) => execution.start());
    expect(stream.started).toBe(false);
    expect(stream.items).toEqual([]);
  });

  it('leaves unsent what waits for room', async () => {
    const stream = await open((call) => {
      for (let i = 0; i < 2 * STREAM_WINDOW; i++) call.write(i);
    });
    await stream.step((execution) => execution.cancel());
    await stream.step((execution) => execution.credit(STREAM_WINDOW));
    expect(only(stream, 'message')).toHaveLength(STREAM_WINDOW);
    expect(stream.journal.handler).toEqual([
      ['cancelled', true],
      ['close', true],
    ]);
  });
});

describe('the items that the steps of a stream send', () => {
  /** A handler in which promises, ticks and listeners race for what is sent first. */
  const racing: StreamHandler = async (call) => {
    call.on('data', async (message) => {
      process.nextTick(() => call.write(['tick', message]));
      await null;
      call.write(['microtask', message]);
    });
    call.on('end', () => call.end());
    for (let i = 0; i < 3; i++) {
      call.write(i);
      await null;
    }
  };

  async function itemsFrom(context: (act: () => void) => void): Promise<readonly StreamItem[]> {
    const stream = await openStream({ kind: 'bidi', handler: racing, client: [] }, context);
    for (let i = 0; i < 40; i++) await stream.step((execution) => context(() => execution.message(jsonBytes(i))));
    await stream.step((execution) => context(() => execution.credit(30)));
    await stream.step((execution) => context(() => execution.end()));
    await stream.step((execution) => context(() => execution.credit(70)));
    await stream.until(() => stream.execution.over);
    expect(got(80)(stream.journal)).toBe(true);
    return stream.items;
  }

  it('are the same whether the executor is called from a tick, from a microtask or from neither', async () => {
    const direct = await itemsFrom((act) => act());
    expect(await itemsFrom((act) => process.nextTick(act))).toEqual(direct);
    expect(await itemsFrom((act) => queueMicrotask(act))).toEqual(direct);
  });
});
