import type { Operation } from '../bank/operation.js';
import type { Listening } from '../hosting/bare-process.js';
import { type DriveRecord, driveInProcess } from './drive-process.js';
import { longestGapMs } from './measure.js';
import type { DriverJob } from './messages.js';
import type { DemoOptions } from './options.js';
import type { Progress } from './progress.js';
import { type GroupEvent, Replicas } from './replicas.js';
import type { Stage } from './stage.js';
import { type Verdict, verify } from './verify.js';
import { warmUpOperations } from './workload.js';

/** A run of the file, and what the proof says of it. */
export interface ProvenRun {
  readonly record: DriveRecord;
  readonly verdict: Verdict;
}

/** What happened to the group; `gapMs` of a kill: the longest time without a reply from then to the next kill. */
export interface TimelineEntry extends GroupEvent {
  readonly gapMs: number | undefined;
}

export interface ReplicatedRun extends ProvenRun {
  readonly timeline: readonly TimelineEntry[];
  /** What kept the run from being what was asked for, such as a kill that came too late. */
  readonly shortcomings: readonly string[];
}

/** Runs the file against a bank that nothing stands in for. */
export async function runBare(
  stage: Stage,
  options: DemoOptions,
  operations: readonly Operation[],
  progress: Progress,
): Promise<ProvenRun> {
  const server = stage.children.start<Listening>('bare-bank', '../bank/bare-server.js', []);
  const { address } = await stage.until(server.next('listening'));
  progress.begin('bare bank', operations.length);
  const record = await driveInProcess(stage, 'bare-client', jobOf(options, address, false), {
    onStart: () => {},
    onProgress: (replies) => progress.update(replies),
  });
  progress.end();
  server.kill();
  return { record, verdict: verdictOn(options, operations, record) };
}

/** Runs the file against replicas whose primary is killed, each time another `1/(kills + 1)` of the file was answered. */
export async function runReplicated(
  stage: Stage,
  options: DemoOptions,
  operations: readonly Operation[],
  progress: Progress,
): Promise<ReplicatedRun> {
  const replicas = await Replicas.start(stage, options.replicas, options.mode);
  await replicas.formed();
  progress.begin('Understudy', operations.length);
  const kills = new Kills(stage, replicas, options.kills, operations.length, progress);
  const record = await driveInProcess(stage, 'client', jobOf(options, replicas.target, true), {
    onStart: () => {},
    onProgress: (replies) => {
      progress.update(replies);
      kills.onProgress(replies);
    },
  });
  await kills.finish();
  progress.end();
  const timeline = timelineOf(replicas.events, record);
  return { record, verdict: verdictOn(options, operations, record), timeline, shortcomings: kills.missing() };
}

/** Kills primaries as the run proceeds. */
class Kills {
  readonly #stage: Stage;
  readonly #replicas: Replicas;
  readonly #wanted: number;
  readonly #total: number;
  readonly #progress: Progress;
  #begun = 0;
  #done = 0;
  #over = false;
  #last: Promise<void> = Promise.resolve();

  constructor(stage: Stage, replicas: Replicas, wanted: number, total: number, progress: Progress) {
    this.#stage = stage;
    this.#replicas = replicas;
    this.#wanted = wanted;
    this.#total = total;
    this.#progress = progress;
  }

  onProgress(replies: number): void {
    this.#over = replies >= this.#total;
    if (this.#over) this.#replicas.wake();
    while (this.#begun < this.#wanted && replies * (this.#wanted + 1) >= this.#total * (this.#begun + 1)) {
      this.#begun += 1;
      this.#last = this.#last.then(() => this.#kill(replies));
      // The run is waited for elsewhere, and ends with the same failure.
      this.#last.catch(() => {});
    }
  }

  finish(): Promise<void> {
    return this.#stage.until(this.#last);
  }

  missing(): string[] {
    const late = this.#wanted - this.#done;
    return late === 0 ? [] : [`${late} of ${this.#wanted} kills came too late: the file was through before.`];
  }

  async #kill(replies: number): Promise<void> {
    const event = await this.#replicas.killPrimary(() => this.#over);
    if (event === undefined) return;
    this.#done += 1;
    this.#progress.note(`killed ${event.replica}, primary of term ${event.term}, after ${replies} replies`);
  }
}

function timelineOf(events: readonly GroupEvent[], { fileReplies }: DriveRecord): TimelineEntry[] {
  const ordered = events.toSorted((a, b) => a.atMs - b.atMs);
  return ordered.map((event, index) => {
    if (event.kind !== 'killed') return { ...event, gapMs: undefined };
    const nextKill = ordered.slice(index + 1).find(({ kind }) => kind === 'killed');
    return { ...event, gapMs: longestGapMs(fileReplies, event.atMs, nextKill?.atMs ?? Number.POSITIVE_INFINITY) };
  });
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
