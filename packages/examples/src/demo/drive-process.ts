import { DemoFailure } from './children.js';
import type { Books } from './collect.js';
import type { DrivenReply } from './drive.js';
import type { DriverJob, DriverMessage } from './messages.js';
import type { Stage } from './stage.js';

/** What a driver brought back. */
export interface DriveRecord {
  /** Of the warm-up too. */
  readonly replies: readonly DrivenReply[];
  /** Those of the file, in the order in which they came. */
  readonly fileReplies: readonly DrivenReply[];
  /** `monotonicMs` of the driver's process, around the operations of the file. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly books: Books;
}

export interface DriveEvents {
  /** The warm-up is over; the file begins. */
  onStart(): void;
  /** @param replies how many operations of the file were answered so far */
  onProgress(replies: number): void;
}

/** Runs the file of operations through a client process of its own. */
export async function driveInProcess(
  stage: Stage,
  name: string,
  job: DriverJob,
  { onStart, onProgress }: DriveEvents,
): Promise<DriveRecord> {
  const child = stage.children.start<DriverMessage>(name, './driver.js', [JSON.stringify(job)]);
  const failed = child.next('failed').then(({ reason }) => {
    throw new DemoFailure(`${name} failed: ${reason} Its log: ${child.logPath}`);
  });
  const until = <T>(promise: Promise<T>): Promise<T> => stage.until(Promise.race([promise, failed]));
  failed.catch(() => {});

  const replies: DrivenReply[] = [];
  child.on('progress', (message) => onProgress(message.replies));
  child.on('replies', (message) => {
    for (const reply of message.replies) replies.push(reply);
  });
  const done = child.next('done');
  await until(child.next('warm'));
  onStart();
  child.tell({ kind: 'go' });
  const { startedAtMs, endedAtMs, books } = await until(done);
  child.kill();
  return { replies, fileReplies: replies.slice(job.warmUp), startedAtMs, endedAtMs, books };
}
