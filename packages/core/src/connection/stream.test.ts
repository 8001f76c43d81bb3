import { describe, expect, it } from 'vitest';
import type { OrderNum, SeqNum } from '../model/ids.js';
import type { StreamItem } from '../model/stream.js';
import { Stream } from './stream.js';

const order = (n: number) => n as OrderNum;
const message = (text: string): StreamItem => ({ kind: 'message', message: new Uint8Array([text.charCodeAt(0)]) });
const ENDED = { kind: 'reply' as const, code: 7, details: 'enough' };

/** A stream whose handler sent these, one an order. */
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

describe('a stream that interceptors ended', () => {
  it('loses what they did not let pass', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.endAfter(1, order(9), ENDED);
    expect(kinds(stream)).toEqual(['1 message', '2 status']);
    expect(stream.history.over).toBe(true);
    stream.take(2);
    expect(stream.done).toBe(true);
  });

  it('has the status in its place where the handler was slower', () => {
    const stream = streamOf('a');
    stream.endAfter(3, order(9), ENDED);
    expect(kinds(stream)).toEqual(['4 status']);
    stream.take(3);
    expect(kinds(stream)).toEqual(['4 status']);
  });

  it('gives the status next to a client that lacks what the handler never sent here', () => {
    const stream = streamOf('a');
    stream.endAfter(3, order(9), ENDED);
    stream.resumeAfter(2);
    expect(kinds(stream)).toEqual(['3 status']);
    expect(stream.passedUpTo).toBe(3);
  });

  it('gives the status next to a client that has more than they let pass', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.endAfter(1, order(9), ENDED);
    stream.resumeAfter(3);
    expect(kinds(stream)).toEqual(['4 status']);
  });

  it('is not compared with what the primary sent', () => {
    const stream = streamOf('a');
    stream.endAfter(3, order(9), ENDED);
    expect(stream.history.expect(4, 12_345)).toBe(true);
  });
});

describe('items on their way through interceptors', () => {
  it('pass up to the first that is held', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.pass(1, message('A'));
    stream.pass(3, message('C'));
    expect(stream.passedUpTo).toBe(1);
    stream.pass(2, message('B'));
    expect(stream.passedUpTo).toBe(3);
  });

  it('that the client had from an earlier primary need not pass', () => {
    const stream = streamOf('a', 'b', 'c');
    stream.resumeAfter(2);
    expect(stream.passedUpTo).toBe(2);
    stream.pass(3, message('C'));
    expect(stream.passedUpTo).toBe(3);
  });

  it('that the client has taken meanwhile need not pass', () => {
    const stream = streamOf('a', 'b');
    stream.take(1);
    stream.pass(1, message('A'));
    expect(stream.passedUpTo).toBe(1);
  });
});

describe('a stream that is about to be ended', () => {
  it('takes in nothing more', () => {
    const stream = streamOf('a', 'b');
    expect(stream.seal(false)).toBe(2);
    stream.append(order(3), message('c'), 3);
    expect(kinds(stream)).toEqual(['1 message', '2 message']);
  });

  it('keeps back what interceptors have not let pass', () => {
    const stream = streamOf('a', 'b');
    stream.pass(1, message('A'));
    expect(stream.seal(true)).toBe(1);
    stream.pass(2, message('B'));
    expect(stream.passedUpTo).toBe(1);
  });

  it('ends behind what its client has, though a handler that began anew has not sent that yet', () => {
    const stream = streamOf('a', 'b');
    stream.resumeAfter(3);
    const upTo = stream.seal(false);
    expect(upTo).toBe(3);
    stream.endAfter(upTo, order(9), ENDED);
    expect(kinds(stream)).toEqual(['4 status']);
    expect(stream.delivery.sentUpTo).toBe(3);
  });

  it('gives its client what it lacks while the end is on its way, and no more', () => {
    const stream = streamOf('a', 'b');
    stream.history.ended = true;
    stream.resumeAfter(2);
    expect(kinds(stream)).toEqual(['1 message', '2 message']);
    expect(stream.delivery.sentUpTo).toBe(2);
  });

  it('ends behind what its client says meanwhile that it has', () => {
    const stream = streamOf('a', 'b');
    const upTo = stream.seal(false);
    stream.resumeAfter(3);
    stream.endAfter(upTo, order(9), ENDED);
    expect(kinds(stream)).toEqual(['4 status']);
  });
});
