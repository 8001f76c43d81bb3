import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { batches } from './command/batches.js';
import { playBatches } from './command/pool.js';
import { Tally } from './command/tally.js';
import type { PlanLimits } from './plan/plan.js';
import { simulate } from './run.js';
import type { TraceEvent } from './trace/event.js';

/**
 * Seeds that every version of the core is to pass, and fresh ones. `mutations.test.ts` plays, besides, the seeds that show
 * the lack of a rule, on the core that has it. Of fresh ones about one in five thousand still finds a
 * fault of the core or of a check, so most of them are played by hand (`npm run simulate`), and their faults are in FOUND.md.
 */
const KNOWN_SEEDS = 400;
const FRESH_SEEDS = 200;
/** Workers run what was compiled. */
const WORKER = new URL('../dist/command/worker.js', import.meta.url);

/** A worker plays the known seeds first: by the fresh ones its code is compiled. */
async function play(fresh: bigint): Promise<{ readonly known: Tally; readonly fresh: Tally }> {
  const tallies = { known: new Tally(1n), fresh: new Tally(fresh) };
  const tallyOf = (seed: bigint): Tally => (seed >= 1n && seed <= KNOWN_SEEDS ? tallies.known : tallies.fresh);
  function* all() {
    yield* batches(1n, KNOWN_SEEDS, 1);
    yield* batches(fresh, FRESH_SEEDS, 1);
  }
  await playBatches({
    start: () => new Worker(WORKER, { workerData: {}, execArgv: [] }),
    // Other test files keep the other processors busy, and each worker compiles the code anew.
    workers: 1,
    batches: all(),
    hangMs: 240_000,
    signal: new AbortController().signal,
    onResult: (result) => tallyOf(result.seed).add(result),
    onFailure: (failure) => tallyOf(failure.seed).fail(failure),
  });
  return tallies;
}

const replays = ({ violations, failures }: Tally): string[] =>
  [...violations, ...failures].map(({ seed, reason }) => `${reason}\n  npm run simulate -- --seed ${seed} --trace`);

/** Handlers of these runs ask for values, arm timers, run functions once, and open streams. */
const PUT_OFF: PlanLimits = { values: true, timers: true, once: true, nestedStreams: true };

describe('runs by seed', () => {
  const fresh = randomBytes(8).readBigUInt64LE();
  let played: Awaited<ReturnType<typeof play>>;
  beforeAll(async () => {
    console.log(`fresh seeds begin with ${fresh}`);
    played = await play(fresh);
  });

  it(`keep every promise for the seeds 1 to ${KNOWN_SEEDS}`, () => {
    expect(replays(played.known)).toEqual([]);
    expect(played.known.runs).toBe(KNOWN_SEEDS);
  });

  it(`keep every promise for ${FRESH_SEEDS} fresh seeds, from ${fresh} on`, () => {
    expect(replays(played.fresh)).toEqual([]);
    expect(played.fresh.runs).toBe(FRESH_SEEDS);
  });

  it.each([
    ['without limits', {}],
    ['with nested calls', { nested: true, without: ['drills'] }],
    ['with all that handlers put off or run once', { ...PUT_OFF, without: ['drills', 'stuck'] }],
  ])('are the same again for the same seed, %s', (_, limits) => {
    const trace = () => {
      const events: TraceEvent[] = [];
      const tracer = { plan: () => {}, event: (event: TraceEvent) => events.push(event), violation: () => {} };
      return { result: simulate(7n, { tracer, ...limits }), events };
    };
    const first = trace();
    expect(trace()).toEqual(first);
    expect(first.events.length).toBeGreaterThan(50);
  });

  it('show nested calls in their traces', () => {
    const texts: string[] = [];
    const tracer = {
      plan: (text: string) => texts.push(text),
      event: (event: TraceEvent) => texts.push(event.text),
      violation: () => {},
    };
    for (let seed = 1n; seed <= 10n; seed++) simulate(seed, { nested: true, without: ['drills'], tracer });
    const text = texts.join('\n');
    expect(text).toMatch(/; nested calls 0\.\d, callee \d+ ms/);
    expect(text).toMatch(/^calls m\d+\.1 \(\d+\.0 of term \d+\)$/m);
    expect(text).toMatch(/^answers m\d+\.1 /m);
    expect(text).toMatch(/^calls m\d+ for a group, as 1\.0 of term 1, settled up to 0$/m);
  });

  it('show in their traces timers and once-effects of handlers', () => {
    const texts: string[] = [];
    const tracer = {
      plan: (text: string) => texts.push(text),
      event: (event: TraceEvent) => texts.push(event.text),
      violation: () => {},
    };
    for (let seed = 1n; seed <= 12n; seed++) simulate(seed, { ...PUT_OFF, without: ['drills', 'stuck'], tracer });
    const text = texts.join('\n');
    expect(text).toMatch(/; values \d/);
    expect(text).toMatch(/; timers 0\.\d, cleared, every \d+/);
    expect(text).toMatch(/^processes \d+ at \d+: every every-\d+$/m);
    expect(text).toMatch(/^runs m\d+\.1$/m);
    expect(text).toMatch(/^processes \d+ at \d+: reply to \d+\.\d: 1-\d-/m);
  });
});
