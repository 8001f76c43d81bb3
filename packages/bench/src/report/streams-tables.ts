/** Tables of throughput, cost and latency of streams. */
import type { VariantRounds } from '../measure/in-rounds.js';
import type { Settings } from '../measure/settings.js';
import { MANY, type StreamsTurn } from '../measure/streams.js';
import { costsTable, latencyTable, ratesTable } from './comparisons.js';

export function streamsTables(rows: readonly VariantRounds<StreamsTurn>[], { rounds, seconds }: Settings): string[] {
  const measured = `median of ${rounds} rounds of ${seconds} s, least–most`;
  return [
    ratesTable(`Messages echoed on one stream: ${measured}`, 'messages/s', rows, ({ one }) => one),
    ratesTable(`Messages echoed on ${MANY} streams: ${measured}`, 'messages/s', rows, ({ many }) => many),
    costsTable(`CPU µs a message on ${MANY} streams, medians`, rows, ({ many }) => many),
    latencyTable(`Round trip in µs, one under way: ${measured}`, rows, ({ roundTrip }) => roundTrip),
  ];
}
