/** Whether the clocks of the replicas agree. The time that handlers see is the primary's, so it jumps at a failover. */
import type { LiveStatus } from '../group/live-status.js';
import { type Finding, finding, ok } from './finding.js';

/** Clocks that NTP keeps differ by some milliseconds. */
const DIFFERENCE_MAX_MS = 500;

interface Reading {
  readonly id: string;
  /** The replica's clock minus this machine's, milliseconds. */
  readonly offsetMs: number;
  /** The largest error that the measurement can have. */
  readonly errorMs: number;
}

export function clockFindings({ replicas }: LiveStatus): readonly Finding[] {
  const readings = replicas.flatMap(({ id, told }): Reading[] => {
    if (told === undefined || told.report.nowMs === 0) return [];
    const { askedAtMs, answeredAtMs, report } = told;
    const errorMs = Math.abs(answeredAtMs - askedAtMs) / 2;
    return [{ id, offsetMs: report.nowMs - (askedAtMs + answeredAtMs) / 2, errorMs }];
  });
  const [first, ...others] = readings.sort((a, b) => a.offsetMs - b.offsetMs);
  if (first === undefined) return [];
  // The median clock counts as right: a wrong clock is rarely in the majority.
  const right = readings[Math.floor(readings.length / 2)] ?? first;
  const wrong = readings.filter((reading) => differs(reading, right));
  if (wrong.length > 0) return wrong.map((reading) => wrongClock(reading, right));
  const here: Reading = { id: 'this machine', offsetMs: 0, errorMs: 0 };
  const said = ok('clock', `the clocks of ${[first, ...others].map(({ id }) => id).join(', ')} agree`);
  if (!differs(here, right)) return [said];
  const text = `this machine's clock is ${apart(here, right)} the replicas'; synchronize it (NTP) before you compare logs`;
  return [said, finding('warn', 'clock', text)];
}

const differs = (one: Reading, other: Reading): boolean =>
  Math.abs(one.offsetMs - other.offsetMs) > DIFFERENCE_MAX_MS + one.errorMs + other.errorMs;

function wrongClock(reading: Reading, right: Reading): Finding {
  const text = `its clock is ${apart(reading, right)} ${right.id}'s, and so the time that handlers see jumps when it becomes primary; synchronize it (NTP)`;
  return finding('wrong', 'clock', text, reading.id);
}

function apart(one: Reading, other: Reading): string {
  const seconds = (one.offsetMs - other.offsetMs) / 1_000;
  return `${Math.abs(seconds).toFixed(1)} s ${seconds > 0 ? 'ahead of' : 'behind'}`;
}
