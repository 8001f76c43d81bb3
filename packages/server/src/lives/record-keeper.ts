/** Reads, watches and changes the group's record for a replica. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Coordinator, type Epoch, type GroupRecord, type Logger, UnderstudyError } from '@understudy/core';
import { RecordChange, type RecordChangeStep, sameRecord } from '@understudy/core/internal';
import { Backoff, errorOf, messageOf } from '@understudy/grpc-common';
import type { EffectOf, EventLoop } from '../loop/event-loop.js';
import type { Measures } from './measures.js';

const RETRY = { firstMs: 20, maxMs: 1000 };
/** A change that takes longer is logged, because the group may not be able to serve until it is done. */
const WAITS_AFTER_MS = 500;

/** A record that a peer told of waits for the coordinator's answer for this part of a lease: one divided by it. */
const CONFIRMED_IN_LEASES = 4;

export interface RecordKeeperOptions {
  readonly loop: EventLoop;
  readonly coordinator: Coordinator;
  readonly logger: Logger;
  readonly measures: Measures;
  readonly onFatal: (error: Error) => void;
  readonly leaseMs: number;
  /** Called when the coordinator turns out never to have had a record that this life believed. */
  readonly onForged: () => void;
  /** The epoch of the record that the core knows; 0 before it knows one. */
  readonly known: () => number;
  /** Called when the record was lost. The coordinator may have lost the presence of replicas with it. */
  readonly onLost: () => void;
}

type Done = Extract<RecordChangeStep, { kind: 'done' }>;

/** The coordinator as one life of a replica uses it. */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions;
  #unwatch: (() => void) | undefined;
  #reading = false;
  #readAgain = false;
  /** The record that was there directly before the loss, as the watch told it. */
  #last: GroupRecord | undefined;
  #waits: string | undefined;

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
  }

  /** A sentence about the change that the coordinator has not confirmed for a while; undefined if there is none. */
  get waits(): string | undefined {
    return this.#waits;
  }

  watch(): void {
    const { coordinator, loop, logger } = this.#options;
    this.#unwatch = coordinator.watch(
      (record) => loop.dispatch({ kind: 'record', record }),
      (error) => logger.log('warn', 'watching the record failed', { reason: error.message }),
      (last) => {
        // What the watch told of an earlier loss does not hold for this one.
        this.#last = last;
        this.#options.onLost();
        // A watch may tell an older state than this replica knows by now; a reading that begins now cannot.
        this.read();
      },
    );
  }

  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** Reads the record; once more after the present reading, if one is under way. */
  read(): void {
    if (this.#reading) {
      this.#readAgain = true;
      return;
    }
    this.#reading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const { coordinator, loop, logger } = this.#options;
    do {
      this.#readAgain = false;
      const known = this.#options.known();
      try {
        this.#tell(await coordinator.read(), known);
      } catch (error) {
        if (loop.closed) break;
        // The watch reports when the coordinator is back.
        logger.log('warn', 'reading the record failed', { reason: messageOf(error) });
        if (error instanceof UnderstudyError && error.code === 'UNDERSTUDY_RECORD_DAMAGED')
          this.#tell(undefined, known);
      }
    } while (this.#readAgain && !loop.closed);
    this.#reading = false;
  }

  /** @param known the epoch that the core knew when the reading began */
  #tell(record: GroupRecord | undefined, known: number): void {
    const { loop } = this.#options;
    if (record !== undefined) loop.dispatch({ kind: 'record', record });
    const last = this.#last;
    if (known > 0 && (record === undefined || record.epoch <= known)) {
      loop.dispatch({ kind: 'recordLost', found: record, last });
    } else {
      this.#last = undefined;
    }
  }

  /**
   * Asks the coordinator whether it has a record that a peer told of and that is newer than the known one. Replicas
   * that cannot reach the coordinator must still be able to take part in a promotion, so the record is believed when no
   * answer comes in a quarter of a lease. The question then stays open, and this life ends if the answer is no.
   *
   * @returns false if the coordinator never had the record
   */
  async confirm(told: GroupRecord): Promise<boolean> {
    const { leaseMs, logger } = this.#options;
    const answer = this.#ask(told);
    const inTime = await Promise.race([answer, delay(leaseMs / CONFIRMED_IN_LEASES, undefined, { ref: false })]);
    if (inTime !== undefined) return inTime;
    logger.log('info', 'using a record that the coordinator has not confirmed yet', { epoch: told.epoch });
    void this.#confirmLater(told, answer);
    return true;
  }

  async #confirmLater(told: GroupRecord, first: Promise<boolean | undefined>): Promise<void> {
    const { loop, onForged } = this.#options;
    const backoff = new Backoff(RETRY);
    let answer = await first;
    while (answer === undefined && !loop.closed) {
      await delay(backoff.next(), undefined, { ref: false });
      answer = await this.#ask(told);
    }
    if (answer === false && !loop.closed) onForged();
  }

  /** @returns undefined if the coordinator cannot be read now */
  async #ask(told: GroupRecord): Promise<boolean | undefined> {
    const { coordinator, loop, logger } = this.#options;
    let record: GroupRecord | undefined;
    try {
      record = await coordinator.read();
    } catch {
      return undefined;
    }
    if (record !== undefined) loop.dispatch({ kind: 'record', record });
    if (record !== undefined && (record.epoch > told.epoch || sameRecord(record, told))) return true;
    if (!loop.closed) {
      logger.log('error', 'a peer told of a record that the coordinator never had', { epoch: told.epoch });
    }
    return false;
  }

  change({ next, reason, putsBack }: EffectOf<'changeRecord'>): void {
    const { loop, logger, measures, onFatal } = this.#options;
    const { epoch } = next;
    measures.changing(reason);
    const late = setTimeout(() => this.#isLate(reason, epoch), WAITS_AFTER_MS).unref();
    this.#pursue(new RecordChange(next, putsBack), epoch, reason)
      .then(
        (done) => {
          if (done === undefined) return;
          if (this.#waits !== undefined)
            logger.log('info', 'the record can be changed again', { change: reason, epoch });
          this.#waits = undefined;
          loop.dispatch({ kind: 'recordChange', won: done.won, record: done.record });
        },
        (error: unknown) => onFatal(errorOf(error)),
      )
      .finally(() => clearTimeout(late));
  }

  /** Notes that a change waits. It is logged once for a change, however often it is tried. */
  #isLate(change: string, epoch: Epoch, cause?: unknown): void {
    const { loop, logger } = this.#options;
    if (loop.closed) return;
    const why = cause === undefined ? 'the coordinator has not answered yet' : messageOf(cause);
    if (this.#waits === undefined) {
      logger.log('warn', 'a change of the record waits for the coordinator', { change, epoch, reason: why });
    }
    this.#waits = `${change} (epoch ${epoch}) waits for the coordinator: ${why}`;
  }

  /** @returns undefined if this life ended before the outcome was certain */
  async #pursue(change: RecordChange, epoch: Epoch, reason: string): Promise<Done | undefined> {
    const { coordinator, loop } = this.#options;
    const backoff = new Backoff(RETRY);
    let step = change.begin();
    while (!loop.closed) {
      switch (step.kind) {
        case 'done':
          return step;
        case 'swap':
        case 'putBack': {
          const result =
            step.kind === 'swap'
              ? await coordinator.compareAndSwap(step.expected, step.next)
              : await coordinator.putBack(step.next);
          step = change.onSwapped(result);
          if (result.kind === 'unknown') this.#isLate(reason, epoch, result.cause);
          break;
        }
        case 'read':
          await delay(backoff.next(), undefined, { ref: false });
          step = await coordinator.read().then(
            (record) => change.onRead(record),
            () => change.onReadFailed(),
          );
      }
    }
    return undefined;
  }
}
