/** Runs the bank's demo without and with replicas, and proves the replies. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import type { Listening } from '../hosting/bare-process.js';
import type { DemoOptions } from './command/options.js';
import type { Books } from './drive/collect.js';
import type { DrivenReply } from './drive/drive.js';
import { driveInProcess } from './drive/drive-process.js';
import type { DriverJob } from './drive/messages.js';
import { warmUpOperations } from './drive/workload.js';
import { type Verdict, verify } from './proof/verify.js';
import type { DriveRecord, ProvenRun, ReplicatedRun } from './report/runs.js';
import { timelineOf } from './report/timeline.js';
import type { Progress } from './show/progress.js';
import { Kills } from './stage/kills.js';
import { Replicas } from './stage/replicas.js';
import type { Stage } from './stage/stage.js';

/** Runs the file against a bank without replicas. */
export async function runBare(
  stage: Stage,
  options: DemoOptions,
  operations: readonly Operation[],
  progress: Progress,
): Promise<ProvenRun> {
  const server = stage.children.start<Listening>('bare-bank', 'servers/bare-bank.js', []);
  const { address } = await stage.until(server.next('listening'));
  progress.begin('bare bank', operations.length);
  const job = jobOf(options, address, false);
  const record = await drive(stage, 'bare-client', job, (replies) => progress.update(replies));
  progress.end();
  server.kill();
  return { record, verdict: verdictOn(options, operations, record) };
}

/** Runs the file against replicas, and kills the primary whenever another `1/(kills + 1)` of the file is answered. */
export async function runReplicated(
  stage: Stage,
  options: DemoOptions,
  operations: readonly Operation[],
  progress: Progress,
): Promise<ReplicatedRun> {
  const replicas = await Replicas.start(stage, options.replicas, options.mode);
  await replicas.formed();
  progress.begin('Understudy', operations.length);
  const plan = { wanted: options.kills, total: operations.length, unit: 'replies' };
  const kills = new Kills(stage, replicas, plan, progress);
  const record = await drive(stage, 'client', jobOf(options, replicas.target, true), (replies) => {
    progress.update(replies);
    kills.onProgress(replies);
  });
  await kills.finish();
  progress.end();
  const timeline = timelineOf(replicas.events, record.fileReplies);
  return { record, verdict: verdictOn(options, operations, record), timeline, shortcomings: kills.missing() };
}

async function drive(
  stage: Stage,
  name: string,
  job: DriverJob,
  onProgress: (replies: number) => void,
): Promise<DriveRecord> {
  const start = { name, module: 'demo/drive/driver.js', job };
  const { pieces, result, ...times } = await driveInProcess<DrivenReply, Books>(stage, start, onProgress);
  return { replies: pieces, fileReplies: pieces.slice(job.warmUp), ...times, books: result };
}

const jobOf = ({ mode, input, inFlight, warmUp }: DemoOptions, target: string, isReplicated: boolean): DriverJob => ({
  target,
  mode: isReplicated ? mode : undefined,
  input,
  inFlight,
  warmUp,
});

function verdictOn({ warmUp }: DemoOptions, fromFile: readonly Operation[], { replies, books }: DriveRecord): Verdict {
  const operations = [...warmUpOperations(warmUp), ...fromFile];
  return verify({ operations, replies, books });
}
