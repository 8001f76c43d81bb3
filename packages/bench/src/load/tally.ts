/** The counts that a driver keeps while it is measured. */
import { build } from 'hdr-histogram-js';
import { usage } from '../ipc/child-side.js';
import type { Mark } from '../ipc/commands.js';

const LONGEST_US = 60_000_000;
const NS_PER_US = 1_000;

/** Counts calls and their latencies between one mark and the next. */
export class Tally {
  readonly #histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_US,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
    useWebAssembly: false,
  });
  #failures = 0;
  #failure: string | undefined;

  reply(latencyNs: bigint): void {
    this.#histogram.recordValue(Math.min(Math.round(Number(latencyNs) / NS_PER_US), LONGEST_US));
  }

  failure(message: string): void {
    this.#failures += 1;
    this.#failure ??= message;
  }

  mark(): Mark {
    const histogram = this.#histogram;
    const mark: Mark = {
      ...usage(),
      calls: histogram.totalCount,
      failures: this.#failures,
      failure: this.#failure,
      latencies: {
        count: histogram.totalCount,
        p50: histogram.getValueAtPercentile(50),
        p99: histogram.getValueAtPercentile(99),
        max: histogram.maxValue,
      },
    };
    histogram.reset();
    this.#failures = 0;
    this.#failure = undefined;
    return mark;
  }
}
