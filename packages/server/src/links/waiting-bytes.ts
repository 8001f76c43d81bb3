/**
 * Counts the bytes that wait on the links of all clients: to be sent, or for the rest of their frame. At the bound the
 * link with most waiting bytes makes room, whichever link brought the last ones.
 */
export class WaitingBytes<Id> {
  readonly #maxBytes: number;
  readonly #byLink = new Map<Id, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Notes how many bytes wait on a link now.
   *
   * @returns the link that must be ended; undefined if none
   */
  set(id: Id, bytes: number): Id | undefined {
    this.#bytes += bytes - (this.#byLink.get(id) ?? 0);
    if (bytes === 0) this.#byLink.delete(id);
    else this.#byLink.set(id, bytes);
    return this.#bytes > this.#maxBytes ? this.#mostLoaded() : undefined;
  }

  #mostLoaded(): Id | undefined {
    let most: Id | undefined;
    let mostBytes = 0;
    for (const [id, bytes] of this.#byLink) {
      if (bytes <= mostBytes) continue;
      most = id;
      mostBytes = bytes;
    }
    return most;
  }
}
