/** Runs the demos with streams without and with replicas, and proves the answers. */
import type { Listening } from '../../hosting/bare-process.js';
import type { StreamsOptions } from '../command/options.js';
import { driveInProcess } from '../drive/drive-process.js';
import type { Measured } from '../report/measure.js';
import { type TimelineEntry, timelineOf } from '../report/timeline.js';
import type { Progress } from '../show/progress.js';
import { Kills } from '../stage/kills.js';
import { Replicas } from '../stage/replicas.js';
import type { Stage } from '../stage/stage.js';
import type { Arrivals, StreamsJob } from './job.js';
import type { StreamDemo, StreamsProof } from './stream-demo.js';

/** A run and the result of its proof. */
export interface StreamsRun {
  readonly measured: Measured;
  readonly proof: StreamsProof;
}

export interface ReplicatedStreamsRun extends StreamsRun {
  readonly timeline: readonly TimelineEntry[];
  /** Ways in which the run differs from what was asked for, such as a kill that came too late. */
  readonly shortcomings: readonly string[];
}

/** Runs the clients against a server without replicas. */
export async function runBareStreams<Piece, Result extends Arrivals>(
  stage: Stage,
  demo: StreamDemo<Piece, Result>,
  options: StreamsOptions,
  progress: Progress,
): Promise<StreamsRun> {
  const name = `bare-${demo.example}`;
  const server = stage.children.start<Listening>(name, `servers/${name}.js`, []);
  const { address } = await stage.until(server.next('listening'));
  const { clients, messages } = options;
  progress.begin('bare', demo.total(options));
  const job = { target: address, mode: undefined, clients, messages };
  const run = await drive(stage, demo, 'bare-client', job, (done) => progress.update(done));
  progress.end();
  server.kill();
  return run;
}

/** Runs the clients against replicas, and kills the primary whenever another `1/(kills + 1)` of the run is done. */
export async function runReplicatedStreams<Piece, Result extends Arrivals>(
  stage: Stage,
  demo: StreamDemo<Piece, Result>,
  options: StreamsOptions,
  progress: Progress,
): Promise<ReplicatedStreamsRun> {
  const { clients, messages, mode } = options;
  const total = demo.total(options);
  const replicas = await Replicas.start(stage, options.replicas, mode, { example: demo.example });
  await replicas.formed();
  progress.begin('Understudy', total);
  const kills = new Kills(stage, replicas, { wanted: options.kills, total, unit: demo.unit }, progress);
  const job = { target: replicas.target, mode, clients, messages };
  const run = await drive(stage, demo, 'client', job, (done) => {
    progress.update(done);
    kills.onProgress(done);
  });
  await kills.finish();
  progress.end();
  return { ...run, timeline: timelineOf(replicas.events, run.measured.replies), shortcomings: kills.missing() };
}

async function drive<Piece, Result extends Arrivals>(
  stage: Stage,
  demo: StreamDemo<Piece, Result>,
  name: string,
  job: StreamsJob,
  onProgress: (done: number) => void,
): Promise<StreamsRun> {
  const start = { name, module: demo.driver, job };
  const { pieces, result, ...times } = await driveInProcess<Piece, Result>(stage, start, onProgress);
  const replies = Array.from(result.arrivedAtMs, (atMs) => ({ atMs }));
  return { measured: { replies, ...times }, proof: demo.prove(pieces, result, job) };
}
