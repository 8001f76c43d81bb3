/** A coordinator that one replica can be cut off from. */
import {
  type Coordinator,
  type CoordinatorFactory,
  type Epoch,
  type GroupRecord,
  type Presence,
  type SwapResult,
  UnderstudyError,
} from '@understudy/core';

interface Watch {
  readonly onRecord: (record: GroupRecord) => void;
  readonly onError: (error: Error) => void;
  readonly onLost: ((last: GroupRecord | undefined) => void) | undefined;
  end: () => void;
}

/** The coordinator of a group. Calls fail while `isCut` says so. */
export class DistantCoordinator implements Coordinator {
  readonly #inner: Coordinator;
  readonly #isCut: () => boolean;
  readonly #watches = new Set<Watch>();

  constructor(factory: CoordinatorFactory, group: string, isCut: () => boolean) {
    this.#inner = factory(group);
    this.#isCut = isCut;
  }

  async read(): Promise<GroupRecord | undefined> {
    this.#reach();
    return await this.#inner.read();
  }

  async compareAndSwap(expected: Epoch, next: GroupRecord): Promise<SwapResult> {
    return this.#isCut() ? { kind: 'unknown', cause: unreachable() } : await this.#inner.compareAndSwap(expected, next);
  }

  async putBack(record: GroupRecord): Promise<SwapResult> {
    return this.#isCut() ? { kind: 'unknown', cause: unreachable() } : await this.#inner.putBack(record);
  }

  watch(onRecord: Watch['onRecord'], onError: Watch['onError'], onLost?: Watch['onLost']): () => void {
    const watch: Watch = { onRecord, onError, onLost, end: () => {} };
    this.#watches.add(watch);
    if (!this.#isCut()) this.#begin(watch);
    return () => {
      this.#watches.delete(watch);
      watch.end();
    };
  }

  async announce(presence: Presence): Promise<void> {
    this.#reach();
    await this.#inner.announce(presence);
  }

  async present(): Promise<readonly Presence[]> {
    this.#reach();
    return await this.#inner.present();
  }

  async close(): Promise<void> {
    this.#watches.clear();
    await this.#inner.close();
  }

  /** The replica has just been cut off, or connected again. */
  changed(): void {
    for (const watch of this.#watches) {
      watch.end();
      if (this.#isCut()) watch.onError(unreachable());
      else this.#begin(watch);
    }
  }

  #begin(watch: Watch): void {
    watch.end = this.#inner.watch(watch.onRecord, watch.onError, watch.onLost);
  }

  #reach(): void {
    if (this.#isCut()) throw unreachable();
  }
}

const unreachable = (): UnderstudyError =>
  new UnderstudyError('UNDERSTUDY_COORDINATOR', 'the test has cut this replica off from its coordinator');
