/** The tables by which a frame writes out a connection, a method path or a metadata key only once. */
import { NO_SEQ, type SeqNum } from '@understudy/core/internal';

/** A scan of up to this many entries beats hashing. */
const SCANNED_MAX = 8;
/** A table that grows beyond this in one frame is replaced for the next frame, so that one frame cannot keep memory. */
const KEPT_MAX = 64;

/**
 * The strings of one frame in the order of their first occurrence. A frame writes out each string once and names it by
 * its index from then on. Encoder and decoder build the same table.
 */
export class StringTable {
  size = 0;
  private entries: string[] = [];
  private index: Map<string, number> | undefined;

  clear(): void {
    if (this.size > KEPT_MAX) this.entries = [];
    this.size = 0;
    this.index = undefined;
  }

  /** The index of `text`. A new text is added, so its index is the size before the call. */
  place(text: string): number {
    const at = this.find(text);
    if (at >= 0) return at;
    const added = this.size++;
    this.entries[added] = text;
    if (this.index) this.index.set(text, added);
    else if (this.size > SCANNED_MAX)
      this.index = new Map(this.entries.slice(0, this.size).map((entry, i) => [entry, i]));
    return added;
  }

  /** The entry at an index below `size`. */
  at(index: number): string {
    return this.entries[index] as string;
  }

  private find(text: string): number {
    if (this.index) return this.index.get(text) ?? -1;
    for (let i = 0; i < this.size; i++) if (this.entries[i] === text) return i;
    return -1;
  }
}

/**
 * The connections of one frame, each with the last seqNum that the frame named on it. The next seqNum is written as its
 * difference to that one, which is small.
 */
export class ConnectionTable extends StringTable {
  private last: SeqNum[] = [];

  override clear(): void {
    if (this.size > KEPT_MAX) this.last = [];
    super.clear();
  }

  override place(text: string): number {
    const before = this.size;
    const at = super.place(text);
    if (at === before) this.last[at] = NO_SEQ;
    return at;
  }

  lastSeq(index: number): SeqNum {
    return this.last[index] as SeqNum;
  }

  setLastSeq(index: number, seqNum: SeqNum): void {
    this.last[index] = seqNum;
  }
}
