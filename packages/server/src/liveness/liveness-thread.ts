/** The liveness thread as the main thread sees it: one for all replicas of a process. */
import { isMainThread, Worker } from 'node:worker_threads';
import { monotonicMs } from '@understudy/context';
import { messageOf } from '@understudy/grpc-common';
import { COPIES, ENDS_BLOCKED, METHOD, ORDER_AT, PROCESS_BYTES, PROCESS_INTS, TURNS } from './cells.js';
import type { FromThread, ThreadData, ToThread } from './messages.js';
import { THREAD_SOURCE } from './thread-source.js';

/** How many turns pass before the main thread checks for a debugger again. */
const DEBUGGER_EVERY = 64;
const HEAP_MB = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/** A place where the thread listens. */
export interface ThreadListener {
  readonly port: number;
  close(): void;
}

interface Listening {
  readonly id: number;
  readonly opened: Promise<number>;
  users: number;
}

/** Hears from the thread what concerns one life. */
export interface ThreadEar {
  reached(slot: number): void;
  unreached(slot: number, reason: string): void;
  /** The thread has ended, and does nothing more. */
  threadOver(reason: string): void;
}

let started: LivenessThread | Error | undefined;

/**
 * The thread of this process, which begins with the first replica.
 *
 * @throws if there can be none: worker threads are missing or refused, or the thread has ended
 */
export function livenessThread(): LivenessThread {
  // An error of a thread need not be an instance of `Error` here.
  if (started !== undefined && !(started instanceof LivenessThread)) throw started;
  try {
    started ??= new LivenessThread((error) => {
      started = error;
    });
  } catch (error) {
    started = new Error(messageOf(error));
    throw started;
  }
  return started;
}

export class LivenessThread {
  readonly #worker: Worker;
  readonly #ints: Int32Array;
  readonly #orders: Float64Array;
  readonly #ears = new Map<number, ThreadEar>();
  readonly #listening = new Map<string, Listening>();
  readonly #opening = new Map<number, { resolve(port: number): void; reject(error: Error): void }>();
  readonly #methods = new Map<string, number>();
  readonly #debuggerUrl: () => string | undefined = debuggerUrl();
  readonly #onOver: (error: Error) => void;
  #lastMethod = '';
  #lastId = 0;
  #next = 1;
  /** How many lives do not want the process to be ended. */
  #keepers = 0;
  #mayEnd = true;
  #looksIn = 0;

  /** @param onOver called when the thread has ended, which nobody asks it to */
  constructor(onOver: (error: Error) => void) {
    const shared = new SharedArrayBuffer(PROCESS_BYTES);
    this.#ints = new Int32Array(shared, 0, PROCESS_INTS);
    this.#orders = new Float64Array(shared, ORDER_AT, 1);
    // A replica in a worker thread is not the process.
    this.#mayEnd = isMainThread;
    this.#onOver = onOver;
    const originNs = process.hrtime.bigint() - BigInt(Math.round(monotonicMs() * 1e6));
    const workerData: ThreadData = { understudyLiveness: true, shared, originNs };
    // Without an environment nothing is preloaded into the thread: no loaders, no agents.
    const worker = new Worker(THREAD_SOURCE, {
      ...{ eval: true, env: {}, execArgv: [], workerData, name: 'understudy liveness' },
      resourceLimits: HEAP_MB,
    });
    worker.on('message', (message: FromThread) => this.#hear(message));
    worker.on('error', (error) => this.#over(messageOf(error)));
    worker.on('exit', () => this.#over('it ended'));
    worker.unref();
    this.#worker = worker;
  }

  /** The main thread is about to copy or replace the user's state. */
  copies(): void {
    Atomics.store(this.#ints, COPIES, 1);
  }

  /** The main thread turns: nothing blocks it. */
  turned(): void {
    Atomics.store(this.#ints, COPIES, 0);
    Atomics.add(this.#ints, TURNS, 1);
    if (this.#looksIn-- > 0) return;
    this.#looksIn = DEBUGGER_EVERY;
    // At a breakpoint the main thread stands still, and that is meant.
    const ends = this.#mayEnd && this.#keepers === 0 && this.#debuggerUrl() === undefined;
    Atomics.store(this.#ints, ENDS_BLOCKED, ends ? 1 : 0);
  }

  /** A message is about to be processed. @param orderNum 0 for a read */
  processing(method: string, orderNum: number): void {
    if (method !== this.#lastMethod) {
      this.#lastMethod = method;
      this.#lastId = this.#idOf(method);
    }
    this.#orders[0] = orderNum;
    this.#ints[METHOD] = this.#lastId;
  }

  #idOf(name: string): number {
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    const id = this.#methods.size + 1;
    this.#methods.set(name, id);
    this.tell({ kind: 'method', id, name });
    return id;
  }

  /**
   * Listens for the threads of other processes. Replicas that listen at the same place share it.
   *
   * @throws if the place cannot be had
   */
  async listen(host: string, port: number): Promise<ThreadListener> {
    const place = `${host} ${port}`;
    const known = this.#listening.get(place) ?? this.#open(place, host, port);
    known.users++;
    const close = (): void => {
      if (--known.users > 0) return;
      if (this.#listening.get(place) === known) this.#listening.delete(place);
      this.tell({ kind: 'unlisten', id: known.id });
    };
    try {
      return { port: await known.opened, close };
    } catch (error) {
      close();
      throw error;
    }
  }

  #open(place: string, host: string, port: number): Listening {
    const id = this.#next++;
    const opened = new Promise<number>((resolve, reject) => this.#opening.set(id, { resolve, reject }));
    const listening = { id, opened, users: 0 };
    this.#listening.set(place, listening);
    this.tell({ kind: 'listen', id, host, port });
    return listening;
  }

  /** @returns the number of a new life */
  newLife(ear: ThreadEar, mayEnd: boolean): number {
    const life = this.#next++;
    this.#ears.set(life, ear);
    if (!mayEnd) this.#keepers++;
    this.#looksIn = 0;
    this.turned();
    return life;
  }

  endLife(life: number, mayEnd: boolean): void {
    if (!this.#ears.delete(life)) return;
    if (!mayEnd) this.#keepers--;
    this.tell({ kind: 'lifeOver', life });
  }

  tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case 'listening':
        this.#opening.get(message.id)?.resolve(message.port);
        this.#opening.delete(message.id);
        return;
      case 'cannotListen':
        this.#opening.get(message.id)?.reject(new Error(message.reason));
        this.#opening.delete(message.id);
        return;
      case 'reached':
        return this.#ears.get(message.life)?.reached(message.slot);
      case 'unreached':
        return this.#ears.get(message.life)?.unreached(message.slot, message.reason);
      case 'turning':
        return this.turned();
    }
  }

  #over(reason: string): void {
    const error = new Error(`the liveness thread has ended: ${reason}`);
    this.#onOver(error);
    for (const { reject } of this.#opening.values()) reject(error);
    this.#opening.clear();
    for (const ear of this.#ears.values()) ear.threadOver(error.message);
    this.#ears.clear();
  }
}

/** Says where a debugger may attach itself; undefined where none may. */
function debuggerUrl(): () => string | undefined {
  try {
    // Node.js may have been built without it.
    const inspector: typeof import('node:inspector') | undefined = process.getBuiltinModule('node:inspector');
    return () => inspector?.url();
  } catch {
    return () => undefined;
  }
}
