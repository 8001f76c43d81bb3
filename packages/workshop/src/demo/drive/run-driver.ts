/** The common part of all client processes: reports progress and sends the evidence back. */

import { monotonicMs } from '../../hosting/clock.js';
import { endWithParent, tellParent } from '../../hosting/parent.js';
import type { DriverCommand, DriverMessage } from './messages.js';

const PROGRESS_MS = 10;
const PIECES_A_MESSAGE = 2_000;

/** The evidence that a driver returns; `runDriver` adds the times. */
export interface Brought<Piece, Result> {
  readonly pieces: readonly Piece[];
  readonly result: Result;
}

/** Reports the progress of a driver to the process that started it. */
export class DriverReport {
  startedAtMs = 0;
  endedAtMs = 0;
  readonly #tell: (message: DriverMessage<never, never>) => void;
  readonly #go: Promise<void>;
  #replies = 0;
  #told = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor(tell: (message: DriverMessage<never, never>) => void) {
    this.#tell = tell;
    this.#go = new Promise((resolve) => {
      process.on('message', (message: DriverCommand) => message.kind === 'go' && resolve());
    });
  }

  /** The driver is connected and warm. The measured part begins when this resolves. */
  async begin(): Promise<void> {
    this.#tell({ kind: 'warm' });
    await this.#go;
    this.#ticking = setInterval(() => this.#tellProgress(), PROGRESS_MS);
    this.startedAtMs = monotonicMs();
  }

  progress(replies: number): void {
    this.#replies = replies;
  }

  /** The measured part has ended. */
  end(): void {
    this.endedAtMs = monotonicMs();
    clearInterval(this.#ticking);
    this.#tellProgress();
  }

  #tellProgress(): void {
    if (this.#replies === this.#told) return;
    this.#told = this.#replies;
    this.#tell({ kind: 'progress', replies: this.#replies });
  }
}

/** Runs this process as a client that `driveInProcess` started. Its only argument is the job as JSON. */
export async function runDriver<Job, Piece, Result>(
  drive: (job: Job, report: DriverReport) => Promise<Brought<Piece, Result>>,
): Promise<void> {
  endWithParent();
  const tell = (message: DriverMessage<Piece, Result>): void => tellParent(message);
  const report = new DriverReport(tell);
  try {
    const { pieces, result } = await drive(JSON.parse(process.argv[2] ?? '{}') as Job, report);
    for (let at = 0; at < pieces.length; at += PIECES_A_MESSAGE)
      tell({ kind: 'pieces', pieces: pieces.slice(at, at + PIECES_A_MESSAGE) });
    tell({ kind: 'done', startedAtMs: report.startedAtMs, endedAtMs: report.endedAtMs, result });
  } catch (error) {
    console.error(error);
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
}
