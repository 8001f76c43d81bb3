import { type InterceptingListener, Metadata, status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { ResumableStream } from '../rpc/sent-call.js';
import { SentStream } from './sent-stream.js';

/** A stream to another group, which takes no message and ends when it is told to. */
class Untaken {
  #listener: InterceptingListener | undefined;

  get call(): ResumableStream {
    return {
      start: (_metadata: Metadata, listener: InterceptingListener) => {
        this.#listener = listener;
      },
      sendMessageWithContext: ({ callback }: { readonly callback?: () => void }) => callback?.(),
      startRead() {},
      halfClose() {},
      whenTaken() {},
      leave() {},
      take() {},
      toldUpTo: 0,
    } as unknown as ResumableStream;
  }

  end(): void {
    this.#listener?.onReceiveStatus({ code: Status.UNAVAILABLE, details: 'lost', metadata: new Metadata() });
  }
}

describe('a stream that left, and ends while a write and a read are under way', () => {
  it('ends the opening first, so that no successor goes on behind messages that nobody has taken', () => {
    const group = new Untaken();
    const ended: string[] = [];
    const place = { again: false, received: 0, position: 0 };
    const sent = new SentStream(
      () => group.call,
      new Metadata(),
      undefined,
      place,
      ({ code }) => ended.push(`opening ${code}`),
    );
    sent.write([Buffer.from('a')], false, () => ended.push('write'));
    sent.read(() => ended.push('read'));
    group.end();
    expect(ended).toEqual([`opening ${Status.UNAVAILABLE}`, 'write', 'read']);
  });
});
