/** The processes that a run starts, with a log file for each. */
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The run cannot go on. The message is a sentence for the user. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

interface Tagged {
  readonly kind: string;
}
type OfKind<M extends Tagged, K extends M['kind']> = Extract<M, { readonly kind: K }>;

/** A process that the run started. `Message` is the type of the messages that it sends. */
export class Child<Message extends Tagged> {
  readonly name: string;
  readonly logPath: string;
  /** Resolves when the process is gone, with its exit status or signal. */
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
        if (!this.#mayEnd) onUnexpectedEnd(`${name} ended unexpectedly (${how}); see its log: ${logPath}`);
        resolve(how);
      };
      process.once('error', (error) => ended(error.message));
      process.once('exit', (code, signal) => ended(signal ?? `exit status ${code}`));
    });
  }

  /** Whether the process runs and was not told to end. */
  get alive(): boolean {
    return this.#running && !this.#mayEnd;
  }

  on<K extends Message['kind']>(kind: K, handler: (message: OfKind<Message, K>) => void): void {
    this.#messages.on(kind, handler);
  }

  /** Resolves with the next message of a kind that arrives after this call. */
  next<K extends Message['kind']>(kind: K): Promise<OfKind<Message, K>> {
    return new Promise((resolve) => this.#messages.once(kind, resolve));
  }

  tell(message: object): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** Kills the process with SIGKILL, as a power cut would. */
  kill(): void {
    this.#end('SIGKILL');
  }

  /** Asks the process with SIGTERM to end by itself. */
  terminate(): void {
    this.#end('SIGTERM');
  }

  /** Stops the process with SIGSTOP until `resume`. */
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

/** All processes that a run started. Each writes its output into a log file of its own. */
export class Children {
  /** Rejects when a process ends that was not told to. */
  readonly failed: Promise<never>;
  readonly #dir: string;
  readonly #children: Child<Tagged>[] = [];
  #fail: (failure: DemoFailure) => void = () => {};

  /** @param dir directory of the log files */
  constructor(dir: string) {
    this.#dir = dir;
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    // Callers that wait for `failed` see the rejection. Without one it must not end this process.
    this.failed.catch(() => {});
  }

  /**
   * @param module path of a module of this package, relative to its source folder: `soak/client.js`
   * @param execArgv options of node itself
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

  /** Kills the processes that still run; returns before they are gone. */
  killAll(): void {
    for (const child of this.#children) child.kill();
  }

  /** Kills the processes that still run, and waits until they are gone. */
  async end(): Promise<void> {
    this.killAll();
    await Promise.all(this.#children.map(({ exited }) => exited));
  }
}
