import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Children, DemoFailure } from './children.js';

/** The user wants the demo to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** What a run of the demo stands on: a directory, its processes, and the ways in which all waiting ends. */
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
   * @param timeoutS seconds after which the run has failed
   * @param interrupt ends the run from outside
   * @param what is run, for the name of the directory and for messages
   */
  constructor(timeoutS: number, interrupt: AbortSignal, what = 'demo') {
    this.dir = mkdtempSync(join(tmpdir(), `understudy-${what}-`));
    this.children = new Children(this.dir);
    const cutShort = new Promise<never>((_resolve, reject) => {
      this.#cutShort = reject;
    });
    this.#ended = Promise.race([cutShort, this.children.failed]);
    // Whoever waits hears of it; when nobody waits any more nobody needs to.
    this.#ended.catch(() => {});
    const late = new DemoFailure(`The ${what} did not end within ${timeoutS} s.`);
    this.#timer = setTimeout(() => this.#cutShort(late), timeoutS * 1_000);
    this.#interrupt = interrupt;
    interrupt.addEventListener('abort', this.#onInterrupt);
    if (interrupt.aborted) this.#onInterrupt();
    // Also when this process comes to its end on a way that nobody foresaw.
    process.once('exit', this.#onProcessExit);
  }

  /** Waits, but not beyond the end of the run. Rejects with DemoFailure or Interrupted then. */
  until<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#ended]);
  }

  /** Ends all processes. Resolves when they are gone. */
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
