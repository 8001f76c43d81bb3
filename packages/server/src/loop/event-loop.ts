/** Feeds one core of a replica. */
import { handle, monotonicMs, realImmediate, realTimeout } from '@understudy/context';
import type { Replica, ReplicaEffect, ReplicaEvent } from '@understudy/core/internal';
import { errorOf } from '@understudy/grpc-common';

/** The core decides all its timeouts at ticks. */
const TICK_MS = 10;
/** After this long the loop lets sockets and timers have their turn. */
const TURN_MS = 5;

const TICK: ReplicaEvent = { kind: 'tick' };
const FLUSH: ReplicaEvent = { kind: 'flush' };
const WAKE: ReplicaEvent = { kind: 'wake' };
const WAKE_MAX_MS = 60_000;

/** The effect of one kind. */
export type EffectOf<K extends ReplicaEffect['kind']> = Extract<ReplicaEffect, { kind: K }>;

export interface EventLoopOptions {
  readonly core: Replica;
  /** How long the core lets announcements gather. */
  readonly batchMs?: () => number;
  readonly perform: (effect: ReplicaEffect) => void;
  /** Called when the loop turns, at least at each tick. @returns what the core must take in before anything else */
  readonly turned?: (() => ReplicaEvent | undefined) | undefined;
  /** Called once, when the core or an effect has thrown. The loop is closed by then, because nothing may go on. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Gives a core its events in the order in which they came, carries out the effects in order, and flushes once at the
 * end of a turn. An event that comes while effects are carried out waits. The queue has no bound of its own: what fills
 * it is bounded by the flow control of links and by the core's push back, and each turn takes all of it or leaves the
 * rest to the next.
 */
export class EventLoop {
  readonly #core: Replica;
  readonly #perform: (effect: ReplicaEffect) => void;
  readonly #onFatal: (error: Error) => void;
  readonly #turned: (() => ReplicaEvent | undefined) | undefined;
  #turnedMs = 0;
  readonly #queue: ReplicaEvent[] = [];
  readonly #onTurn = (): void => this.#turn();
  #head = 0;
  #busy = false;
  #turnDue = false;
  #closed = false;
  #nowMs = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #batchMs: () => number;
  readonly #onBatch = (): void => this.#batch();
  #batchTimer: NodeJS.Timeout | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;

  constructor({ core, batchMs = () => 1, perform, turned, onFatal }: EventLoopOptions) {
    this.#turned = turned;
    this.#batchMs = batchMs;
    this.#core = core;
    this.#perform = perform;
    this.#onFatal = onFatal;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts the ticks. */
  start(): void {
    this.#timer = setInterval(() => this.dispatch(TICK), TICK_MS);
    // A bound server keeps the process alive; its replication must not.
    this.#timer.unref();
  }

  dispatch(event: ReplicaEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    // An event that finds others waiting for the next turn queues up behind them.
    if (!this.#busy && this.#queue.length - this.#head === 1) this.#drain();
  }

  /** As `dispatch`. @returns resolves once the core has taken the event in, or never will */
  async deliver(event: ReplicaEvent): Promise<void> {
    this.dispatch(event);
    while (this.#queue.indexOf(event, this.#head) >= 0) await new Promise<void>((resolve) => realImmediate(resolve));
  }

  /** Gives the core `wake` at a time of its clock, unless the core asks for another time before. */
  wakeAt(atMs: number): void {
    clearTimeout(this.#wakeTimer);
    const leftMs = Math.ceil(atMs - monotonicMs());
    // Ticks come often enough for times that are far away, and no timer of Node reaches further.
    if (leftMs > WAKE_MAX_MS) return;
    this.#wakeTimer = realTimeout(() => this.dispatch(WAKE), Math.max(0, leftMs));
    this.#wakeTimer.unref();
  }

  /** Ends the loop: the core gets no event any more. */
  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#head = 0;
    clearInterval(this.#timer);
    clearTimeout(this.#batchTimer);
    clearTimeout(this.#wakeTimer);
  }

  #turn(): void {
    this.#turnDue = false;
    if (this.#closed) return;
    if (this.#core.wantsFlush) this.#guarded(() => this.#step(FLUSH));
    this.#drain();
  }

  #drain(): void {
    this.#guarded(() => {
      const startedMs = monotonicMs();
      if (startedMs - this.#turnedMs >= TICK_MS / 2) this.#noteTurn(startedMs);
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
      realImmediate(this.#onTurn);
    }
    if (this.#batchTimer === undefined && this.#core.wantsBatchFlush) {
      this.#batchTimer = realTimeout(this.#onBatch, this.#batchMs());
    }
  }

  #noteTurn(nowMs: number): void {
    this.#turnedMs = nowMs;
    const heard = this.#turned?.();
    if (heard !== undefined) this.#step(heard);
  }

  #batch(): void {
    this.#batchTimer = undefined;
    if (this.#closed || !this.#core.wantsBatchFlush) return;
    this.#guarded(() => this.#step(FLUSH));
    this.#drain();
  }

  #step(event: ReplicaEvent): void {
    const nowMs = monotonicMs();
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
    for (const effect of this.#core.step(event, this.#nowMs)) {
      this.#perform(effect);
      if (this.#closed) return;
    }
  }

  #guarded(work: () => void): void {
    this.#busy = true;
    try {
      // A handler may have caused this work, but calls made in it do not belong to the handler.
      handle(undefined, work);
    } catch (error) {
      this.close();
      this.#onFatal(errorOf(error));
    } finally {
      this.#busy = false;
    }
  }
}
