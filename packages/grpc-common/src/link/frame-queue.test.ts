import { Assembler, CHUNK_BYTES, type Lane, unwrapFrame } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { FrameQueue } from './frame-queue.js';

const HEADER_BYTES = 2;
const PART_BYTES = CHUNK_BYTES - HEADER_BYTES;

/** A link that passes each message on when it is told to, and the frames that come out at its other end. */
class Link {
  readonly frames: Uint8Array[] = [];
  readonly #assembler = new Assembler();
  readonly #held: { message: Buffer; taken: () => void }[] = [];

  write(message: Buffer, taken: () => void): void {
    this.#held.push({ message, taken });
  }

  /** @param most how many messages it passes on. Default: all that it is given meanwhile */
  passOn(most = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < most; i++) {
      const held = this.#held.shift();
      if (held === undefined) return;
      const frame = this.#assembler.push(unwrapFrame(held.message));
      if (frame !== undefined) this.frames.push(frame);
      held.taken();
    }
  }
}

const lengthsOf = (frames: readonly Uint8Array[]): number[] => frames.map(({ length }) => length);

describe('the queue of a link', () => {
  it.each<[number, Lane]>(
    [1, 2, 3, 31, 64].flatMap((parts) =>
      [-1, 0, 1, 2 * parts, 2 * parts + 1].flatMap((more): [number, Lane][] => [
        [parts * PART_BYTES + more, 'ordinary'],
        [parts * PART_BYTES + more, 'bulk'],
      ]),
    ),
  )('sends a frame of %d bytes to its last chunk, lane %s', (length, lane) => {
    const link = new Link();
    const queue = new FrameQueue(link);
    let sent = 0;
    queue.send(new Uint8Array(length).fill(1), { lane, sent: () => sent++ });
    link.passOn();
    expect(lengthsOf(link.frames)).toEqual([length]);
    expect(sent).toBe(1);
    expect(queue.bytes).toBe(0);
  });

  it('sends a small frame after the last chunk of a large one of its lane, however small that chunk is', () => {
    const link = new Link();
    const queue = new FrameQueue(link);
    // The headers of the chunks before it have as many bytes as the last chunk.
    const length = 3 * PART_BYTES + 3 * HEADER_BYTES;
    queue.send(new Uint8Array(length));
    // Two chunks have left. When both are passed on, the third has left, and there is room for more.
    link.passOn(2);
    queue.send(new Uint8Array(10));
    link.passOn();
    expect(lengthsOf(link.frames)).toEqual([length, 10]);
  });

  it('says when everything that gRPC was given has been passed on, also when it was closed meanwhile', async () => {
    const link = new Link();
    const queue = new FrameQueue(link);
    await queue.passedOn();
    for (let i = 0; i < 3; i++) queue.send(new Uint8Array(2 * PART_BYTES));
    queue.flush();
    queue.close();
    let passedOn = false;
    const left = queue.passedOn().then(() => {
      passedOn = true;
    });
    link.passOn(5);
    await Promise.resolve();
    expect(passedOn).toBe(false);
    link.passOn();
    await left;
    expect(lengthsOf(link.frames)).toEqual([2 * PART_BYTES, 2 * PART_BYTES, 2 * PART_BYTES]);
  });
});
