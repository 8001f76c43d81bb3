/**
 * The demo: runs an example without and with replicas, kills primaries, and proves that the clients saw a single
 * service.
 */
import colors from 'picocolors';
import { OperationsFileError, readOperations } from '../bank/operations-file.js';
import {
  type DemoOptions,
  EXIT_BAD_INPUT,
  parseDemoOptions,
  type RunOptions,
  type StreamsOptions,
  type Wish,
} from './command/options.js';
import { showDivergence } from './diverge/diverge-demo.js';
import { isProven, report } from './report/report.js';
import { runBare, runReplicated } from './run-demo.js';
import { type Progress, progressOn } from './show/progress.js';
import { DemoFailure } from './stage/children.js';
import { interruption } from './stage/interruption.js';
import { Interrupted, Stage } from './stage/stage.js';
import { CHAT_DEMO } from './streams/chat/chat-demo.js';
import { GUIDE_DEMO } from './streams/guide/guide-demo.js';
import type { Arrivals } from './streams/job.js';
import { runBareStreams, runReplicatedStreams } from './streams/run-streams.js';
import type { StreamDemo } from './streams/stream-demo.js';
import { bareReport, streamsReport } from './streams/streams-report.js';

const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;

/** Shows an example. Resolves with true if the run kept all promises. */
type Show = (stage: Stage, progress: Progress) => Promise<boolean>;

async function demo(wish: Wish): Promise<number> {
  switch (wish.example) {
    case 'bank':
      return onStage(wish.options, await bank(wish.options));
    case 'route-guide':
      return onStage(wish.options, streams(GUIDE_DEMO, wish.options));
    case 'chat':
      return onStage(wish.options, streams(CHAT_DEMO, wish.options));
    case 'divergence':
      return (await showDivergence()) ? 0 : EXIT_FAILED;
  }
}

async function bank(options: DemoOptions): Promise<Show> {
  const operations = await readOperations(options.input);
  announce(`${operations.length} operations, ${options.inFlight} in flight, ${options.replicas} replicas`, options);
  return async (stage, progress) => {
    const bare = await runBare(stage, options, operations, progress);
    const ours = await runReplicated(stage, options, operations, progress);
    console.log(`\n${report(bare, ours, options, operations.length)}`);
    return isProven(ours) && bare.verdict.problemCount === 0;
  };
}

function streams<Piece, Result extends Arrivals>(demo: StreamDemo<Piece, Result>, options: StreamsOptions): Show {
  const what = `${demo.title}: ${options.clients} ${demo.clients}, ${options.messages} messages of each`;
  if (options.bare) console.log(`${colors.bold(`${what}, no replicas`)}\n`);
  else announce(`${what}, ${options.replicas} replicas`, options);
  return async (stage, progress) => {
    const bare = await runBareStreams(stage, demo, options, progress);
    const isRight = bare.proof.problemCount === 0;
    if (options.bare) {
      console.log(`\n${bareReport(bare, demo, options)}`);
      return isRight;
    }
    const ours = await runReplicatedStreams(stage, demo, options, progress);
    console.log(`\n${streamsReport(bare, ours, demo, options)}`);
    return isRight && ours.proof.problemCount === 0 && ours.shortcomings.length === 0;
  };
}

function announce(what: string, { mode }: RunOptions): void {
  console.log(colors.bold(what));
  console.log(`${mode.replication}, ${mode.multicast}, ${mode.release}, ${mode.carrier}; lease ${mode.leaseMs} ms\n`);
}

/**
 * Shows an example on a stage of its own. Afterwards all processes are gone, and of the files only the logs of a
 * failure stay.
 */
async function onStage({ timeoutS, keep }: RunOptions, show: Show): Promise<number> {
  const stage = new Stage(timeoutS, interruption());
  const progress = progressOn(process.stdout);
  let exitCode = EXIT_FAILED;
  try {
    if (await show(stage, progress)) exitCode = 0;
  } catch (error) {
    progress.end();
    if (error instanceof Interrupted) exitCode = EXIT_INTERRUPTED;
    else console.error(`\n${colors.red('FAIL')} ${error instanceof DemoFailure ? error.message : stackOf(error)}`);
  } finally {
    await stage.end();
  }
  if (keep || exitCode === EXIT_FAILED) console.log(`\nThe logs of the processes are in ${stage.dir}`);
  else stage.removeDir();
  return exitCode;
}

const stackOf = (error: unknown): string => (error instanceof Error && error.stack) || String(error);

try {
  process.exitCode = await demo(parseDemoOptions(process.argv));
} catch (error) {
  if (!(error instanceof OperationsFileError)) throw error;
  console.error(error.message);
  process.exitCode = EXIT_BAD_INPUT;
}
