import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Receipt } from '../../packages/examples/dist/bank/operation.js';
import type { Stage } from '../../packages/workshop/dist/demo/stage/stage.js';

/** A program in another language, which keeps deposits in flight. It is given a target, a service config and their number. */
export interface Program {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface LoadResult {
  readonly replies: readonly Receipt[];
  /** Status and details of each call that failed. */
  readonly failures: readonly string[];
  /** How often a call was made again because gRPC gave it up. */
  readonly triedAgain: number;
  readonly longestGapMs: number;
}

/** A client in another language, in a process of its own. */
export class Load {
  readonly #stage: Stage;
  readonly #process: ChildProcess;
  readonly #result: Promise<LoadResult>;
  #replies = 0;
  #waiting: (() => void)[] = [];

  constructor(stage: Stage, program: Program, target: string, serviceConfig: object, inFlight: number) {
    const { command, args = [], env = process.env } = program;
    this.#stage = stage;
    this.#process = spawn(command, [...args, target, JSON.stringify(serviceConfig), String(inFlight)], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#result = this.#read();
    // A rejection reaches the test when it waits for this promise. Until then it must not end this process.
    this.#result.catch(() => {});
  }

  /** Resolves when so many more calls were answered. */
  async answered(more: number): Promise<void> {
    const until = this.#replies + more;
    const ended = this.#result.then(() => {
      throw new Error('the load ended early');
    });
    while (this.#replies < until) {
      const next = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await this.#stage.until(Promise.race([next, ended]));
    }
  }

  /** Makes no more calls, and returns the result when the last one has ended. */
  stop(): Promise<LoadResult> {
    this.#process.stdin?.end();
    return this.#stage.until(this.#result);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  async #read(): Promise<LoadResult> {
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('the load was started without a pipe');
    const failed = once(this.#process, 'error').then(([error]) => {
      throw error;
    });
    const lines = createInterface({ input: stdout });
    let result: LoadResult | undefined;
    lines.on('line', (line) => {
      if (line.startsWith('{')) result = JSON.parse(line) as LoadResult;
      else this.#note(Number(line));
    });
    await Promise.race([once(lines, 'close'), failed]);
    if (result === undefined) throw new Error('the load ended without a result');
    return result;
  }

  #note(replies: number): void {
    this.#replies = replies;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
