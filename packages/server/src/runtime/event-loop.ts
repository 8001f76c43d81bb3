import { handle } from '@understudy/context';
import type { Replica, ReplicaEffect, ReplicaEvent } from '@understudy/core/internal';

/** All timeouts of the core are decided at ticks. */
const TICK_MS = 10;
/** After so long the loop lets sockets and timers have their turn. */
const TURN_MS = 5;

const TICK: ReplicaEvent = { kind: 'tick' };
const FLUSH: ReplicaEvent = { kind: 'flush' };

export interface EventLoopOptions {
  readonly core: Replica;
  /** How long the core lets announcements gather. */
  readonly batchMs?: number;
  readonly perform: (effect: ReplicaEffect) => void;
  /** The core or an effect threw: nothing may go on. Called once; the loop is closed. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Feeds one core: events in the order in which they came, effects carried out in order, one flush at the end of a turn.
 * An event that comes while effects are carried out waits for its turn. The queue has no bound of its own: what fills it
 * is bounded by the streams' flow control and the core's push back, and a turn takes all of it or goes on in the next.
 */
export class EventLoop {
  readonly #core: Replica;
  readonly #perform: (effect: ReplicaEffect) => void;
  readonly #onFatal: (error: Error) => void;
  readonly #queue: ReplicaEvent[] = [];
  readonly #onTurn = (): void => this.#turn();
  #head = 0;
  #busy = false;
  #turnDue = false;
  #closed = false;
  #nowMs = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #batchMs: number;
  readonly #onBatch = (): void => this.#batch();
  #batchTimer: NodeJS.Timeout | undefined;

  constructor({ core, batchMs = 1, perform, onFatal }: EventLoopOptions) {
    this.#batchMs = batchMs;
    this.#core = core;
    this.#perform = perform;
    this.#onFatal = onFatal;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ticks from now on. */
  start(): void {
    this.#timer = setInterval(() => this.dispatch(TICK), TICK_MS);
    // A bound server keeps the process alive, not its replication.
    this.#timer.unref();
  }

  dispatch(event: ReplicaEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    // Behind events that were put off to the next turn, it waits for that.
    if (!this.#busy && this.#queue.length - this.#head === 1) this.#drain();
  }

  /** No event reaches the core any more. */
  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#head = 0;
    clearInterval(this.#timer);
    clearTimeout(this.#batchTimer);
  }

  #turn(): void {
    this.#turnDue = false;
    if (this.#closed) return;
    if (this.#core.wantsFlush) this.#guarded(() => this.#step(FLUSH));
    this.#drain();
  }

  #drain(): void {
    this.#guarded(() => {
      const startedMs = performance.now();
      while (this.#head < this.#queue.length) {
        this.#step(this.#queue[this.#head++] as ReplicaEvent);
        if (this.#nowMs - startedMs > TURN_MS) break;
      }
    });
    if (this.#closed) return;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
    if (!this.#turnDue && (this.#core.wantsFlush || this.#queue.length > 0)) {
      this.#turnDue = true;
      setImmediate(this.#onTurn);
    }
    if (this.#batchTimer === undefined && this.#core.wantsBatchFlush) {
      this.#batchTimer = setTimeout(this.#onBatch, this.#batchMs);
    }
  }

  #batch(): void {
    this.#batchTimer = undefined;
    if (this.#closed || !this.#core.wantsBatchFlush) return;
    this.#guarded(() => this.#step(FLUSH));
    this.#drain();
  }

  #step(event: ReplicaEvent): void {
    const nowMs = performance.now();
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
    for (const effect of this.#core.step(event, this.#nowMs)) {
      this.#perform(effect);
      if (this.#closed) return;
    }
  }

  #guarded(work: () => void): void {
    this.#busy = true;
    try {
      // A handler may have set it off, and yet it is nothing that the handler does.
      handle(undefined, work);
    } catch (error) {
      this.close();
      this.#onFatal(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#busy = false;
    }
  }
}
