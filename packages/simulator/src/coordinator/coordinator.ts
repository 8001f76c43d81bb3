import type { GroupRecord, SwapResult } from '@understudy/core';
import { type ReplicaEvent, sameRecord } from '@understudy/core/internal';
import { RecordStore } from '@understudy/core/testing';
import type { Watch } from '../checks/watch.js';
import { RecordRequest, type RequestingReplica, type RequestWorld } from './record-request.js';

/** The parts of the run that hear of changes of the record. */
export interface CoordinatorWorld extends RequestWorld {
  readonly watch: Pick<Watch, 'claims' | 'claimed' | 'recordChanged'>;
  /**
   * The record has changed.
   *
   * @param gaveUp of a promotion: the client processes that it decided without
   */
  onRecord(record: GroupRecord, gaveUp: ReadonlySet<number> | undefined): void;
}

/** The coordinator: one record on a disk, changed by compare-and-swap; slow, sometimes out of reach, sometimes crashing. */
export class VirtualCoordinator {
  /** The time until which it is down. */
  downUntilMs = 0;
  requests: readonly RecordRequest[] = [];
  readonly gaveUp = new Map<RequestingReplica, ReadonlySet<number>>();
  /** Whether the present term began with a hand-over by a primary that had time to make everything stable first. */
  orderly = false;
  readonly #world: CoordinatorWorld;
  readonly #store = new RecordStore();
  /** All records so far, the newest last. */
  readonly #past: GroupRecord[] = [];
  /** How often the record was lost. */
  losses = 0;
  /** The record that was lost last, as replicas are told it. */
  #lost: GroupRecord | undefined;
  /** The records that were compared last, which seldom change. */
  #compared: {
    readonly newest: GroupRecord | undefined;
    readonly stored: GroupRecord | undefined;
    readonly differ: boolean;
  } = {
    newest: undefined,
    stored: undefined,
    differ: false,
  };

  constructor(world: CoordinatorWorld) {
    this.#world = world;
  }

  /** The newest record that ever existed, which is the present one unless it was lost. */
  get record(): GroupRecord | undefined {
    return this.#past.at(-1);
  }

  get stored(): GroupRecord | undefined {
    return this.#store.record;
  }

  /** Whether the newest record is gone. */
  get hasLost(): boolean {
    const { record: newest, stored } = this;
    if (this.#compared.newest !== newest || this.#compared.stored !== stored)
      this.#compared = { newest, stored, differ: !sameRecord(newest, stored) };
    return this.#compared.differ;
  }

  reaches({ withoutCoordinatorUntilMs }: Pick<RequestingReplica, 'withoutCoordinatorUntilMs'>): boolean {
    const { nowMs } = this.#world;
    return nowMs >= this.downUntilMs && nowMs >= withoutCoordinatorUntilMs;
  }

  submit(server: RequestingReplica, next: GroupRecord, reason: string, putsBack = false): void {
    if (reason === 'claim') this.#world.watch.claims(server, next);
    this.requests = [...this.requests, new RecordRequest(this.#world, this, server, next, reason, putsBack)];
  }

  /**
   * The record is deleted, or replaced by an older one. It stays lost until a replica puts it back.
   *
   * @param epoch of the older one; 0 for none
   * @param isTold whether the watches of replicas tell which record was there before
   */
  lose(epoch: number, isTold: boolean): void {
    this.#lost = isTold ? this.record : undefined;
    this.#store.record = this.#past.find((record) => record.epoch === epoch);
    this.losses++;
  }

  /** An operator who knows the newest record puts it back. */
  mend(): void {
    if (this.hasLost) this.#store.record = this.record;
  }

  /** The answer to a replica that reads the record; undefined for a replica that must wait before it may begin. */
  answerTo(known: number): Extract<ReplicaEvent, { kind: 'record' | 'recordLost' }> | undefined {
    const found = this.#store.record;
    if (found !== undefined && found.epoch > known) return { kind: 'record', record: found };
    if (this.hasLost && known > 0) return { kind: 'recordLost', found, last: this.#lost };
    return found && { kind: 'record', record: found };
  }

  putBack(next: GroupRecord, gaveUp?: ReadonlySet<number>): SwapResult {
    const result = this.#store.putBack(next);
    if (result.kind === 'swapped') this.#changed(next, 'put back', gaveUp);
    return result;
  }

  ended(request: RecordRequest): void {
    this.requests = this.requests.filter((other) => other !== request);
  }

  /** Whether a change of the record that this replica wants for this reason is under way. */
  isAsked(server: RequestingReplica, reason: string): boolean {
    return this.requests.some((request) => request.server === server && request.reason === reason);
  }

  /** It crashes, and all messages to it and from it are lost; the record is on its disk. */
  crash(untilMs: number): void {
    this.downUntilMs = untilMs;
    for (const request of this.requests) request.lose();
  }

  swap(next: GroupRecord, reason: string, gaveUp?: ReadonlySet<number>): SwapResult {
    const result = this.#store.swap(next);
    if (result.kind === 'swapped') this.#changed(next, reason, gaveUp);
    return result;
  }

  #changed(next: GroupRecord, reason: string, gaveUp: ReadonlySet<number> | undefined): void {
    const before = this.record;
    if (sameRecord(before, next)) return;
    this.#past.push(next);
    if (reason === 'claim') this.#world.watch.claimed(before, next);
    if (next.term !== before?.term) this.orderly = reason === 'hand over';
    this.#world.watch.recordChanged(before, next);
    this.#world.onRecord(next, gaveUp);
  }
}
