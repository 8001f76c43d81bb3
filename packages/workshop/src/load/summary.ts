/** The summary of a load for people. */
import { monotonicMs } from '../hosting/clock.js';
import type { LoadMessage } from './messages.js';

const EVERY_MS = 1_000;

/** Prints one line a second, for people who watch, instead of one line for each call. */
export class Summary {
  readonly #print: (line: string) => void;
  #answered = 0;
  #unknown = 0;
  #none = 0;
  #lastAnswerMs = monotonicMs();
  #longestMs = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
    setInterval(() => this.#tick(), EVERY_MS).unref();
  }

  tell(message: LoadMessage): void {
    if (message.kind === 'called') this.#called(message.end.kind);
    else if (message.kind === 'begun')
      this.#print('the accounts are open; each second: the calls, and the longest time without a reply');
    else if (message.kind === 'done') this.#print(`the bank took ${message.books.audit.operations} operations`);
    else this.#print(`failed: ${message.reason}`);
  }

  #called(end: string): void {
    if (end === 'unknown') this.#unknown++;
    else if (end === 'none') this.#none++;
    else {
      const nowMs = monotonicMs();
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastAnswerMs);
      this.#lastAnswerMs = nowMs;
      this.#answered++;
    }
  }

  #tick(): void {
    const silentMs = Math.max(this.#longestMs, monotonicMs() - this.#lastAnswerMs);
    const failed = this.#unknown + this.#none === 0 ? '' : `, ${this.#unknown} unknown, ${this.#none} without effect`;
    this.#print(
      `${this.#answered.toLocaleString('en-US').padStart(7)} calls/s  ${silentMs.toFixed(0).padStart(6)} ms${failed}`,
    );
    this.#answered = 0;
    this.#unknown = 0;
    this.#none = 0;
    this.#longestMs = 0;
  }
}
