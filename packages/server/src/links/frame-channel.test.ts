import { messagesOf } from '@understudy/grpc-common';
import { encodeSessionFrame } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { FrameChannel } from './frame-channel.js';

/** A gRPC stream whose other side takes messages only when it is told to. */
class SlowStream {
  readonly written: Buffer[] = [];
  readonly #taken: (() => void)[] = [];
  #listener: (message: Buffer) => void = () => {};

  on(_event: 'data', listener: (message: Buffer) => void): void {
    this.#listener = listener;
  }

  write(message: Buffer, taken: () => void): void {
    this.written.push(message);
    this.#taken.push(taken);
  }

  takeAll(): void {
    for (const taken of this.#taken.splice(0)) taken();
  }

  receive(message: Buffer): void {
    this.#listener(message);
  }
}

function make(queuedMaxBytes: number) {
  const stream = new SlowStream();
  const told: string[] = [];
  const channel = new FrameChannel({
    link: stream,
    queuedMaxBytes,
    onFrame: (frame) => told.push(`frame of ${frame.length}`),
    onRefused: ({ code }) => told.push(code),
    onOverflow: () => told.push('overflow'),
  });
  return { link: stream, told, channel };
}

const bytes = (length: number) => Buffer.alloc(length, 1);

describe('a frame channel', () => {
  it('overflows when more waits than may, and sends nothing after that', () => {
    const { link: stream, told, channel } = make(10_000);
    for (let i = 0; i < 30; i++) channel.send(bytes(1000));
    expect(told).toEqual(['overflow']);
    expect(stream.written.length).toBeLessThanOrEqual(11);
  });

  it('goes on as long as the other side takes what it is sent', () => {
    const { link: stream, told, channel } = make(10_000);
    for (let i = 0; i < 30; i++) {
      channel.send(bytes(1000));
      stream.takeAll();
    }
    expect(told).toEqual([]);
    expect(stream.written).toHaveLength(30);
  });

  it('lets one frame pass that is larger than the bound, and small ones behind it', () => {
    const { told, channel } = make(10_000);
    channel.send(bytes(3_000_000));
    for (let i = 0; i < 5; i++) channel.send(bytes(1000));
    expect(told).toEqual([]);
    channel.send(bytes(3_000_000));
    expect(told).toEqual(['overflow']);
  });

  it('puts the parts of a large frame together', () => {
    const { link: stream, told } = make(10_000);
    for (const message of messagesOf(bytes(3_000_000))) stream.receive(message);
    expect(told).toEqual(['frame of 3000000']);
  });

  it('receives nothing after a malformed message, or after it was closed', () => {
    const { link: stream, told, channel } = make(10_000);
    const good = messagesOf(encodeSessionFrame({ kind: 'goodbye' }, Buffer.alloc(32)))[0] as Buffer;
    stream.receive(Buffer.from('garbage'));
    stream.receive(good);
    expect(told).toEqual(['UNDERSTUDY_MALFORMED']);
    channel.send(bytes(10));
    expect(stream.written).toEqual([]);
  });
});
