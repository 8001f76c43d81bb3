import { describe, expect, it } from 'vitest';
import { Rest } from './rest.js';

const STEPS = 200;

/** Does ticks and microtasks in turn, as node's streams and a handler's promises do. */
function beAtIt(rounds: number, done: () => void): void {
  if (rounds === 0) done();
  else process.nextTick(() => queueMicrotask(() => beAtIt(rounds - 1, done)));
}

/** Runs steps one after the other; each begins when the one before is at rest. */
const inSequence = (rest: Rest, begin: (step: number) => void): Promise<void> =>
  new Promise((resolve) => {
    const next = (step: number): void => {
      if (step === STEPS) {
        resolve();
        return;
      }
      begin(step);
      rest.after(() => next(step + 1));
    };
    next(0);
  });

describe('waiting until handlers are at rest', () => {
  it('lets all ticks and microtasks of a step finish before the next step begins', async () => {
    const seen: string[] = [];
    await inSequence(new Rest(), (step) => {
      seen.push(`begin ${step}`);
      beAtIt(1 + (step % 20), () => seen.push(`end ${step}`));
    });
    expect(seen).toEqual(Array.from({ length: STEPS }, (_, step) => [`begin ${step}`, `end ${step}`]).flat());
  });

  it('does not take a turn for each of many steps', async () => {
    let turns = 0;
    let counting: NodeJS.Immediate | undefined;
    const count = (): void => {
      turns++;
      counting = setImmediate(count);
    };
    count();
    await inSequence(new Rest(), () => {});
    clearImmediate(counting);
    expect(turns).toBeLessThan(STEPS / 2);
  });

  it('lets sockets and timers have their turn when steps take long', async () => {
    const rest = new Rest();
    await inSequence(rest, () => {});
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await inSequence(rest, () => {
      for (const startedMs = performance.now(); performance.now() - startedMs < 1; );
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(STEPS / 50);
  });

  it('keeps the order of steps that wait at once', async () => {
    const rest = new Rest();
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      for (let i = 0; i < 10; i++) rest.after(() => seen.push(i));
      rest.after(resolve);
    });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
