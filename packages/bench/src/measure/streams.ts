/** Throughput and round trips of streams. */
import type { Pace } from '../ipc/commands.js';
import type { Stage } from '../processes/stage.js';
import type { Finding } from './attempts.js';
import { inRounds, type VariantRounds } from './in-rounds.js';
import { profiled } from './profiled.js';
import type { Bench } from './settings.js';
import { isWhole, openSite } from './site.js';
import { type Stretch, untilWarm, watch } from './stretch.js';
import type { Variant } from './variants.js';

/** How many streams the measurement with many streams has. */
export const MANY = 16;
const SETTLE_SECONDS = 0.5;
/** Messages until everything is compiled: more than calls, because a message takes less code than a call. */
const WARM_MESSAGES = 40_000;

/**
 * The measurements of one variant in one round. `callsPerSecond` is the number of messages that came back per second.
 */
export interface StreamsTurn {
  /** One stream with as many messages under way as flow control allows. */
  readonly one: Stretch;
  readonly many: Stretch;
  /** One stream with one message under way. */
  readonly roundTrip: Stretch;
}

/**
 * Measures bidirectional streams whose messages are echoed. They travel the same way with either carrier of unary
 * calls.
 */
export const measureStreams = (
  bench: Bench,
  variants: readonly Variant[],
): Promise<readonly VariantRounds<StreamsTurn>[]> => {
  const distinct = variants.filter(({ mode }) => mode?.carrier !== 'rpc');
  return inRounds(bench, distinct, ' of streams', measureTurn);
};

async function measureTurn(stage: Stage, bench: Bench, variant: Variant): Promise<Finding<StreamsTurn>> {
  const { replicas, seconds, warmUpSeconds } = bench.settings;
  const site = await openSite(stage, variant, { replicas });
  const stretch = async (streams: number, pace: Pace, name: string, settle: () => Promise<void>): Promise<Stretch> => {
    await site.driver.ask('openStreams', streams, pace);
    await settle();
    const watched = await profiled(bench, site, `${variant.name} ${name}`, () => watch(stage, site, seconds));
    const messages = await stage.until('all streams have ended', site.driver.ask('endStreams'));
    await site.group?.agree(stage, messages);
    return watched;
  };
  const settle = (): Promise<void> => stage.pass(SETTLE_SECONDS);
  const many = await stretch(MANY, 'window', 'streams', () => untilWarm(stage, site, warmUpSeconds, WARM_MESSAGES));
  const one = await stretch(1, 'window', 'stream', settle);
  const roundTrip = await stretch(1, 'one', 'message', settle);
  return { result: { one, many, roundTrip }, whole: await isWhole(site) };
}
