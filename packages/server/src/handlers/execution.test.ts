import { Metadata } from '@grpc/grpc-js';
import type { Reply, Request } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import type { CapturedUnary, UnaryHandler } from '../capture/captured.js';
import { capturedJson } from '../testing/comparison/captured-json.js';
import { runUnary } from './run-unary.js';

const request: Request = { method: '/a.B/C', message: Buffer.from('{"text":"hello"}') };

function run(handler: UnaryHandler, change: Partial<CapturedUnary> = {}, given = request) {
  const outcomes: Reply[] = [];
  const captured = { ...capturedJson('/a.B/C', handler), ...change };
  const running = runUnary(captured, given, { peer: '10.0.0.7:1234' }, (outcome) => outcomes.push(outcome));
  return { running, outcomes };
}

const identity = (bytes: unknown): Buffer => bytes as Buffer;

describe('a run of a unary handler', () => {
  it('has its outcome as soon as a handler that answers at once has returned', () => {
    const outcomes: Reply[] = [];
    const handler: UnaryHandler = (_call, callback) => {
      callback(null, 'x');
      expect(outcomes).toEqual([]);
    };
    runUnary(capturedJson('/a.B/C', handler), request, { peer: 'p' }, (outcome) => outcomes.push(outcome));
    expect(outcomes).toEqual([
      { kind: 'reply', code: 0, details: 'OK', initialMetadata: [], message: Buffer.from('"x"') },
    ]);
  });

  it('has no outcome while the handler does not call back', () => {
    expect(run(() => {}).outcomes).toEqual([]);
  });

  it('has one outcome only, however often the handler calls back', () => {
    const { outcomes } = run((call, callback) => {
      callback({ code: 5, details: 'first' });
      callback(null, 'second');
      call.emit('error', { code: 6 });
      throw new Error('third');
    });
    expect(outcomes).toEqual([{ kind: 'reply', code: 5, details: 'first' }]);
  });

  it('has no outcome after it was abandoned', () => {
    let answerNow = () => {};
    const { running, outcomes } = run((_call, callback) => {
      answerNow = () => callback(null, 'x');
    });
    running.abandon();
    answerNow();
    expect(outcomes).toEqual([]);
  });

  it('ends when the handler throws in code that others call, unless it has ended', () => {
    const { running, outcomes } = run(() => {});
    running.threw(new Error('secret'));
    expect(outcomes).toEqual([{ kind: 'reply', code: 2, details: 'Unknown error' }]);
    running.threw(new Error('again'));
    expect(outcomes).toHaveLength(1);
  });

  it('does not blame the handler for an error of the code that receives the outcome', () => {
    const handler: UnaryHandler = (_call, callback) => callback(null, 'x');
    let calls = 0;
    const waiting = () => {
      calls++;
      throw new Error('invariant');
    };
    expect(() => runUnary(capturedJson('/a.B/C', handler), request, { peer: 'p' }, waiting)).toThrow('invariant');
    expect(calls).toBe(1);
  });

  it('ends with UNIMPLEMENTED if nobody registered the method', () => {
    const outcomes: Reply[] = [];
    runUnary(undefined, request, { peer: 'p' }, (outcome) => outcomes.push(outcome));
    expect(outcomes).toEqual([{ kind: 'reply', code: 12, details: 'The server does not implement the method /a.B/C' }]);
  });

  it('cannot change the bytes of the request, which backups and replays need unchanged', () => {
    const given: Request = { method: '/a.B/C', message: Buffer.from([1, 2]), metadata: [['x-bin', Buffer.from([3])]] };
    const handler: UnaryHandler = (call, callback) => {
      (call.request as Buffer)[0] = 99;
      const [value] = call.metadata.get('x-bin');
      if (typeof value === 'object') value[0] = 99;
      callback(null, Buffer.from([1]));
    };
    run(handler, { requestDeserialize: identity, responseSerialize: identity }, given);
    expect(given.message).toEqual(Buffer.from([1, 2]));
    expect(given.metadata).toEqual([['x-bin', Buffer.from([3])]]);
  });

  it('cannot change its outcome afterwards, which retries must get unchanged', () => {
    const bytes = Buffer.from([1, 2]);
    const trailer = Buffer.from([3]);
    const { outcomes } = run(
      (_call, callback) => {
        const trailers = new Metadata();
        trailers.set('x-bin', trailer);
        callback(null, bytes, trailers);
      },
      { responseSerialize: identity },
    );
    bytes[0] = 99;
    trailer[0] = 99;
    expect(outcomes[0]?.message).toEqual(Buffer.from([1, 2]));
    expect(outcomes[0]?.trailers).toEqual([['x-bin', Buffer.from([3])]]);
  });

  it('sees metadata of its own', () => {
    const seen: unknown[] = [];
    const given: Request = { ...request, metadata: [['a', '1']] };
    const handler: UnaryHandler = (call) => {
      seen.push(call.metadata.get('a'));
      call.metadata.set('a', 'changed');
      seen.push(call.metadata.get('a'));
    };
    run(handler, {}, given);
    run(handler, {}, given);
    expect(seen).toEqual([['1'], ['changed'], ['1'], ['changed']]);
  });

  it('sees nothing of the replica it runs on', () => {
    const seen: unknown[] = [];
    run(
      (call) =>
        void seen.push(
          call.getPeer(),
          call.getHost(),
          call.getAuthContext(),
          call.getDeadline(),
          call.getPath(),
          call.cancelled,
        ),
      {},
      { ...request, deadlineMs: 1_700_000_000_000 },
    );
    expect(seen).toEqual(['10.0.0.7:1234', '', {}, 1_700_000_000_000, '/a.B/C', false]);
  });

  it('survives metadata that no header can carry', () => {
    const metadata: Request['metadata'] = [
      ['bad key', '1'],
      ['x-bin', 'text'],
      ['good', '1'],
    ];
    const { outcomes } = run((call, cb) => cb(null, call.metadata.toJSON()), {}, { ...request, metadata });
    expect(outcomes[0]?.message).toEqual(Buffer.from('{"good":["1"]}'));
  });
});
