/** Lists of seqNums: a byte each where they ascend without large gaps. */
import type { SeqNum } from '@understudy/core/internal';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';

/** Writes a list of seqNums, each as its difference to the one before; the first one comes after `base`. */
export function writeSeqNums(w: Writer, base: SeqNum, seqNums: readonly SeqNum[]): void {
  w.varint(seqNums.length);
  let previous = base;
  for (const seqNum of seqNums) {
    w.after(previous, seqNum);
    previous = seqNum;
  }
}

export function readSeqNums(r: Reader, base: SeqNum): SeqNum[] {
  const seqNums: SeqNum[] = [];
  let seqNum = base;
  for (let left = r.count(1); left > 0; left--) {
    seqNum = r.after(seqNum) as SeqNum;
    seqNums.push(seqNum);
  }
  return seqNums;
}
