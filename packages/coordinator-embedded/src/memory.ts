/** A coordinator in memory, with faults that a test can switch on. */
import type { Coordinator, CoordinatorFactory, Epoch, GroupRecord, Presence, SwapResult } from '@understudy/core';
import { UnderstudyError } from '@understudy/core';
import { checkReadable, checkSwap, sameRecord } from '@understudy/core/internal';

/** Faults that a test can inject into all coordinators of one factory. */
export interface MemoryFaults {
  /**
   * While false, every call fails and watches are told so. Once it is true again, watches get the record they missed.
   */
  setReachable(reachable: boolean): void;
  /** The next compare-and-swap takes place as always, but is answered `unknown`. */
  loseNextAnswer(): void;
  /**
   * Somebody deletes or replaces a group's record.
   *
   * @param isTold whether watches are told what was there before. Default true
   */
  replaceRecord(group: string, record: GroupRecord | undefined, isTold?: boolean): void;
}

export type MemoryCoordinatorFactory = CoordinatorFactory & { readonly faults: MemoryFaults };

/**
 * Keeps the records of groups in this process, for tests. Results arrive later than the call, as from a real
 * coordinator.
 */
export function memoryCoordinator(): MemoryCoordinatorFactory {
  const world = new World();
  const factory: CoordinatorFactory = (group) => new MemoryCoordinator(group, world.store(group), world);
  return Object.assign(factory, { faults: world });
}

interface Watch {
  readonly onRecord: (record: GroupRecord) => void;
  readonly onError: (error: Error) => void;
  readonly onLost: ((last: GroupRecord | undefined) => void) | undefined;
  reported: GroupRecord | undefined;
}

interface Store {
  record: GroupRecord | undefined;
  readonly watches: Set<Watch>;
  readonly presences: Map<Coordinator, Presence>;
}

class World implements MemoryFaults {
  readonly #stores = new Map<string, Store>();
  #reachable = true;
  #losing = false;

  get reachable(): boolean {
    return this.#reachable;
  }

  store(group: string): Store {
    const store = this.#stores.get(group) ?? { record: undefined, watches: new Set(), presences: new Map() };
    this.#stores.set(group, store);
    return store;
  }

  setReachable(reachable: boolean): void {
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    for (const store of this.#stores.values()) {
      for (const watch of store.watches) {
        if (reachable) this.report(store, watch);
        else queueMicrotask(() => store.watches.has(watch) && watch.onError(unreachable()));
      }
    }
  }

  loseNextAnswer(): void {
    this.#losing = true;
  }

  replaceRecord(group: string, record: GroupRecord | undefined, isTold = true): void {
    const store = this.store(group);
    const last = isTold ? store.record : undefined;
    store.record = record;
    for (const watch of store.watches) this.report(store, watch, last);
  }

  takeLoss(): boolean {
    const losing = this.#losing;
    this.#losing = false;
    return losing;
  }

  /** Tells a watch, on a later microtask, the record that is newest by then. */
  report(store: Store, watch: Watch, last?: GroupRecord): void {
    queueMicrotask(() => {
      const { record } = store;
      const { reported } = watch;
      if (!this.#reachable || !store.watches.has(watch) || sameRecord(record, reported)) return;
      watch.reported = record;
      const isNewer = record !== undefined && record.epoch > (reported?.epoch ?? 0);
      if (isNewer) watch.onRecord(record);
      else watch.onLost?.(last);
    });
  }
}

class MemoryCoordinator implements Coordinator {
  readonly #group: string;
  readonly #store: Store;
  readonly #world: World;
  readonly #watches = new Set<Watch>();
  #closed = false;

  constructor(group: string, store: Store, world: World) {
    this.#group = group;
    this.#store = store;
    this.#world = world;
  }

  read(): Promise<GroupRecord | undefined> {
    return this.#later(() => this.#store.record);
  }

  async compareAndSwap(expected: Epoch, next: GroupRecord): Promise<SwapResult> {
    checkSwap(this.#group, expected, next);
    try {
      return await this.#later(() => this.#put(next, (this.#store.record?.epoch ?? 0) === expected));
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
  }

  async putBack(record: GroupRecord): Promise<SwapResult> {
    checkReadable(this.#group, record);
    try {
      return await this.#later(() => this.#put(record, (this.#store.record?.epoch ?? 0) < record.epoch));
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
  }

  watch(
    onRecord: (record: GroupRecord) => void,
    onError: (error: Error) => void,
    onLost?: (last: GroupRecord | undefined) => void,
  ): () => void {
    if (this.#closed) throw this.#closedError();
    const watch: Watch = { onRecord, onError, onLost, reported: undefined };
    this.#watches.add(watch);
    this.#store.watches.add(watch);
    if (this.#world.reachable) this.#world.report(this.#store, watch);
    else queueMicrotask(() => this.#store.watches.has(watch) && onError(unreachable()));
    return () => this.#unwatch(watch);
  }

  announce(presence: Presence): Promise<void> {
    return this.#later(() => {
      this.#store.presences.set(this, presence);
    });
  }

  present(): Promise<readonly Presence[]> {
    return this.#later(() => [...this.#store.presences.values()].sort((a, b) => (a.member.id < b.member.id ? -1 : 1)));
  }

  /** Withdraws the replica even while unreachable, as a lease that nobody renews would. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) this.#unwatch(watch);
    this.#store.presences.delete(this);
  }

  #put(next: GroupRecord, matches: boolean): SwapResult {
    const store = this.#store;
    const lost = this.#world.takeLoss();
    const current = store.record;
    if (matches) {
      store.record = next;
      for (const watch of store.watches) this.#world.report(store, watch);
    }
    if (lost) return { kind: 'unknown', cause: coordinatorError('the answer was lost') };
    return matches ? { kind: 'swapped' } : { kind: 'conflict', current };
  }

  #unwatch(watch: Watch): void {
    this.#watches.delete(watch);
    this.#store.watches.delete(watch);
  }

  /** Works on one later microtask and returns the result on another, so that calls interleave. */
  async #later<T>(work: () => T): Promise<T> {
    if (this.#closed) throw this.#closedError();
    await Promise.resolve();
    if (!this.#world.reachable) throw unreachable();
    const result = work();
    await Promise.resolve();
    return result;
  }

  #closedError(): Error {
    return coordinatorError(`the coordinator of group "${this.#group}" is closed; create a new one`);
  }
}

const coordinatorError = (sentence: string): Error => new UnderstudyError('UNDERSTUDY_COORDINATOR', sentence);

const unreachable = (): Error => coordinatorError('the coordinator cannot be reached');
