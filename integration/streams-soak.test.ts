import { describe, expect, it } from 'vitest';
import { type StreamsSize, streamsPlanOf } from '../packages/workshop/dist/soak/streams/plan.js';
import { streamsRunLine } from '../packages/workshop/dist/soak/streams/report.js';
import { runStreamsPlan } from '../packages/workshop/dist/soak/streams/run.js';
import { HANG_S } from './group.js';

/** Twice the default lease, because test files run side by side. */
const SIZE: StreamsSize = { rounds: 2, streams: 8, messages: 150, leaseMs: 600 };
/** These seeds cover both replications, multicasts and releases. */
const SEEDS = [0, 7];

describe('streams whose primary is killed', () => {
  it.each(SEEDS)('go on without a gap or a repeat, and each message counts once, seed %d', async (seed) => {
    const plan = streamsPlanOf(seed, SIZE);
    const interrupt = new AbortController().signal;
    const outcome = await runStreamsPlan(plan, { timeoutS: HANG_S, interrupt, keep: false });
    console.log(streamsRunLine(outcome, `seed ${seed}`));
    expect(outcome.violations).toEqual([]);
    expect(outcome.rounds).toHaveLength(SIZE.rounds);
  });
});
