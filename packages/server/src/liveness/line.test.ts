import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { BEAT, Line } from './line.js';

const CASES = 3_000;
const [THERE, BACK] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

/** One end of a connection, of which a test says what arrives. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  readonly writableLength = 0;
  readonly written: Buffer[] = [];

  setNoDelay(): void {}

  unref(): void {}

  write(bytes: Buffer): void {
    this.written.push(bytes);
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function line(sealed: boolean) {
  const socket = new FakeSocket();
  const frames: (readonly [kind: number, payload: Buffer])[] = [];
  const made = new Line(
    socket as unknown as Socket,
    (kind, payload) => frames.push([kind, Buffer.from(payload)]),
    () => {},
  );
  if (sealed) made.seal(THERE, BACK);
  return { socket, frames, made };
}

/** The bytes of frames as the other side sends them, sealed. */
function sent(payloads: readonly Uint8Array[]): Buffer {
  const { socket, made } = line(false);
  made.seal(BACK, THERE);
  for (const payload of payloads) made.send(BEAT, payload);
  return Buffer.concat(socket.written);
}

/** Brings bytes in pieces that begin and end anywhere. */
function arrive(socket: FakeSocket, bytes: Buffer, cuts: readonly number[]): void {
  const at = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of at) {
    if (!socket.destroyed) socket.emit('data', bytes.subarray(from, to));
    from = to;
  }
}

const payloads = fc.array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 5 });
const cuts = fc.array(fc.nat(), { maxLength: 5 });

it('a line has the frames that were sent, wherever the network cuts them', () => {
  fc.assert(
    fc.property(payloads, cuts, (each, where) => {
      const { socket, frames } = line(true);
      arrive(socket, sent(each), where);
      expect(frames).toEqual(each.map((payload) => [BEAT, Buffer.from(payload)]));
      expect(socket.destroyed).toBe(false);
    }),
    { numRuns: CASES },
  );
});

it('a line whose other side has proved itself takes no frame with a bit changed, and nothing after it', () => {
  fc.assert(
    fc.property(payloads, cuts, fc.nat(), (each, where, bit) => {
      const { socket, frames } = line(true);
      const bytes = sent(each);
      const at = (bit >> 3) % bytes.length;
      bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
      arrive(socket, bytes, where);
      expect(frames.length).toBeLessThan(each.length);
      expect(frames).toEqual(each.slice(0, frames.length).map((payload) => [BEAT, Buffer.from(payload)]));
    }),
    { numRuns: CASES },
  );
});

it('a line of a stranger takes any bytes, and holds no more of them than one frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), cuts, fc.boolean(), (bytes, where, sealed) => {
      const { socket, frames } = line(sealed);
      arrive(socket, Buffer.from(bytes), where);
      const taken = frames.reduce((sum, [, payload]) => sum + 2 + payload.length, 0);
      if (sealed) expect(frames).toEqual([]);
      else expect(bytes.length - taken).toBeLessThan(2 + 255);
    }),
    { numRuns: CASES },
  );
});
