import type { GroupRecord, SwapResult } from '@understudy/core';
import { RecordStore } from '@understudy/core/testing';
import type { Watch } from '../checks/watch.js';
import { RecordRequest, type RequestingReplica, type RequestWorld } from './record-request.js';

/** The listeners who are told what happens to the record. */
export interface CoordinatorWorld extends RequestWorld {
  readonly watch: Pick<Watch, 'claims' | 'recordChanged'>;
  /**
   * The record has changed.
   *
   * @param gaveUp of a promotion: the client processes that it decided without
   */
  onRecord(record: GroupRecord, gaveUp: ReadonlySet<number> | undefined): void;
}

/** The coordinator: one record on a disk, changed by compare-and-swap; slow, sometimes out of reach, sometimes crashing. */
export class VirtualCoordinator {
  /** It is down until then. */
  downUntilMs = 0;
  requests: readonly RecordRequest[] = [];
  /** The present term began with a hand-over by a primary that had the time to make everything stable first. */
  orderly = false;
  readonly #world: CoordinatorWorld;
  readonly #store = new RecordStore();

  constructor(world: CoordinatorWorld) {
    this.#world = world;
  }

  get record(): GroupRecord | undefined {
    return this.#store.record;
  }

  reaches({ withoutCoordinatorUntilMs }: Pick<RequestingReplica, 'withoutCoordinatorUntilMs'>): boolean {
    const { nowMs } = this.#world;
    return nowMs >= this.downUntilMs && nowMs >= withoutCoordinatorUntilMs;
  }

  submit(server: RequestingReplica, next: GroupRecord, reason: string): void {
    if (reason === 'claim') this.#world.watch.claims(server);
    this.requests = [...this.requests, new RecordRequest(this.#world, this, server, next, reason)];
  }

  ended(request: RecordRequest): void {
    this.requests = this.requests.filter((other) => other !== request);
  }

  /** A change of the record that this replica wants for this reason is under way. */
  isAsked(server: RequestingReplica, reason: string): boolean {
    return this.requests.some((request) => request.server === server && request.reason === reason);
  }

  /** It dies with whatever was on its way to it or from it; the record is on its disk. */
  crash(untilMs: number): void {
    this.downUntilMs = untilMs;
    for (const request of this.requests) request.lose();
  }

  swap(next: GroupRecord, reason: string, gaveUp?: ReadonlySet<number>): SwapResult {
    const before = this.#store.record;
    const result = this.#store.swap(next);
    if (result.kind !== 'swapped') return result;
    if (next.term !== before?.term) this.orderly = reason === 'hand over';
    this.#world.watch.recordChanged(before, next);
    this.#world.onRecord(next, gaveUp);
    return result;
  }
}
