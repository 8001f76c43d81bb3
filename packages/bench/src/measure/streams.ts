import type { Pace } from '../ipc/commands.js';
import type { Stage } from '../processes/stage.js';
import type { Finding } from './attempts.js';
import { inRounds, type VariantRounds } from './in-rounds.js';
import { profiled } from './profiled.js';
import type { Bench } from './settings.js';
import { isWhole, openSite } from './site.js';
import { type Stretch, untilWarm, watch } from './stretch.js';
import type { Variant } from './variants.js';

/** Streams of the measurement with many. */
export const MANY = 16;
const SETTLE_SECONDS = 0.5;
/** A message costs less than a call: it takes more of them until everything is compiled. */
const WARM_MESSAGES = 40_000;

/** One variant in one round; `callsPerSecond` is messages that came back a second. */
export interface StreamsTurn {
  /** As many messages under way as the flow control lets. */
  readonly one: Stretch;
  readonly many: Stretch;
  /** One stream with one message under way. */
  readonly roundTrip: Stretch;
}

/** Bidirectional streams whose messages are echoed. They travel alike whatever carries unary calls. */
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
