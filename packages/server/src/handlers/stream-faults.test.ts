import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { logged } from '../testing/comparison/journal.js';
import { trailers, turn, until, write } from '../testing/comparison/stream-cases.js';
import { playOurs } from '../testing/comparison/stream-ours.js';
import type { Scenario, ScenarioStep, StreamHandler } from '../testing/comparison/streams.js';

const UNKNOWN = { code: status.UNKNOWN, details: 'Unknown error', metadata: {} };
const OK = { code: status.OK, details: 'OK', metadata: {} };
const secret = () => new Error('secret');

const play = (kind: Scenario['kind'], handler: StreamHandler, client: ScenarioStep[] = [...write('a', 'b'), 'end']) =>
  playOurs({ kind, handler, client });

describe('a streaming handler that would crash a plain server or leave its client waiting', () => {
  it.each(['serverStream', 'clientStream', 'bidi'] as const)(
    'ends its call with UNKNOWN when its promise rejects: %s',
    async (kind) => {
      const seen = await play(kind, async () => {
        await turn();
        throw secret();
      });
      expect(seen).toMatchObject({ initialMetadata: 'none', messages: [], status: UNKNOWN });
      expect(seen.faults).toMatchObject([{ kind: 'rejected', path: '/test.Service/stream', error: secret() }]);
    },
  );

  it('has what it wrote arrive before its promise rejects and ends the call', async () => {
    const seen = await play('bidi', async (call) => {
      await turn();
      for (let i = 0; i < 3; i++) call.write(i);
      throw secret();
    });
    expect(seen).toMatchObject({ messages: ['0', '1', '2'], status: UNKNOWN });
  });

  it('changes nothing when its promise rejects after the end', async () => {
    const seen = await play('bidi', async (call) => {
      await turn();
      for (let i = 0; i < 3; i++) call.write(i);
      call.end(trailers());
      throw secret();
    });
    expect(seen).toMatchObject({ messages: ['0', '1', '2'], status: { code: status.OK } });
    expect(seen.faults).toHaveLength(1);
  });

  it('changes nothing when its promise rejects after the answer', async () => {
    const seen = await play('clientStream', async (_call, _log, callback) => {
      await turn();
      callback(null, 'first');
      throw secret();
    });
    expect(seen).toMatchObject({ messages: ['"first"'], status: OK });
  });

  it('ends its call when it throws after several messages', async () => {
    const seen = await play('serverStream', (call) => {
      call.write(1);
      call.write(2);
      throw secret();
    });
    expect(seen).toMatchObject({ messages: ['1'], status: UNKNOWN });
    expect(seen.faults).toMatchObject([{ kind: 'threw' }]);
  });

  it('ends its call when a listener throws', async () => {
    const seen = await play('bidi', (call) =>
      call.on('data', (message) => {
        call.write(message);
        if (message === 'b') throw secret();
      }),
    );
    expect(seen).toMatchObject({ messages: ['"a"', '"b"'], status: UNKNOWN });
    expect(seen.faults).toMatchObject([{ kind: 'threw', error: secret() }]);
  });

  it("ends its call when a listener's promise rejects", async () => {
    const seen = await play('bidi', (call) =>
      call.on('data', async (message) => {
        call.write(message);
        await turn();
        throw secret();
      }),
    );
    expect(seen.status).toEqual(UNKNOWN);
    expect(seen.faults[0]).toMatchObject({ kind: 'rejected', error: secret() });
  });

  it.each(['clientStream', 'bidi'] as const)(
    'ends its call when its loop over the messages throws: %s',
    async (kind) => {
      const seen = await play(kind, async (call) => {
        for await (const message of call) if (message === 'a') throw secret();
      });
      expect(seen).toMatchObject({ status: UNKNOWN, faults: [{ kind: 'rejected', error: secret() }] });
    },
  );

  it('only tells the log when a listener for the cancellation throws', async () => {
    const seen = await play(
      'bidi',
      (call, log) => {
        call.on('data', log);
        call.on('cancelled', () => {
          throw secret();
        });
      },
      [...write('a'), until(logged('a')), 'cancel'],
    );
    expect(seen).toMatchObject({ status: 'cancelled', faults: [{ kind: 'threw', error: secret() }] });
  });

  it.each([
    ['serverStream', 'just text'],
    ['bidi', undefined],
    ['bidi', { code: 3, details: 'x', metadata: { a: 1 } }],
    ['bidi', { code: 3, details: 'half \ud800' }],
  ] as const)('ends its call with UNKNOWN when its error makes no status: %s, %j', async (kind, error) => {
    expect(await play(kind, (call) => call.emit('error', error))).toMatchObject({ status: UNKNOWN });
  });

  it.each(['serverStream', 'bidi'] as const)(
    'ends its call with UNKNOWN when its trailers are no Metadata: %s',
    async (kind) => {
      const seen = await play(kind, (call) => {
        call.write(1);
        call.end({ a: 1 } as never);
      });
      expect(seen).toMatchObject({ messages: ['1'], status: UNKNOWN });
    },
  );

  it('has the first of two answers count', async () => {
    const seen = await play('clientStream', (_call, _log, callback) => {
      callback(null, 'first');
      callback({ code: status.INTERNAL, details: 'second' });
      callback(null, 'third');
    });
    expect(seen).toMatchObject({ messages: ['"first"'], status: OK });
  });
});
