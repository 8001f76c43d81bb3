import colors from 'picocolors';
import { OperationsFileError, readOperations } from '../bank/operations-file.js';
import { DemoFailure } from './children.js';
import { interruption } from './interruption.js';
import { type DemoOptions, EXIT_BAD_INPUT, parseDemoOptions } from './options.js';
import { progressOn } from './progress.js';
import { isProven, report } from './report.js';
import { runBare, runReplicated } from './run-demo.js';
import { Interrupted, Stage } from './stage.js';

const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;

async function demo(options: DemoOptions): Promise<number> {
  const operations = await readOperations(options.input);
  const { mode, replicas, inFlight } = options;
  console.log(colors.bold(`${operations.length} operations, ${inFlight} in flight, ${replicas} replicas`));
  console.log(`${mode.replication}, ${mode.multicast}, ${mode.release}, ${mode.carrier}; lease ${mode.leaseMs} ms\n`);

  const stage = new Stage(options.timeoutS, interruption());
  const progress = progressOn(process.stdout);
  let exitCode = EXIT_FAILED;
  try {
    const bare = await runBare(stage, options, operations, progress);
    const ours = await runReplicated(stage, options, operations, progress);
    console.log(`\n${report(bare, ours, options, operations.length)}`);
    if (isProven(ours) && bare.verdict.problemCount === 0) exitCode = 0;
  } catch (error) {
    progress.end();
    if (error instanceof Interrupted) exitCode = EXIT_INTERRUPTED;
    else console.error(`\n${colors.red('FAIL')} ${error instanceof DemoFailure ? error.message : stackOf(error)}`);
  } finally {
    await stage.end();
  }
  if (options.keep || exitCode === EXIT_FAILED) console.log(`\nThe logs of the processes are in ${stage.dir}`);
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
