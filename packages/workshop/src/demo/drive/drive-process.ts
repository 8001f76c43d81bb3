import { DemoFailure } from '../stage/children.js';
import type { DriverMessage } from '../stage/messages.js';
import type { Stage } from '../stage/stage.js';

/** What a driver brought back: its pieces in its own order, and one result. */
export interface Driven<Piece, Result> {
  readonly pieces: readonly Piece[];
  /** `monotonicMs` of the driver's process, around what is measured. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly result: Result;
}

/** A client process: its module, as `Children.start` takes it, and what it is given. */
export interface DriverStart {
  readonly name: string;
  readonly module: string;
  readonly job: object;
}

/**
 * Runs a client process of its own to its end; it is one that `runDriver` runs.
 *
 * @param onProgress is told how much has been answered since the warm-up
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
