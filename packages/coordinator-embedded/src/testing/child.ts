import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Runs a program of this directory as a process of its own, which a test can kill. */
export class Child {
  readonly process: ChildProcess;
  /** The lines that the process printed so far. */
  readonly lines: string[] = [];
  /** Resolves with the exit code, or null if a signal ended the process. */
  readonly ended: Promise<number | null>;
  #wanted: { count: number; reached: () => void } | undefined;

  /** @param program name of the file without its extension; the compiled file in `dist` runs */
  constructor(program: string, args: readonly string[]) {
    const built = join(__dirname, `../../dist/testing/${program}.js`);
    this.process = spawn(process.execPath, [built, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    // Wait for `close`, not `exit`: only then has everything that the process printed arrived.
    this.ended = once(this.process, 'close').then(([code]) => code as number | null);
    const { stdout } = this.process;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.#printed(line));
  }

  /** Resolves once the process has printed that many lines. Rejects if the process ends before. */
  async printed(count: number): Promise<void> {
    if (this.lines.length >= count) return;
    const reached = new Promise<void>((resolve) => {
      this.#wanted = { count, reached: resolve };
    });
    const ended = this.ended.then((code) => {
      if (this.lines.length < count) throw new Error(`the child ended with ${code} after ${this.lines.length} lines`);
    });
    await Promise.race([reached, ended]);
  }

  /** Kills the process as a crash would, and waits until it has ended. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  #printed(line: string): void {
    this.lines.push(line);
    if (this.#wanted !== undefined && this.lines.length >= this.#wanted.count) this.#wanted.reached();
  }
}
