/** The benchmark program: measures what the command line asks for, and prints and writes the report. */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { interruption } from './interruption.js';
import { BenchFailure } from './ipc/child.js';
import { measureFailovers } from './measure/failover.js';
import { measureReads } from './measure/handlers/reads.js';
import { measureWaits } from './measure/handlers/waits.js';
import { measureIdle } from './measure/idle/idle.js';
import { measureJoinings } from './measure/joining/joining.js';
import { measureLarge } from './measure/large/large.js';
import { measureOverload } from './measure/overload.js';
import { measureRecoveries } from './measure/recovery.js';
import { measureRounds } from './measure/rounds.js';
import type { Bench, Settings } from './measure/settings.js';
import { measureStreams } from './measure/streams.js';
import { variantsOf } from './measure/variants.js';
import { measureWire } from './measure/wire.js';
import { parseSettings } from './options.js';
import { Interrupted } from './processes/stage.js';
import { thisMachine } from './report/machine.js';
import type { BenchReport } from './report/report.js';
import { textOf } from './report/text.js';

const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;

/** Measures one section after the other. When this ends early, `report` has what was measured until then. */
async function measure(settings: Settings, report: BenchReport): Promise<void> {
  const { only, mode, variants: wanted } = settings;
  const bench: Bench = { settings, interrupt: interruption(), progress: (sentence) => console.error(sentence) };
  const variants = variantsOf(mode).filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (only.includes('throughput') || only.includes('latency')) report.rounds = await measureRounds(bench, variants);
  if (only.includes('streams')) report.streams = await measureStreams(bench, variants);
  if (only.includes('overload')) report.overload = await measureOverload(bench, variants);
  if (only.includes('large'))
    await measureLarge(bench, variants, (results) => {
      report.large = results;
    });
  if (only.includes('waits')) report.waits = await measureWaits(bench, variants);
  if (only.includes('reads')) report.reads = await measureReads(bench);
  if (only.includes('wire')) report.wire = await measureWire(bench, variants);
  if (only.includes('idle'))
    await measureIdle(bench, (results) => {
      report.idle = results;
    });
  if (only.includes('failover')) report.failovers = await measureFailovers(bench);
  if (only.includes('recovery')) report.recoveries = await measureRecoveries(bench);
  if (only.includes('joining')) report.joinings = await measureJoinings(bench);
}

async function main(settings: Settings): Promise<number> {
  const report: BenchReport = { startedAt: new Date().toISOString(), machine: thisMachine(), settings };
  let exitCode = 0;
  try {
    await measure(settings, report);
  } catch (error) {
    if (error instanceof Interrupted) exitCode = EXIT_INTERRUPTED;
    else {
      exitCode = EXIT_FAILED;
      console.error(error instanceof BenchFailure ? `FAIL ${error.message}` : error);
    }
  }
  console.log(`\n${textOf(report)}`);
  if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(report, null, 2)}\n`);
  return exitCode;
}

process.exitCode = await main(parseSettings(new Command(), process.argv));
