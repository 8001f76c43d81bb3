/** The processes of one measurement, from their start to their end. */
import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BenchFailure, Child, Disturbed } from '../ipc/child.js';
import type { CommandSet } from '../ipc/ipc.js';

/** The user asked the benchmark to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** No wait takes longer than this on any machine, unless something is wrong. */
const PATIENCE_MS = 60_000;

type AnyChild = Pick<Child<Record<string, never>>, 'signal' | 'end'>;

/** The place of a measurement: a directory, processes, and everything that can end a wait early. */
export class Stage {
  readonly dir = mkdtempSync(join(tmpdir(), 'understudy-bench-'));
  readonly #children: AnyChild[] = [];
  readonly #interrupt: AbortSignal;
  readonly #ended: Promise<never>;
  #cutShort: (reason: Error) => void = () => {};
  readonly #onInterrupt = (): void => this.#cutShort(new Interrupted('interrupted'));
  readonly #onProcessExit = (): void => this.#killAll();

  constructor(interrupt: AbortSignal) {
    this.#interrupt = interrupt;
    this.#ended = new Promise((_resolve, reject) => {
      this.#cutShort = reject;
    });
    // Every wait races against this promise. If nobody waits, its rejection does not matter.
    this.#ended.catch(() => {});
    interrupt.addEventListener('abort', this.#onInterrupt);
    if (interrupt.aborted) this.#onInterrupt();
    process.once('exit', this.#onProcessExit);
  }

  /**
   * Starts a process whose output goes to a log file of its own.
   *
   * @param program the name of a file in `programs/`, without its extension
   */
  start<C extends CommandSet<C>>(
    name: string,
    program: string,
    args: readonly string[],
    execArgv: readonly string[] = [],
  ): Child<C> {
    const logPath = join(this.dir, `${name}.log`);
    const log = openSync(logPath, 'a');
    try {
      const path = fileURLToPath(new URL(`../programs/${program}.js`, import.meta.url));
      const forked = fork(path, args, { stdio: ['ignore', log, log, 'ipc'], execArgv: [...execArgv] });
      const child = new Child<C>(name, forked, (sentence) => {
        this.#cutShort(new BenchFailure(`${sentence} by itself; look at its log ${logPath}`));
      });
      this.#children.push(child as unknown as AnyChild);
      return child;
    } finally {
      closeSync(log);
    }
  }

  /**
   * Waits for a promise. Rejects with BenchFailure or Interrupted if the stage ends first, or the wait takes too long.
   */
  async until<T>(what: string, promise: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const failure = new BenchFailure(
        `waited ${patienceMs / 1_000} s in vain: ${what}; look at the logs in ${this.dir}`,
      );
      timer = setTimeout(() => reject(failure), patienceMs);
    });
    try {
      return await Promise.race([promise, this.#ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets time pass while something is measured. */
  async pass(seconds: number): Promise<void> {
    await Promise.race([delay(seconds * 1_000), this.#ended]);
  }

  /** Ends all processes, and waits until they have ended. Removes the logs unless `keep`. */
  async end(keep: boolean): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()));
    this.#interrupt.removeEventListener('abort', this.#onInterrupt);
    process.removeListener('exit', this.#onProcessExit);
    if (!keep || this.#children.length === 0) rmSync(this.dir, { recursive: true, force: true });
  }

  #killAll(): void {
    for (const child of this.#children) child.signal('SIGKILL');
  }
}

/** Runs `act` on a stage of its own, and clears the stage in any case. Keeps the logs if `act` failed. */
export async function onStage<T>(interrupt: AbortSignal, act: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = new Stage(interrupt);
  let keep = true;
  try {
    const result = await act(stage);
    keep = false;
    return result;
  } catch (error) {
    if (error instanceof Interrupted || error instanceof Disturbed) keep = false;
    throw error;
  } finally {
    await stage.end(keep);
  }
}
