/**
 * The configurations from which the search has failed, so that it explores none twice (Lowe, "Testing for
 * linearizability", CCPE 2017). A configuration is the set of placed operations, the number of operations of unknown
 * outcome placed last in a row, and the state. The hash table uses open addressing in one flat array, so that an entry
 * needs no object and no text.
 */
export class DeadEnds {
  size = 0;
  readonly #stateIds = new Map<string | number, number>();
  /** Length of an entry in words: the bitset, the count in a row, the id of the state. */
  readonly #width: number;
  #entries: Int32Array;
  /** For each slot, the index of its entry plus one; 0 marks a free slot. */
  #slots: Int32Array;

  constructor(bitsetWords: number) {
    this.#width = bitsetWords + 2;
    this.#entries = new Int32Array(this.#width * 16);
    this.#slots = new Int32Array(32);
  }

  has(placed: Int32Array, inRow: number, stateKey: string | number): boolean {
    const stateId = this.#stateIds.get(stateKey);
    return stateId !== undefined && this.#slots[this.#slotOf(placed, inRow, stateId)] !== 0;
  }

  add(placed: Int32Array, inRow: number, stateKey: string | number): void {
    let stateId = this.#stateIds.get(stateKey);
    if (stateId === undefined) {
      stateId = this.#stateIds.size;
      this.#stateIds.set(stateKey, stateId);
    }
    const slot = this.#slotOf(placed, inRow, stateId);
    if (this.#slots[slot] !== 0) return;
    const at = this.size * this.#width;
    this.#entries.set(placed, at);
    this.#entries[at + this.#width - 2] = inRow;
    this.#entries[at + this.#width - 1] = stateId;
    this.#slots[slot] = ++this.size;
    if (this.size * 2 >= this.#slots.length) this.#grow();
  }

  /** Returns the slot that holds an entry, or the free slot where it belongs. */
  #slotOf(placed: Int32Array, inRow: number, stateId: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(placed, 0, placed.length, inRow, stateId) & mask;
    for (let entry = this.#slots[slot] as number; entry !== 0; entry = this.#slots[slot] as number) {
      if (this.#holds(entry - 1, placed, inRow, stateId)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #holds(entry: number, placed: Int32Array, inRow: number, stateId: number): boolean {
    const at = entry * this.#width;
    if (this.#entries[at + this.#width - 1] !== stateId || this.#entries[at + this.#width - 2] !== inRow) return false;
    for (let word = 0; word < placed.length; word++) if (this.#entries[at + word] !== placed[word]) return false;
    return true;
  }

  #grow(): void {
    const entries = new Int32Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      const from = entry * this.#width;
      const to = from + this.#width - 2;
      let slot = hash(entries, from, to, entries[to] as number, entries[to + 1] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}

/** Hashes the words `from` to `to` so that the low bits depend on all of them. */
function hash(words: Int32Array, from: number, to: number, inRow: number, stateId: number): number {
  let mixed = Math.imul((stateId << 6) ^ (inRow + 1), 0x9e3779b1);
  for (let at = from; at < to; at++) {
    mixed = Math.imul(mixed ^ (words[at] as number), 0x85ebca6b);
    mixed ^= mixed >>> 15;
  }
  return mixed ^ (mixed >>> 13);
}
