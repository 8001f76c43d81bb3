/** Writes and reads the part of a record about primaries' deaths. */
import type { GroupRecord, OrderNum } from '@understudy/core';
import type { Deaths, Poisoned, Suspect } from '@understudy/core/internal';
import type { Reader } from '../../bytes/reader.js';
import type { Writer } from '../../bytes/writer.js';

/** An empty text and a number. */
const SUSPECT_MIN_BYTES = 2;
/** Four numbers and two empty texts. */
const POISONED_MIN_BYTES = 6;

export function writeDeaths(w: Writer, deaths: Deaths | undefined): void {
  w.boolean(deaths !== undefined);
  if (deaths === undefined) return;
  w.boolean(deaths.unjudged);
  w.varint(deaths.unexplained);
  w.varint(deaths.careUntilMs);
  w.varint(deaths.suspects.length);
  for (const suspect of deaths.suspects) {
    w.string(suspect.message);
    w.varint(suspect.deaths);
  }
  w.varint(deaths.poisoned.length);
  for (const { orderNum, term, deaths: died, method, digest, refusedUntilMs } of deaths.poisoned) {
    w.varint(orderNum);
    w.varint(term);
    w.varint(died);
    w.string(method);
    w.string(digest);
    w.varint(refusedUntilMs);
  }
}

/** A record without deaths has no such field, so that equal records are equal after a journey, too. */
export function readDeaths(r: Reader): Partial<Pick<GroupRecord, 'deaths'>> {
  if (!r.boolean()) return {};
  const unjudged = r.boolean();
  const unexplained = r.varint();
  const careUntilMs = r.varint();
  const suspects: Suspect[] = [];
  for (let left = r.count(SUSPECT_MIN_BYTES); left > 0; left--) {
    suspects.push({ message: r.string(), deaths: r.varint() });
  }
  const poisoned: Poisoned[] = [];
  for (let left = r.count(POISONED_MIN_BYTES); left > 0; left--) {
    poisoned.push({
      orderNum: r.varint() as OrderNum,
      term: r.varint(),
      deaths: r.varint(),
      method: r.string(),
      digest: r.string(),
      refusedUntilMs: r.varint(),
    });
  }
  return { deaths: { unjudged, unexplained, careUntilMs, suspects, poisoned } };
}
