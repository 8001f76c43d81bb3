/** Starts a client process and collects the evidence that it sends back. */
import { DemoFailure } from '../stage/children.js';
import type { Stage } from '../stage/stage.js';
import type { DriverMessage } from './messages.js';

/** The evidence from a driver: pieces in the order in which it sent them, and one result. */
export interface Driven<Piece, Result> {
  readonly pieces: readonly Piece[];
  /** `monotonicMs` of the driver's process, before and after the measured part. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly result: Result;
}

/** The module of a client process, as `Children.start` takes it, and the job for it. */
export interface DriverStart {
  readonly name: string;
  readonly module: string;
  readonly job: object;
}

/**
 * Runs a client to its end in a process of its own. The client's module must call `runDriver`.
 *
 * @param onProgress called with the number of replies since the warm-up
 */
export async function driveInProcess<Piece, Result>(
  stage: Stage,
  { name, module, job }: DriverStart,
  onProgress: (replies: number) => void,
): Promise<Driven<Piece, Result>> {
  const child = stage.children.start<DriverMessage<Piece, Result>>(name, module, [JSON.stringify(job)]);
  const failed = child.next('failed').then(({ reason }) => {
    throw new DemoFailure(`${name} failed: ${reason} Its log: ${child.logPath}`);
  });
  const until = <T>(promise: Promise<T>): Promise<T> => stage.until(Promise.race([promise, failed]));
  failed.catch(() => {});

  const collected: Piece[] = [];
  child.on('progress', (message) => onProgress(message.replies));
  child.on('pieces', ({ pieces }) => {
    for (const piece of pieces) collected.push(piece);
  });
  const done = child.next('done');
  await until(child.next('warm'));
  child.tell({ kind: 'go' });
  const { startedAtMs, endedAtMs, result } = await until(done);
  child.kill();
  return { pieces: collected, startedAtMs, endedAtMs, result };
}
