/** The table of goodput under overload. */
import type { VariantRounds } from '../measure/in-rounds.js';
import { DEADLINE_MS, type OverloadTurn, TIMES } from '../measure/overload.js';
import type { Settings } from '../measure/settings.js';
import { spreadOf } from '../measure/statistics.js';
import { attemptsText } from './circumstances.js';
import { digits, range, table } from './table.js';

export function overloadTable(rows: readonly VariantRounds<OverloadTurn>[], { rounds, seconds }: Settings): string {
  const title =
    `Goodput when more is offered than can be served: calls/s that were answered\n` +
    `within ${DEADLINE_MS} ms, medians of ${rounds} rounds of ${seconds} s; p99 in ms`;
  const [least, most] = [Math.min(...TIMES), Math.max(...TIMES)];
  const lines = rows.map(({ variant, turns }) => {
    const median = (value: (turn: OverloadTurn) => number): string => digits(spreadOf(turns.map(value)).median);
    const kept = spreadOf(turns.map((turn) => answered(turn, most) / answered(turn, least)));
    const tail = (turn: OverloadTurn): number => (at(turn, most)?.latencies.p99 ?? Number.NaN) / 1_000;
    const goodputs = TIMES.map((times) => median((turn) => answered(turn, times)));
    return [variant, median(({ capacity }) => capacity), ...goodputs, digits(kept.median), range(kept), median(tail)];
  });
  const offered = TIMES.map((times) => `${times}×`);
  const head = ['', 'capacity', ...offered, `${most}×/${least}×`, '', 'p99'];
  return `${table(title, head, lines)}\n${attemptsText(rows.flatMap(({ turns }) => turns))}`;
}

const at = ({ offered }: OverloadTurn, times: number) => offered.find((each) => each.times === times);

const answered = (turn: OverloadTurn, times: number): number => at(turn, times)?.answeredPerSecond ?? Number.NaN;
