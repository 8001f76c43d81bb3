import { UnderstudyError } from '@understudy/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VERSION } from './bytes/layout.js';
import { Assembler, Chunker, HEADER_MAX_BYTES, type Lane, unwrapFrame, wrapFrame } from './index.js';
import { codecs } from './testing/codecs.js';

/** More can be tried by hand: `FUZZ_CASES=1000000 npx vitest run --project seeds packages/wire/src/fuzz.test.ts`. */
const CASES = Number(process.env.FUZZ_CASES ?? 10_000);
/** A case takes some tens of microseconds; on a loaded machine many times that. */
const CASE_MS = 3;
const CUTS = 1000;

/** The second one: no version of the wire in common. */
const REFUSALS: readonly string[] = ['UNDERSTUDY_MALFORMED', 'UNDERSTUDY_SETUP'];

/**
 * The first frame of a link says which versions its sender speaks, in the two bytes behind its head. It decodes to the same
 * value whatever newer ones it names.
 */
const SAY_VERSIONS: ReadonlySet<string> = new Set(['SessionFrame', 'ReplyFrame', 'PeerHello']);

/** The decoded value, or undefined if the bytes are refused with the right code. Any other error fails the test. */
function decodedOrRefused<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof UnderstudyError && REFUSALS.includes(error.code)) return undefined;
    throw error;
  }
}

const patch = fc.record({ at: fc.nat(), with: fc.uint8Array({ maxLength: 4 }), remove: fc.nat(4) });

/** Replaces, inserts and removes some bytes of a valid encoding, or cuts off its end. */
function damage(bytes: Uint8Array, patches: readonly { at: number; with: Uint8Array; remove: number }[]): Buffer {
  return patches.reduce((damaged, { at, with: inserted, remove }) => {
    const from = at % (damaged.length + 1);
    return Buffer.concat([damaged.subarray(0, from), inserted, damaged.subarray(from + remove)]);
  }, Buffer.from(bytes));
}

describe.each(codecs)('the decoder of $name', ({ name, arbitrary, encode, decode }) => {
  const survives = (bytes: Uint8Array): void => {
    const value = decodedOrRefused(decode, bytes);
    // An accepted encoding must be the only encoding of its value. `expect` takes longer than a decoder: so only if it fails.
    if (value === undefined || Buffer.compare(encode(value), bytes) === 0) return;
    const again = encode(value);
    if (SAY_VERSIONS.has(name)) expect(bytes.subarray(4 - again.length)).toEqual(again.subarray(4));
    else expect(again).toEqual(bytes);
  };

  it(
    'refuses random bytes, or decodes them to a value with just this encoding',
    () => {
      const kind = encode(fc.sample(arbitrary, 1)[0])[1] as number;
      const noise = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }).map((tail) => Uint8Array.of(VERSION, kind, ...tail)),
        fc
          .array(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), { maxLength: 60 })
          .map((tail) => Uint8Array.of(VERSION, kind, ...tail)),
      );
      fc.assert(fc.property(noise, survives), { numRuns: CASES });
    },
    CASES * CASE_MS,
  );

  it(
    'refuses damaged encodings, or decodes them to a value with just this encoding',
    () => {
      const damaged = fc
        .tuple(arbitrary, fc.array(patch, { minLength: 1, maxLength: 3 }))
        .map(([value, patches]) => damage(encode(value), patches));
      fc.assert(fc.property(damaged, survives), { numRuns: CASES });
    },
    CASES * CASE_MS,
  );

  it(
    'refuses an encoding with one bit flipped, or decodes it to a value with just this encoding',
    () => {
      const flipped = fc.tuple(arbitrary, fc.nat()).map(([value, bit]) => {
        const bytes = Buffer.from(encode(value));
        const at = (bit >> 3) % bytes.length;
        bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
        return bytes;
      });
      fc.assert(fc.property(flipped, survives), { numRuns: CASES });
    },
    CASES * CASE_MS,
  );

  it('refuses an encoding that is cut off anywhere', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), (value, cut) => {
        const bytes = encode(value);
        expect(decodedOrRefused(decode, bytes.subarray(0, cut % bytes.length))).toBeUndefined();
      }),
      { numRuns: CUTS },
    );
  });

  it('refuses an encoding that is followed by anything', () => {
    fc.assert(
      fc.property(arbitrary, fc.uint8Array({ minLength: 1, maxLength: 20 }), (value, tail) => {
        expect(decodedOrRefused(decode, Buffer.concat([encode(value), tail]))).toBeUndefined();
      }),
      { numRuns: CUTS },
    );
  });

  it('refuses encodings for other decoders, by their kind', () => {
    for (const other of codecs) {
      if (other.decode === decode) continue;
      for (const value of fc.sample(other.arbitrary, 20)) {
        expect(() => decode(other.encode(value))).toThrow(/UNDERSTUDY_MALFORMED: kind/);
      }
    }
  });

  it('refuses every version but its own, and names both', () => {
    const bytes = Buffer.from(encode(fc.sample(arbitrary, 1)[0]));
    bytes[0] = 3;
    expect(() => decode(bytes)).toThrow(
      'UNDERSTUDY_MALFORMED: wire version 3 is not known here, only 2: upgrade the older',
    );
  });
});

it(
  'unwrapFrame unwraps a Frame message, or refuses bytes that are none',
  () => {
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }).map((tail) => Uint8Array.of(0x0a, ...tail)),
      fc
        .tuple(fc.uint8Array({ maxLength: 300 }), fc.array(patch, { maxLength: 2 }))
        .map(([frame, patches]) => damage(wrapFrame(frame), patches)),
    );
    fc.assert(
      fc.property(message, (bytes) => {
        const frame = decodedOrRefused((message) => unwrapFrame(Buffer.from(message)), bytes);
        if (frame !== undefined) expect(Buffer.compare(wrapFrame(frame), bytes)).toBe(0);
      }),
      { numRuns: CASES },
    );
  },
  CASES * CASE_MS,
);

it.each(codecs.filter(({ name }) => name.startsWith('Rpc')))(
  'the decoder of $name refuses an oversized header before it reads it',
  (codec) => {
    expect(() => codec.decode(new Uint8Array(HEADER_MAX_BYTES + 1))).toThrow(
      /UNDERSTUDY_MALFORMED: header of 16385 bytes/,
    );
  },
);

describe('an assembler', () => {
  const CHUNK_BYTES = 1_100;
  const FRAME_MAX = 8 * CHUNK_BYTES;
  /** Chunks are slow to make, so there are fewer cases. */
  const LINKS = Math.ceil(CASES / 10);
  const chunker = new Chunker({ chunkBytes: CHUNK_BYTES });
  const lane = fc.constantFrom<Lane>('ordinary', 'bulk');
  /** Bytes that begin as each frame does, so that they are not taken for a part. */
  const frame = fc
    .tuple(fc.nat(4 * CHUNK_BYTES), fc.nat(255))
    .map(([length, byte]) => Buffer.concat([Uint8Array.of(VERSION), Buffer.alloc(length, byte)]));
  const link = fc.record({
    frames: fc.array(fc.tuple(frame, lane), { minLength: 1, maxLength: 5 }),
    /** Which lane the next chunk is taken from. */
    turns: fc.array(lane, { maxLength: 30 }),
  });

  /** The chunks of all frames, in the sequence of their lanes, which overtake each other as `turns` says. */
  function chunksOf({ frames, turns }: { frames: [Buffer, Lane][]; turns: Lane[] }): Uint8Array[] {
    const lanes: Record<Lane, Uint8Array[]> = { ordinary: [], bulk: [] };
    for (const [each, on] of frames) lanes[on].push(...chunker.split(each, on));
    const sent: Uint8Array[] = [];
    for (const turn of turns) sent.push(...lanes[turn].splice(0, 1));
    return [...sent, ...lanes.ordinary, ...lanes.bulk];
  }

  it(
    'puts together what was cut, however the parts of two lanes alternate',
    () => {
      fc.assert(
        fc.property(link, ({ frames, turns }) => {
          const assembler = new Assembler();
          const came = chunksOf({ frames, turns }).flatMap((chunk) => assembler.push(chunk) ?? []);
          const sorted = (all: readonly Uint8Array[]): string[] =>
            all.map((each) => Buffer.from(each).toString('base64')).sort();
          expect(sorted(came)).toEqual(sorted(frames.map(([each]) => each)));
          expect(assembler.waitingBytes).toBe(0);
        }),
        { numRuns: LINKS },
      );
    },
    LINKS * 10 * CASE_MS,
  );

  it(
    'refuses damaged chunks, or holds no more than its bound',
    () => {
      const damages = fc.array(fc.tuple(fc.nat(), fc.constantFrom('drop', 'repeat', 'damage'), patch), {
        minLength: 1,
        maxLength: 4,
      });
      let refused = 0;
      fc.assert(
        fc.property(link, damages, (sent, changes) => {
          let chunks = chunksOf(sent);
          for (const [at, how, with_] of changes) {
            const i = at % Math.max(1, chunks.length);
            const chunk = chunks[i] ?? new Uint8Array();
            const instead = how === 'drop' ? [] : how === 'repeat' ? [chunk, chunk] : [damage(chunk, [with_])];
            chunks = [...chunks.slice(0, i), ...instead, ...chunks.slice(i + 1)];
          }
          const assembler = new Assembler({ frameBytesMax: FRAME_MAX });
          for (const chunk of chunks) {
            const before = assembler.waitingBytes;
            const came = decodedOrRefused((bytes) => ({ frame: assembler.push(bytes) }), chunk);
            const { waitingBytes } = assembler;
            if (came === undefined) {
              refused++;
              expect(waitingBytes).toBe(0);
              return;
            }
            expect(waitingBytes).toBeLessThanOrEqual(FRAME_MAX);
            expect(came.frame?.length ?? 0).toBeLessThanOrEqual(before + chunk.length);
          }
        }),
        { numRuns: LINKS },
      );
      expect(refused).toBeGreaterThan(0);
    },
    LINKS * 10 * CASE_MS,
  );
});
