/** The benchmark's side of the conversation with a process that it started. */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Ask, CommandSet, Question, Said } from './ipc.js';

/** The benchmark cannot go on. The message is a sentence for the user. */
export class BenchFailure extends Error {
  override readonly name = 'BenchFailure';
}

/** The group changed during a measurement, because the machine was too busy for it. */
export class Disturbed extends BenchFailure {}

/** How long an idle process may take to exit before it is killed. */
const EXIT_MAX_MS = 2_000;

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (failure: Error) => void;
}

/** A process that the benchmark started, and the commands that the process carries out. */
export class Child<C extends CommandSet<C>> {
  readonly name: string;
  /** Resolves when the process has ended, with the signal or the exit status. */
  readonly exited: Promise<string>;
  readonly #process: ChildProcess;
  readonly #news = new EventEmitter();
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #running = true;
  #mayEnd = false;

  /** @param onUnexpectedEnd called with a sentence when the process ends although the benchmark did not end it */
  constructor(name: string, process: ChildProcess, onUnexpectedEnd: (sentence: string) => void) {
    this.name = name;
    this.#process = process;
    process.on('message', (said: Said) => this.#hear(said));
    this.exited = new Promise((resolve) => {
      const ended = (how: string): void => {
        this.#running = false;
        const sentence = `${name} ended (${how})`;
        for (const { reject } of this.#waiting.values()) reject(new BenchFailure(sentence));
        this.#waiting.clear();
        if (!this.#mayEnd) onUnexpectedEnd(sentence);
        resolve(how);
      };
      process.once('error', (error) => ended(error.message));
      process.once('exit', (code, signal) => ended(signal ?? `exit status ${code}`));
    });
  }

  /** Whether the process runs and was not asked to end. */
  get alive(): boolean {
    return this.#running && !this.#mayEnd;
  }

  /** Rejects with BenchFailure when the process ends before it answers, or answers that it failed. */
  readonly ask: Ask<C> = (command, ...args) =>
    new Promise((resolve, reject) => {
      if (!this.#running || !this.#process.connected) {
        reject(new BenchFailure(`${this.name} has ended and cannot carry out ${command}`));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      const question: Question = { id, command, args };
      this.#process.send(question);
    });

  onNews(listener: (news: unknown) => void): void {
    this.#news.on('news', listener);
  }

  /** Resolves with the next news that the process tells without being asked. */
  nextNews(): Promise<unknown> {
    return new Promise((resolve) => this.#news.once('news', resolve));
  }

  /** Ends the process as a crash would (SIGKILL), or in an orderly way (SIGTERM). */
  signal(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#mayEnd = true;
    if (this.#running) this.#process.kill(signal);
  }

  /** Lets the process exit, kills it if it does not, and waits until it has ended. */
  async end(): Promise<void> {
    this.#mayEnd = true;
    if (this.#process.connected) this.#process.disconnect();
    const late = setTimeout(() => this.signal('SIGKILL'), EXIT_MAX_MS);
    await this.exited;
    clearTimeout(late);
  }

  #hear(said: Said): void {
    if (said.kind === 'news') {
      this.#news.emit('news', said.news);
      return;
    }
    const waiting = this.#waiting.get(said.id);
    this.#waiting.delete(said.id);
    if (said.kind === 'answer') waiting?.resolve(said.answer as never);
    else waiting?.reject(new BenchFailure(`${this.name} failed: ${said.reason}`));
  }
}
