/** Loads as processes of this machine, and the histories that they print. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Mode } from '../../packages/examples/dist/bank/service-config.js';
import type { Books } from '../../packages/workshop/dist/demo/drive/collect.js';
import type { Kind } from '../../packages/workshop/dist/load/connect.js';
import type { Called, LoadMessage } from '../../packages/workshop/dist/load/messages.js';
import { judge, type Verdict } from './judge.js';
import { Patience } from './patience.js';

export const LOAD = fileURLToPath(new URL('../../packages/workshop/dist/load/main.js', import.meta.url));

export interface LoadOptions {
  readonly target: string;
  readonly mode: Mode;
  readonly client: Kind;
  readonly callers: number;
  /** Most calls a second. Default: no limit. */
  readonly rate?: number;
  readonly seed: number;
  /** The ids of the operations begin after this number. Default 0. */
  readonly idsAfter?: number;
}

/** Returns the command line of `load/main.js`. */
export const loadArguments = ({
  target,
  mode,
  client,
  callers,
  rate = 0,
  seed,
  idsAfter = 0,
}: LoadOptions): string[] => [
  ...['--target', target, '--client', client, '--callers', `${callers}`, '--seed', `${seed}`],
  ...['--rate', `${rate}`, '--ids-after', `${idsAfter}`],
  ...['--replication', mode.replication, '--multicast', mode.multicast, '--release', mode.release],
  ...['--carrier', mode.carrier, '--lease-ms', `${mode.leaseMs}`],
];

/** The history that a load has printed so far. */
export class Recording {
  readonly calls: Called[] = [];
  #books: Books | undefined;
  #begun = false;
  #failed: string | undefined;
  readonly #patience = new Patience(() => `${this.answered} calls of ${this.calls.length} are answered`);

  /** Takes one line that the load printed. */
  line(text: string): void {
    const message = JSON.parse(text) as LoadMessage;
    if (message.kind === 'called') this.calls.push(message);
    else if (message.kind === 'begun') this.#begun = true;
    else if (message.kind === 'done') this.#books = message.books;
    else this.#failed = message.reason;
    this.#patience.look();
  }

  /** The load's process has ended. If its last line is missing, its history cannot be judged. */
  ended(how: string): void {
    if (this.#books === undefined) this.#failed ??= `the load ended (${how}) before it had the books of the bank`;
    this.#patience.look();
  }

  get begun(): boolean {
    return this.#begun;
  }

  get answered(): number {
    return this.calls.filter(({ end }) => end.kind === 'answered').length;
  }

  /** The calls that ended without an answer or refusal of the bank. */
  get failed(): number {
    return this.calls.filter(({ end }) => end.kind === 'unknown' || end.kind === 'none').length;
  }

  /** Waits until `count` more calls have been answered than now. */
  async answeredMore(count: number): Promise<void> {
    const until = this.answered + count;
    await this.until(() => this.answered >= until);
  }

  async until(condition: () => boolean): Promise<void> {
    await this.#patience.until(() => {
      if (condition()) return true;
      if (this.#failed !== undefined) throw new Error(this.#failed);
      return false;
    });
  }

  /** Resolves with the bank's books at the end of the load. */
  async books(): Promise<Books> {
    await this.until(() => this.#books !== undefined);
    if (this.#books === undefined) throw new Error('The load ended without books.');
    return this.#books;
  }

  async verdict(): Promise<Verdict> {
    return judge(this.calls, await this.books());
  }
}

/** A load in a process of this machine. */
export class LoadProcess {
  readonly recording = new Recording();
  readonly #process: ChildProcess;

  constructor(options: LoadOptions) {
    const child = spawn(process.execPath, [LOAD, ...loadArguments(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.recording.line(line));
    child.once('close', (code, signal) => this.recording.ended(signal ?? `exit status ${code}`));
  }

  /** Ends the load, waits for the open calls, and judges the history. */
  finish(): Promise<Verdict> {
    this.#process.kill('SIGTERM');
    return this.recording.verdict();
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
