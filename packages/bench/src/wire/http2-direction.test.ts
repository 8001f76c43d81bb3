import { describe, expect, it } from 'vitest';
import { FlowCounter } from './flow-counter.js';
import { Http2Direction } from './http2-direction.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM = 0x1;
const PADDED = 0x8;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

function message(length: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, Buffer.alloc(length, 0xff)]);
}

function count(bytes: Buffer, pieceBytes: number, from: 'client' | 'server' = 'client'): FlowCounter {
  const counter = new FlowCounter();
  const direction = new Http2Direction(counter, from);
  for (let at = 0; at < bytes.length; at += pieceBytes) direction.push(bytes.subarray(at, at + pieceBytes));
  return counter;
}

describe('Http2Direction', () => {
  const two = Buffer.concat([message(100), message(0)]);
  const conversation = Buffer.concat([
    PREFACE,
    frame(SETTINGS, 0, 0, Buffer.alloc(12)),
    frame(HEADERS, 0, 1, Buffer.alloc(30)),
    frame(DATA, 0, 1, two.subarray(0, 3)),
    frame(HEADERS, 0, 3, Buffer.alloc(7)),
    frame(DATA, END_STREAM, 3, message(70_000)),
    frame(DATA, 0, 1, two.subarray(3)),
    frame(DATA, END_STREAM, 1, Buffer.alloc(0)),
  ]);

  it.each([1, 2, 9, 1_000, conversation.length])(
    'counts bytes, messages and headers right when the bytes arrive in pieces of %i',
    (size) => {
      const { bytes, messages, headers } = count(conversation, size);
      expect({ bytes, messages, headers }).toEqual({ bytes: conversation.length, messages: 3, headers: 2 });
    },
  );

  it('does not take padding for messages', () => {
    const padding = message(0);
    const padded = Buffer.concat([Buffer.from([padding.length]), message(4), padding]);
    expect(count(frame(DATA, PADDED, 1, padded), 1, 'server').messages).toBe(1);
  });

  it('counts the next message of a stream right after a reset in the middle of a message', () => {
    const RST_STREAM = 3;
    const cut = Buffer.concat([
      frame(DATA, 0, 1, message(50).subarray(0, 20)),
      frame(RST_STREAM, 0, 1, Buffer.alloc(4)),
      frame(DATA, 0, 1, message(1)),
    ]);
    expect(count(cut, cut.length, 'server').messages).toBe(2);
  });
});
