import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The demo cannot go on. The message is a sentence for its user. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

interface Tagged {
  readonly kind: string;
}
type OfKind<M extends Tagged, K extends M['kind']> = Extract<M, { readonly kind: K }>;

/** A process that the demo started. `Message`: what it tells. */
export class Child<Message extends Tagged> {
  readonly name: string;
  readonly logPath: string;
  /** Resolves when the process is gone, with how it ended. */
  readonly exited: Promise<string>;
  readonly #process: ChildProcess;
  readonly #messages = new EventEmitter();
  #running = true;
  #mayEnd = false;

  constructor(name: string, logPath: string, process: ChildProcess, onUnexpectedEnd: (child: string) => void) {
    this.name = name;
    this.logPath = logPath;
    this.#process = process;
    process.on('message', (message: Message) => this.#messages.emit(message.kind, message));
    this.exited = new Promise((resolve) => {
      const ended = (how: string): void => {
        this.#running = false;
        if (!this.#mayEnd) onUnexpectedEnd(`${name} ended by itself (${how}); its log: ${logPath}`);
        resolve(how);
      };
      process.once('error', (error) => ended(error.message));
      process.once('exit', (code, signal) => ended(signal ?? `exit status ${code}`));
    });
  }

  /** It runs, and nobody has ended it. */
  get alive(): boolean {
    return this.#running && !this.#mayEnd;
  }

  on<K extends Message['kind']>(kind: K, handler: (message: OfKind<Message, K>) => void): void {
    this.#messages.on(kind, handler);
  }

  /** The next message of a kind; only those that come after this call are seen. */
  next<K extends Message['kind']>(kind: K): Promise<OfKind<Message, K>> {
    return new Promise((resolve) => this.#messages.once(kind, resolve));
  }

  tell(message: object): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** Ends it at once, as a power cut would. */
  kill(): void {
    this.#end('SIGKILL');
  }

  /** Asks it to come to its end by itself. */
  terminate(): void {
    this.#end('SIGTERM');
  }

  /** Takes the processor from it, until `resume`. */
  suspend(): void {
    if (this.#running) this.#process.kill('SIGSTOP');
  }

  resume(): void {
    if (this.#running) this.#process.kill('SIGCONT');
  }

  #end(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#mayEnd = true;
    if (this.#running) this.#process.kill(signal);
  }
}

/** All processes that the demo started; each writes what it says into a log file of its own. */
export class Children {
  /** Rejects when a process ends that nobody ended. */
  readonly failed: Promise<never>;
  readonly #dir: string;
  readonly #children: Child<Tagged>[] = [];
  #fail: (failure: DemoFailure) => void = () => {};

  /** @param dir where the log files are put */
  constructor(dir: string) {
    this.#dir = dir;
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    // Whoever waits hears of it; when nobody waits any more nobody needs to.
    this.failed.catch(() => {});
  }

  /**
   * @param module of this package, from its source folder: `soak/client.js`
   * @param execArgv what node itself is given
   */
  start<Message extends Tagged>(
    name: string,
    module: string,
    args: readonly string[],
    execArgv: readonly string[] = [],
  ): Child<Message> {
    const logPath = join(this.#dir, `${name}.log`);
    const log = openSync(logPath, 'a');
    try {
      const path = fileURLToPath(new URL(`../../${module}`, import.meta.url));
      const stdio: StdioOptions = ['ignore', log, log, 'ipc'];
      const process = fork(path, args, { stdio, serialization: 'advanced', execArgv: [...execArgv] });
      const child = new Child<Message>(name, logPath, process, (text) => this.#fail(new DemoFailure(text)));
      this.#children.push(child as unknown as Child<Tagged>);
      return child;
    } finally {
      closeSync(log);
    }
  }

  /** Ends those that still run; returns before they are gone. */
  killAll(): void {
    for (const child of this.#children) child.kill();
  }

  /** Ends those that still run, and waits until they are gone. */
  async end(): Promise<void> {
    this.killAll();
    await Promise.all(this.#children.map(({ exited }) => exited));
  }
}
