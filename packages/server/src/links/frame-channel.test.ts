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

  /** @returns whether there was anything to take */
  takeAll(): boolean {
    const all = this.#taken.splice(0);
    for (const taken of all) taken();
    return all.length > 0;
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
    onSilent: () => told.push('silent'),
  });
  return { link: stream, told, channel };
}

const bytes = (length: number) => Buffer.alloc(length, 1);

describe('a frame channel', () => {
  it('waits for the other side, however much it is sent, and goes on when that takes something', () => {
    const { link: stream, told, channel } = make(10_000);
    for (let i = 0; i < 30; i++) channel.send(bytes(100_000));
    const atFirst = stream.written.length;
    expect(atFirst).toBeLessThan(10);
    while (stream.takeAll()) {}
    expect(told).toEqual([]);
    expect(stream.written.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(30 * 100_000);
  });

  it('lets a small frame pass a large one on the bulk lane between two of its parts', () => {
    const { link: stream, channel } = make(10_000);
    channel.send(bytes(3_000_000), { lane: 'bulk' });
    const before = stream.written.length;
    channel.send(bytes(10));
    while (stream.takeAll()) {}
    expect(stream.written.findIndex(({ length }) => length < 20)).toBe(before);
    const receiver = make(10_000);
    for (const message of stream.written) receiver.link.receive(message);
    expect(receiver.told).toEqual(['frame of 10', 'frame of 3000000']);
  });

  it('says that a frame of the bulk lane was sent when its last byte was taken', () => {
    const { link: stream, channel } = make(10_000);
    let sent = 0;
    channel.send(bytes(1_000_000), { lane: 'bulk', sent: () => sent++ });
    stream.takeAll();
    expect(sent).toBe(0);
    while (stream.takeAll()) {}
    expect(sent).toBe(1);
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
