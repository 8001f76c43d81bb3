/** Watches, from the liveness thread, whether the main thread turns. */
import { writeSync } from 'node:fs';
import { COPIES, ENDS_BLOCKED, METHOD, ORDER_AT, PROCESS_INTS, TURNS } from './cells.js';

/** How often the main thread is asked for a turn while it seems blocked. */
const ASK_EVERY_MS = 250;
/** How long the process may take to die of SIGABRT. */
const ABORT_MS = 500;

interface Watched {
  /** `replica r1 of group bank` */
  readonly name: string;
  readonly blockedMaxMs: number;
  readonly copyMs: number;
}

export class MainWatch {
  readonly methods = new Map<number, string>();
  /** For how long the main thread has made no turn, counted while this thread ran. */
  blockedMs = 0;
  readonly #ints: Int32Array;
  readonly #orders: Float64Array;
  readonly #ask: () => void;
  readonly #end: (line: string) => void;
  #everyMs = 0;
  #turns = 0;
  #lookedMs = 0;
  #askedMs = 0;

  /**
   * @param ask asks the main thread for a turn
   * @param end ends the process after this line
   */
  constructor(shared: SharedArrayBuffer, ask: () => void, end: (line: string) => void = endProcess) {
    this.#ints = new Int32Array(shared, 0, PROCESS_INTS);
    this.#orders = new Float64Array(shared, ORDER_AT, 1);
    this.#ask = ask;
    this.#end = end;
  }

  /** Looks every `everyMs` from now on. */
  begin(nowMs: number, everyMs: number): void {
    this.#lookedMs = nowMs;
    this.#everyMs = everyMs;
    this.blockedMs = 0;
  }

  /** Time in which this thread did not run itself does not count. */
  look(nowMs: number, watched: readonly Watched[]): void {
    const sinceMs = Math.min(nowMs - this.#lookedMs, 2 * this.#everyMs);
    this.#lookedMs = nowMs;
    const turns = Atomics.load(this.#ints, TURNS);
    if (turns !== this.#turns) {
      this.#turns = turns;
      this.blockedMs = 0;
      return;
    }
    this.blockedMs += sinceMs;
    if (nowMs - this.#askedMs > ASK_EVERY_MS) {
      this.#askedMs = nowMs;
      this.#ask();
    }
    const limitMs = Math.max(...watched.map((each) => this.limitMs(each)));
    if (this.blockedMs <= limitMs || Atomics.load(this.#ints, ENDS_BLOCKED) === 0) return;
    this.#end(
      `understudy: ${watched.map(({ name }) => name).join(', ')}: the event loop has been blocked for ` +
        `${Math.round(this.blockedMs)} ms, longer than stallMs allows. This process ends, so that others take over. ` +
        `${this.#lastBegun()}\n`,
    );
  }

  /** For how long the main thread may be blocked now. */
  limitMs({ blockedMaxMs, copyMs }: Omit<Watched, 'name'>): number {
    return Atomics.load(this.#ints, COPIES) === 0 ? blockedMaxMs : blockedMaxMs + copyMs;
  }

  #lastBegun(): string {
    const method = this.methods.get(Atomics.load(this.#ints, METHOD));
    if (method === undefined) return 'It had not begun to process any message.';
    const order = this.#orders[0] ?? 0;
    return `The last message that it began to process: ${order === 0 ? 'a read' : `order ${order}`}, ${method}`;
  }
}

/** Ends the process from a thread, whatever its main thread does. Where cores are dumped, this dumps one. */
function endProcess(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Nobody reads stderr.
  }
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), ABORT_MS);
  process.kill(process.pid, 'SIGABRT');
}
