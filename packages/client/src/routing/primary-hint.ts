/**
 * Where the group's primary was last seen: a slot of the target. The channel's session writes it, the load-balancing
 * policy reads it; without a session the policy learns it from refusals. A hint may be wrong; a replica that is not the
 * primary refuses before touching anything.
 */
export class PrimaryHint {
  #slot: number | undefined;
  readonly #listeners = new Set<() => void>();

  get slot(): number | undefined {
    return this.#slot;
  }

  set(slot: number | undefined): void {
    if (slot === this.#slot) return;
    this.#slot = slot;
    for (const listener of this.#listeners) listener();
  }

  /** Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
