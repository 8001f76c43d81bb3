/** The surroundings of one run: a directory, its processes, and the end of all waiting. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Children, DemoFailure } from './children.js';

/** The user has interrupted the run. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Owns the directory and the processes of a run. A timeout, an interruption or a dead process ends all waiting. */
export class Stage {
  readonly dir: string;
  readonly children: Children;
  readonly #ended: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  readonly #interrupt: AbortSignal;
  #cutShort: (reason: Error) => void = () => {};
  readonly #onInterrupt = (): void => this.#cutShort(new Interrupted('interrupted'));
  readonly #onProcessExit = (): void => this.children.killAll();

  /**
   * @param timeoutS seconds after which the run fails
   * @param interrupt ends the run from outside
   * @param what names the run in messages and in the name of the directory
   */
  constructor(timeoutS: number, interrupt: AbortSignal, what = 'demo') {
    this.dir = mkdtempSync(join(tmpdir(), `understudy-${what}-`));
    this.children = new Children(this.dir);
    const cutShort = new Promise<never>((_resolve, reject) => {
      this.#cutShort = reject;
    });
    this.#ended = Promise.race([cutShort, this.children.failed]);
    // Callers that wait in `until` see the rejection. Without one it must not end this process.
    this.#ended.catch(() => {});
    const late = new DemoFailure(
      `The ${what} did not end within ${timeoutS} s. Raise --timeout-s if the machine is slow.`,
    );
    this.#timer = setTimeout(() => this.#cutShort(late), timeoutS * 1_000);
    this.#interrupt = interrupt;
    interrupt.addEventListener('abort', this.#onInterrupt);
    if (interrupt.aborted) this.#onInterrupt();
    // This also kills the children when this process ends in an unforeseen way.
    process.once('exit', this.#onProcessExit);
  }

  /** Waits for a promise. Rejects with DemoFailure or Interrupted if the run ends first. */
  until<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#ended]);
  }

  /** Kills all processes. Resolves when they are gone. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.children.end();
    this.#interrupt.removeEventListener('abort', this.#onInterrupt);
    process.removeListener('exit', this.#onProcessExit);
  }

  removeDir(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
