import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { decodeOutcome, decodeRequest, encodeOutcome, encodeRequest, unwrapFrame, wrapFrame } from './index.js';

const outcome = (length: number) => ({
  kind: 'reply' as const,
  code: 0,
  details: '',
  message: Buffer.alloc(length, 1),
});
const sameMemory = (a: Uint8Array, b: Uint8Array) => a.buffer === b.buffer;

describe('a decoder', () => {
  it('does not copy bodies', () => {
    const bytes = encodeRequest({ method: '/a.B/C', message: Buffer.alloc(50, 3) });
    expect(sameMemory(decodeRequest(bytes).message, bytes)).toBe(true);
  });

  it('returns bodies as Buffers, which protobuf deserializers expect', () => {
    const bytes = Uint8Array.from(encodeRequest({ method: '/a.B/C', message: Buffer.alloc(50, 3) }));
    expect(Buffer.isBuffer(decodeRequest(bytes).message)).toBe(true);
  });
});

describe('an encoder', () => {
  it('puts small encodings into the same memory', () => {
    const pairs = Array.from({ length: 10 }, () => [encodeOutcome(outcome(10)), encodeOutcome(outcome(10))]);
    expect(pairs.some(([a, b]) => sameMemory(a as Uint8Array, b as Uint8Array))).toBe(true);
  });

  it('gives a large encoding memory of its own, and hardly more than it needs', () => {
    const large = encodeOutcome(outcome(1_000_000));
    expect(large.buffer.byteLength).toBeLessThan(1_000_200);
    expect(sameMemory(encodeOutcome(outcome(10)), large)).toBe(false);
  });

  it('copies the caller’s bytes, so that the caller may change them afterwards', () => {
    const message = Buffer.from('before');
    const bytes = encodeOutcome({ kind: 'reply', code: 0, details: '', message });
    message.fill(0);
    expect(decodeOutcome(bytes)).toMatchObject({ message: Buffer.from('before') });
  });
});

describe('wrapFrame', () => {
  const Frame = protobuf.parse('syntax = "proto3"; message Frame { bytes frame = 1; }').root.lookupType('Frame');

  it.each([0, 1, 100, 124, 125, 126, 127, 128, 16_000, 16_383, 16_400, 70_000, 3_000_000])(
    'writes the same bytes as protobuf around an encoding of %d bytes',
    (length) => {
      const bytes = encodeOutcome(outcome(length));
      expect(Buffer.compare(wrapFrame(bytes), Frame.encode({ frame: bytes }).finish())).toBe(0);
      expect(Buffer.compare(unwrapFrame(wrapFrame(bytes)), bytes)).toBe(0);
    },
  );

  it('does not copy an encoding, however often it is wrapped', () => {
    const bytes = encodeOutcome(outcome(300));
    const messages = [wrapFrame(bytes), wrapFrame(bytes), wrapFrame(bytes)];
    expect(messages.every((message) => sameMemory(message, bytes))).toBe(true);
    expect(Buffer.compare(messages[0] as Buffer, messages[2] as Buffer)).toBe(0);
  });

  it('wraps a part of an encoding as just this part', () => {
    const bytes = encodeOutcome(outcome(300));
    const part = bytes.subarray(20, 90);
    expect(Buffer.compare(wrapFrame(part), Frame.encode({ frame: part }).finish())).toBe(0);
    expect(decodeOutcome(bytes)).toStrictEqual(outcome(300));
  });

  it('copies memory of others, even if the bytes before it look like an envelope', () => {
    const memory = Uint8Array.of(0x0a, 3, 1, 2, 3);
    const message = wrapFrame(memory.subarray(2));
    expect(sameMemory(message, memory)).toBe(false);
    expect(Buffer.compare(message, memory)).toBe(0);
  });

  it('is undone by unwrapFrame without a copy', () => {
    const message = wrapFrame(Uint8Array.of(1, 2, 3));
    expect(sameMemory(unwrapFrame(message), message)).toBe(true);
  });
});
