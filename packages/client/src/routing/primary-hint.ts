/** Where an RPC finds the group's primary, as far as the client knows. */
import type { ReplicaList } from './replica-list.js';

/**
 * Where the group's primary was last seen, as a slot of the list of replicas. The channel's session sets it and the
 * load-balancing policy reads it; without a session the policy learns it from refusals. A hint may be wrong, and that
 * does no harm: a replica that is not the primary refuses a call before touching anything.
 */
export class PrimaryHint {
  readonly replicas: ReplicaList;
  #slot: number | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(replicas: ReplicaList) {
    this.replicas = replicas;
  }

  get slot(): number | undefined {
    return this.#slot;
  }

  set(slot: number | undefined): void {
    if (slot === this.#slot) return;
    this.#slot = slot;
    for (const listener of this.#listeners) listener();
  }

  /** @returns a function that ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
