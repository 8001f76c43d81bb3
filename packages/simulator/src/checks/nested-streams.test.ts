import { describe, expect, it } from 'vitest';
import { bank } from '../services/bank.js';
import { Ledger } from '../services/ledger.js';
import { type StreamShape, streamText } from '../services/nested-streams.js';
import { type CalleeStream, NestedStreams } from './nested-streams.js';

const CLIENT = 'g/1';
const caller = (orderNum: number) =>
  ({ client: CLIENT, term: 1, id: { orderNum, index: 0 }, settledUpTo: 0 }) as Parameters<NestedStreams['open']>[0];
const shape: StreamShape = { name: 'm1.s', kind: 'server', length: 3 };
const text = streamText(shape, '0/1/nobody knows/');

function historyOf(...entries: string[]): Ledger {
  const ledger = new Ledger(bank);
  for (const entry of entries) ledger.hear(entry);
  return ledger;
}

function opened(streams: NestedStreams): CalleeStream {
  return streams.open(caller(1), text, false, 0);
}

describe('the streams at a callee', () => {
  it('have each item once, in order and before the status, in the history of the group', () => {
    const streams = new NestedStreams();
    opened(streams);
    const check = (...entries: string[]) => streams.check(historyOf(...entries), CLIENT, false);
    check('m1.s>1', 'm0', 'm1.s>2', 'm1.s>3', 'm1.s>end3', 'm1');
    check('m1.s>1', 'm1.s>end?', 'm1');
    expect(() => check('m1.s>1', 'm1.s>3', 'm1.s>end3')).toThrow('has m1.s>3 as item 2');
    expect(() => check('m1.s>1', 'm1.s>1', 'm1.s>2', 'm1.s>3', 'm1.s>end3')).toThrow('has m1.s>1 as item 2');
    expect(() => check('m1.s>1', 'm1.s>2', 'm1.s>end3')).toThrow('sent 3 items, and the group has 2');
    expect(() => check('m0')).toThrow('the group does not know of it');
  });

  it('are opened as if for the first time only once', () => {
    const streams = new NestedStreams();
    expect(streams.open(caller(1), text, true, 0)).toBe(streams.open(caller(1), text, true, 2));
    expect(() => opened(streams)).toThrow('though it was before');
  });

  it('never go back behind what the group certainly has', () => {
    const streams = new NestedStreams();
    const stream = opened(streams);
    stream.asked(2);
    expect(() => streams.open(caller(1), text, true, 1)).toThrow('goes back to item 1 after 2');
  });

  it('take each message once, and none after a gap', () => {
    const stream = new NestedStreams().open(caller(2), streamText({ ...shape, kind: 'bidi' }, '0/1/-/'), false, 0);
    stream.take(1, false);
    stream.take(1, false);
    stream.take(2, false);
    expect(stream.items).toBe(2);
    expect(() => stream.take(4, false)).toThrow('is sent message 4 after 2');
    stream.take(3, true);
    expect(stream.isComplete).toBe(true);
  });
});
