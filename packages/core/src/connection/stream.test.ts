import { describe, expect, it } from 'vitest';
import type { OrderNum, SeqNum } from '../model/ids.js';
import type { StreamItem } from '../model/stream.js';
import { Stream } from './stream.js';

const order = (n: number) => n as OrderNum;
const message = (text: string): StreamItem => ({ kind: 'message', message: new Uint8Array([text.charCodeAt(0)]) });
const ENDED = { kind: 'reply' as const, code: 7, details: 'enough' };

/** A stream whose handler sent these messages, each at the next order. */
function streamOf(...texts: string[]): Stream {
  const stream = new Stream(1 as SeqNum, '/log.Log/Stream');
  texts.forEach((text, i) => void stream.append(order(i + 1), message(text), i));
  return stream;
}

const kinds = (stream: Stream) =>
  Array.from({ length: stream.history.items.length }, (_, i) => {
    const index = stream.history.items.base + i + 1;
    return `${index} ${stream.history.items.get(index)?.item.kind}`;
  });

describe('a stream that interceptors end', () => {
  it('drops the items that the interceptors did not let pass', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.endAfter(1, order(9), ENDED);
    expect(kinds(stream)).toEqual(['1 message', '2 status']);
    expect(stream.history.over).toBe(true);
    stream.take(2);
    expect(stream.done).toBe(true);
  });

  it('keeps its status at the index it has on the primary even if the handler here sent fewer items', () => {
    const stream = streamOf('a');
    stream.endAfter(3, order(9), ENDED);
    expect(kinds(stream)).toEqual(['4 status']);
    stream.take(3);
    expect(kinds(stream)).toEqual(['4 status']);
  });

  it('sends the status next to a client that lacks items which the handler here never sent', () => {
    const stream = streamOf('a');
    stream.endAfter(3, order(9), ENDED);
    stream.resumeAfter(2);
    expect(kinds(stream)).toEqual(['3 status']);
    expect(stream.passedUpTo).toBe(3);
  });

  it('sends the status next to a client that has more items than the interceptors let pass', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.endAfter(1, order(9), ENDED);
    stream.resumeAfter(3);
    expect(kinds(stream)).toEqual(['4 status']);
  });

  it('is no longer compared with the digests of the primary', () => {
    const stream = streamOf('a');
    stream.endAfter(3, order(9), ENDED);
    expect(stream.history.expect(4, 12_345)).toBe(true);
  });
});

describe('items that must pass interceptors', () => {
  it('count as passed only up to the first one that the interceptors still hold', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.pass(1, message('A'));
    stream.pass(3, message('C'));
    expect(stream.passedUpTo).toBe(1);
    stream.pass(2, message('B'));
    expect(stream.passedUpTo).toBe(3);
  });

  it('need not pass if the client has them from an earlier primary', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.resumeAfter(2);
    expect(stream.passedUpTo).toBe(2);
    stream.pass(3, message('C'));
    expect(stream.passedUpTo).toBe(3);
  });

  it('need not pass if the client has taken them meanwhile', () => {
    const stream = streamOf('a', 'b');
    stream.take(1);
    stream.pass(1, message('A'));
    expect(stream.passedUpTo).toBe(1);
  });
});

describe('a stream that is about to be ended', () => {
  it('ignores items that its handler sends from then on', () => {
    const stream = streamOf('a', 'b');
    expect(stream.seal(false)).toBe(2);
    stream.append(order(3), message('c'), 3);
    expect(kinds(stream)).toEqual(['1 message', '2 message']);
  });

  it('withholds items that have not passed the interceptors, even if they pass later', () => {
    const stream = streamOf('a', 'b');
    stream.pass(1, message('A'));
    expect(stream.seal(true)).toBe(1);
    stream.pass(2, message('B'));
    expect(stream.passedUpTo).toBe(1);
  });

  it('ends after the last item its client has, even if a restarted handler has not sent that item yet', () => {
    const stream = streamOf('a', 'b');
    stream.resumeAfter(3);
    const upTo = stream.seal(false);
    expect(upTo).toBe(3);
    stream.endAfter(upTo, order(9), ENDED);
    expect(kinds(stream)).toEqual(['4 status']);
    expect(stream.delivery.sentUpTo).toBe(3);
  });

  it('does not send its client items again that it already has while the end waits to be ordered', () => {
    const stream = streamOf('a', 'b');
    stream.history.ended = true;
    stream.resumeAfter(2);
    expect(kinds(stream)).toEqual(['1 message', '2 message']);
    expect(stream.delivery.sentUpTo).toBe(2);
  });

  it('ends after the items that its client reports while the end waits to be ordered', () => {
    const stream = streamOf('a', 'b');
    const upTo = stream.seal(false);
    stream.resumeAfter(3);
    stream.endAfter(upTo, order(9), ENDED);
    expect(kinds(stream)).toEqual(['4 status']);
  });
});
