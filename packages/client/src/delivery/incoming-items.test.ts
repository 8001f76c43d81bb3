import { describe, expect, it } from 'vitest';
import { type IncomingEnd, IncomingItems } from './incoming-items.js';

const ended = (code: number): IncomingEnd => ({ local: false, ending: { kind: 'reply', code, details: '' } });

function items(texts: readonly string[] = []): { incoming: IncomingItems; take: () => string | undefined } {
  const incoming = new IncomingItems(() => {});
  texts.forEach((text, i) => {
    incoming.push({ kind: 'message', message: Buffer.from(text) }, i + 1);
  });
  const take = (): string | undefined => {
    const next = incoming.take();
    return next?.kind === 'message' ? Buffer.from(next.bytes).toString() : next?.kind;
  };
  return { incoming, take };
}

describe('the items that a stream has received for the application', () => {
  it('begin with initial metadata, which is empty if the first item is a message', () => {
    const { incoming } = items(['a']);
    expect(incoming.take()).toEqual({ kind: 'metadata', entries: undefined, index: 0 });
    expect(incoming.take()).toBeUndefined();
  });

  it('come as one message for each read, even if the read comes first', () => {
    const { incoming, take } = items();
    incoming.startRead();
    incoming.startRead();
    for (const index of [1, 2]) incoming.push({ kind: 'message', message: Buffer.from(`${index}`) }, index);
    expect([take(), take(), take()]).toEqual(['metadata', '1', undefined]);
  });

  it('count a read that comes before the last message was handed over', () => {
    const { incoming, take } = items();
    incoming.startRead();
    incoming.push({ kind: 'message', message: Buffer.from('a') }, 1);
    incoming.startRead();
    incoming.push({ kind: 'message', message: Buffer.from('b') }, 2);
    expect([take(), take(), take()]).toEqual(['metadata', 'a', 'b']);
  });

  it('end after the last message was read', () => {
    const { incoming, take } = items(['a']);
    incoming.end(ended(0));
    expect([take(), take()]).toEqual(['metadata', undefined]);
    incoming.startRead();
    expect([take(), take()]).toEqual(['a', 'end']);
  });

  it('end with an error, and unread ones are dropped, as soon as nobody has read for a turn', async () => {
    const { incoming, take } = items(['a', 'b', 'c']);
    take();
    incoming.startRead();
    incoming.end(ended(5));
    expect([take(), take()]).toEqual(['a', undefined]);
    incoming.startRead();
    expect(take()).toBe('b');
    await new Promise(setImmediate);
    expect(take()).toBe('end');
  });

  it('never include items of the protocol, metadata twice, or anything after the end', () => {
    const { incoming } = items(['a']);
    expect(() => incoming.push({ kind: 'window', upTo: 1 }, 2)).toThrow('window');
    expect(() => incoming.push({ kind: 'metadata', entries: [] }, 2)).toThrow('first');
    incoming.end(ended(0));
    expect(() => incoming.push({ kind: 'message', message: Buffer.from('b') }, 2)).toThrow('after the end');
  });
});
