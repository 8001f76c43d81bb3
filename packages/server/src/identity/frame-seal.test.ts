import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameSeal } from './frame-seal.js';

const CASES = 2_000;
const KEY = Buffer.alloc(32, 7);
const messages = fc.array(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  { minLength: 2, maxLength: 6 },
);

/** How a network changes a sequence of messages, each so that it is another one. */
const CHANGES: Readonly<Record<string, (sealed: readonly Buffer[], at: number, bit: number) => Buffer[]>> = {
  drops: (sealed, at) => sealed.filter((_, i) => i !== at % (sealed.length - 1)),
  repeats: (sealed, at) => sealed.flatMap((each, i) => (i === at % sealed.length ? [each, each] : [each])),
  reorders: (sealed, at) => {
    const i = at % (sealed.length - 1);
    return sealed.map((each, j) => (j === i ? sealed[i + 1] : j === i + 1 ? sealed[i] : each) as Buffer);
  },
  flips: (sealed, at, bit) =>
    sealed.map((each, i) => {
      const copy = Buffer.from(each);
      const byte = (bit >> 3) % copy.length;
      if (i === at % sealed.length) copy[byte] = (copy[byte] as number) ^ (1 << (bit & 7));
      return copy;
    }),
  shortens: (sealed, at, bit) =>
    sealed.map((each, i) => (i === at % sealed.length ? each.subarray(0, bit % each.length) : each)),
  lengthens: (sealed, at, bit) =>
    sealed.map((each, i) => (i === at % sealed.length ? Buffer.concat([each, Buffer.alloc(1 + (bit % 40))]) : each)),
};

it('a link has the messages that were sealed for it', () => {
  fc.assert(
    fc.property(messages, (sent) => {
      const [sealer, opener] = [new FrameSeal(KEY), new FrameSeal(KEY)];
      expect(sent.map((message) => opener.open(sealer.seal(message)))).toEqual(sent);
    }),
    { numRuns: CASES },
  );
});

it.each(Object.entries(CHANGES))('a network that %s messages of a link is noticed at the first one', (_how, change) => {
  fc.assert(
    fc.property(messages, fc.nat(), fc.nat(), (sent, at, bit) => {
      const [sealer, opener] = [new FrameSeal(KEY), new FrameSeal(KEY)];
      const sealed = sent.map((message) => sealer.seal(message));
      const came: Buffer[] = [];
      let refused: unknown;
      try {
        for (const each of change(sealed, at, bit)) came.push(opener.open(each));
      } catch (error) {
        refused = error;
      }
      expect(refused).toMatchObject({ code: 'UNDERSTUDY_MALFORMED' });
      // Whatever came before that was sent, and in this sequence.
      expect(came).toEqual(sent.slice(0, came.length));
    }),
    { numRuns: CASES },
  );
});
