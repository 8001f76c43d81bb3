import crypto, { getRandomValues, randomBytes, randomFill, randomFillSync, randomInt, randomUUID } from 'node:crypto';
import { handle, realOf, type StepValues, trackHandlers, wallMs } from '@understudy/context';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { installGlobals } from './install.js';
import { KeyStream } from './key-stream.js';

const TIME_MS = Date.UTC(2001, 1, 3, 4, 5, 6, 7);

const values = (more: Partial<StepValues> = {}): StepValues => ({
  timeMs: TIME_MS,
  random: new KeyStream(Buffer.alloc(32, 7)),
  inGlobals: true,
  ...more,
});
const inStep = <T>(run: () => T, more?: Partial<StepValues>): T => handle({ values: values(more) }, run);

beforeAll(() => {
  trackHandlers();
  installGlobals();
});

describe('the time within a step', () => {
  it('is that of the step, whichever function asks for it', () => {
    inStep(() => {
      expect(Date.now()).toBe(TIME_MS);
      expect(`${new Date().toJSON()}`).toBe('2001-02-03T04:05:06.007Z');
      expect(Date()).toBe(new Date(TIME_MS).toString());
      expect(performance.timeOrigin + performance.now()).toBe(TIME_MS);
      const format = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeZone: 'UTC' });
      expect(format.format()).toBe('Saturday, February 3, 2001');
      expect(format.formatToParts()).toEqual(format.formatToParts(TIME_MS));
      expect(format.format(0)).toBe('Thursday, January 1, 1970');
    });
  });

  it('is the real one outside of steps and between them', () => {
    const before = wallMs();
    for (const now of [Date.now(), inStep(() => Date.now(), { timeMs: undefined })]) {
      expect(now).toBeGreaterThanOrEqual(before);
    }
    expect(performance.timeOrigin).toBeGreaterThan(TIME_MS);
  });

  it('is the real time when the globals are left alone', () => {
    expect(inStep(() => Date.now(), { inGlobals: false })).not.toBe(TIME_MS);
  });

  it('is the same in everything that the handler starts', async () => {
    const seen = await inStep(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      const inCallback = await new Promise<number>((resolve) => process.nextTick(() => resolve(Date.now())));
      return [inCallback, Date.now()];
    });
    expect(seen).toEqual([TIME_MS, TIME_MS]);
  });
});

describe('the Date that replaces the real one', () => {
  it('looks like the real one', () => {
    expect([Date.name, Date.length, Date.prototype.constructor === Date]).toEqual(['Date', 7, true]);
    expect(Object.keys(Date)).toEqual([]);
    expect(Date.UTC(2001, 0)).toBe(978_307_200_000);
    expect(Date.parse('2001-01-01T00:00:00Z')).toBe(978_307_200_000);
    expect(typeof Date()).toBe('string');
  });

  it('makes dates that every check takes for dates', () => {
    const real = realOf(Date);
    for (const date of [new Date(5), new real(5)]) {
      expect(date).toBeInstanceOf(Date);
      expect(date).toBeInstanceOf(real);
      expect(structuredClone(date)).toEqual(date);
    }
    expect(new Date(2001, 1, 3, 4, 5, 6, 7)).toEqual(new real(2001, 1, 3, 4, 5, 6, 7));
    expect(new Date(undefined as unknown as number).getTime()).toBeNaN();
    expect(inStep(() => new Date('2020-01-01').getTime())).toBe(Date.UTC(2020, 0));
  });

  it('can be extended', () => {
    class Stamp extends Date {
      readonly tag = 'x';
    }
    const stamp = inStep(() => new Stamp());
    expect(stamp).toBeInstanceOf(Stamp);
    expect([stamp.getTime(), stamp.tag]).toEqual([TIME_MS, 'x']);
  });

  it('stays the same when it is installed again', () => {
    const first = [Date, Date.now, performance.now, Math.random, crypto.randomUUID];
    installGlobals();
    expect([Date, Date.now, performance.now, Math.random, crypto.randomUUID]).toEqual(first);
  });

  it('leaves the clock to tests that fake it', () => {
    vi.useFakeTimers({ now: 5, toFake: ['Date'] });
    try {
      expect([Date.now(), wallMs()]).toEqual([5, 5]);
    } finally {
      vi.useRealTimers();
    }
    expect(inStep(() => Date.now())).toBe(TIME_MS);
  });
});

describe('a second copy of our packages in the process', () => {
  it('is asked for its step as well, and replaces nothing again', async () => {
    const before = [Date, performance.now, crypto.randomBytes];
    vi.resetModules();
    const context = await import('@understudy/context');
    const copy = await import('./install.js');
    expect(context.handle).not.toBe(handle);
    context.trackHandlers();
    copy.installGlobals();
    expect([Date, performance.now, crypto.randomBytes]).toEqual(before);
    context.handle({ values: values() }, () => {
      expect([Date.now(), context.stepTime()]).toEqual([TIME_MS, TIME_MS]);
      expect(context.wallMs()).not.toBe(TIME_MS);
    });
    expect(inStep(() => Date.now())).toBe(TIME_MS);
    expect(Date.now()).not.toBe(TIME_MS);
  });
});

/** Everything that gives randomness, each used once. */
async function draw(): Promise<unknown[]> {
  const array = new Uint32Array(4);
  const words = new Uint16Array(4);
  return [
    Math.random(),
    crypto.randomUUID(),
    randomUUID(),
    globalThis.crypto.randomUUID(),
    crypto.webcrypto.randomUUID(),
    [...globalThis.crypto.getRandomValues(array)],
    [...getRandomValues(new Uint8Array(5))],
    randomBytes(600).toString('hex'),
    await new Promise((resolve) => randomBytes(3, (_, bytes) => resolve(bytes.toString('hex')))),
    randomInt(1000),
    randomInt(-5, 5),
    await new Promise((resolve) => randomInt(10, 1000, (_, value) => resolve(value))),
    randomFillSync(Buffer.alloc(4), 2).toString('hex'),
    [...randomFillSync(words, 1, 2)],
    await new Promise((resolve) => randomFill(Buffer.alloc(4), 1, 2, (_, bytes) => resolve(bytes.toString('hex')))),
  ];
}

describe('the randomness within a step', () => {
  it('is that of the step, whichever function draws it', async () => {
    const first = await inStep(draw);
    expect(await inStep(draw)).toEqual(first);
    const other = await inStep(draw, { random: new KeyStream(Buffer.alloc(32, 8)) });
    // Numbers from a few values may be equal by chance.
    for (const [i, drawn] of other.entries()) if (i < 9) expect(drawn).not.toEqual(first[i]);
    expect(new Set(first.map((drawn) => JSON.stringify(drawn))).size).toBe(first.length);
  });

  it('is real outside of steps', async () => {
    const [first, second] = [await draw(), await draw()];
    for (const i of first.keys()) if (i < 9) expect(second[i]).not.toEqual(first[i]);
  });

  it('leaves bytes outside the given range unchanged', () => {
    inStep(() => {
      expect([...randomFillSync(Buffer.alloc(6), 2, 2)].map((byte) => byte !== 0)).toEqual(
        expect.arrayContaining([false]),
      );
      const filled = randomFillSync(new Uint16Array(4), 1, 2);
      expect([filled[0], filled[3]]).toEqual([0, 0]);
    });
  });

  it('gives UUIDs of version 4', () => {
    const uuids = inStep(() => Array.from({ length: 500 }, () => randomUUID()));
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(uuids).size).toBe(uuids.length);
  });

  it('gives numbers that are spread evenly', () => {
    inStep(() => {
      expect(evenness(10, () => Math.floor(Math.random() * 10))).toBeLessThan(CHI_SQUARE_9);
      expect(evenness(10, () => randomInt(10))).toBeLessThan(CHI_SQUARE_9);
      expect(evenness(10, () => randomInt(-3, 7) + 3)).toBeLessThan(CHI_SQUARE_9);
    });
  });

  it('refuses what the real functions refuse', () => {
    inStep(() => {
      expect(() => randomBytes(-1)).toThrow(RangeError);
      expect(() => randomInt(5, 5)).toThrow(RangeError);
      expect(() => randomInt('5' as unknown as number)).toThrow(TypeError);
      expect(() => randomFillSync(Buffer.alloc(2), 3)).toThrow(RangeError);
      expect(() => globalThis.crypto.getRandomValues(new Uint8Array(65_537))).toThrow('65,536');
      expect(() => randomUUID(5 as unknown as object)).toThrow(TypeError);
    });
  });
});

/** One in a million samples of fair tens has more than this. The stream has one key, so the test has one outcome. */
const CHI_SQUARE_9 = 45;

/** The statistic of the chi-squared test over 20,000 draws. */
function evenness(kinds: number, next: () => number): number {
  const draws = 20_000;
  const counts = new Array<number>(kinds).fill(0);
  for (let i = 0; i < draws; i++) {
    const drawn = next();
    counts[drawn] = (counts[drawn] ?? Number.NaN) + 1;
  }
  const expected = draws / kinds;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
