/** Groups of processes for the tests here. */
import type { Mode } from '../packages/examples/dist/bank/service-config.js';
import { Replicas } from '../packages/workshop/dist/demo/stage/replicas.js';
import { Stage } from '../packages/workshop/dist/demo/stage/stage.js';

/** The mode of these tests' groups, except where a test is about a mode. */
export const MODE: Mode = {
  replication: 'semi-active',
  multicast: 'direct',
  release: 'concurrent',
  carrier: 'stream',
  // Five times the default: test files run side by side, and a process that gets no processor for a lease is taken for dead.
  leaseMs: 1_500,
};

/** Only what hangs takes this long. Less than a test may take, so that the stage says what was waited for. */
export const HANG_S = 240;

/** For groups whose primary is never killed: no busy machine stalls a process for this long. */
export const LONG_LEASE_MS = 20_000;

/** Three replicas of a bank, each a process, and the stage of their test. */
export interface Group {
  readonly stage: Stage;
  readonly replicas: Replicas;
  readonly mode: Mode;
}

/**
 * Runs a test with a stage, and ends all processes afterwards. Keeps their logs if the test fails.
 *
 * @param timeoutS seconds after which every wait fails
 */
export async function withStage(timeoutS: number, use: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = new Stage(timeoutS, new AbortController().signal, 'integration');
  try {
    await use(stage);
    await stage.end();
    stage.removeDir();
  } catch (error) {
    console.log(`the logs of the processes: ${stage.dir}`);
    throw error;
  } finally {
    await stage.end();
  }
}

/**
 * Runs a test, as `withStage` does, with a group whose replicas are in sync.
 *
 * @param execArgv options of the replicas' node
 */
export const withGroup = (
  { mode = MODE, execArgv = [], timeoutS = HANG_S }: { mode?: Mode; execArgv?: readonly string[]; timeoutS?: number },
  use: (group: Group) => Promise<void>,
): Promise<void> =>
  withStage(timeoutS, async (stage) => {
    const replicas = await Replicas.start(stage, 3, mode, { execArgv });
    await replicas.formed();
    await use({ stage, replicas, mode });
  });
