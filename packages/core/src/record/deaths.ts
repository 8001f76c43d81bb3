/** What a group's record knows of messages during whose processing primaries died (DESIGN 5.14). */

import type { Deaths, GroupRecord } from '../model/record.js';

/** For so long after the death of a primary, suspects, calls without a session and later steps of handlers are started with care. */
const CARE_MS = 30_000;
/** The most suspects, and the most poisoned messages, that the record names. */
export const SUSPECTS_MAX = 128;
export const POISONED_MAX = 64;

/** The name of all suspects for which the record had no room. */
export const OTHERS = '*';

export const NO_DEATHS: Deaths = Object.freeze({
  unjudged: false,
  unexplained: 0,
  careUntilMs: 0,
  suspects: Object.freeze([]),
  poisoned: Object.freeze([]),
});

export const deathsOf = ({ deaths }: Pick<GroupRecord, 'deaths'>): Deaths => deaths ?? NO_DEATHS;

/** The same record with other deaths, or without any. */
export function withDeaths(record: GroupRecord, deaths: Deaths): GroupRecord {
  const { deaths: _, ...others } = record;
  const isEmpty =
    !deaths.unjudged && deaths.unexplained === 0 && deaths.suspects.length === 0 && deaths.poisoned.length === 0;
  return isEmpty ? others : { ...others, deaths };
}

/** A primary fell silent. Its successor judges what it was processing once it knows what there is to adopt. */
export function primaryDied(record: GroupRecord, timeMs: number): GroupRecord {
  const before = deathsOf(record);
  const unexplained = (timeMs <= before.careUntilMs ? before.unexplained : 0) + 1;
  return withDeaths(record, { ...before, unjudged: true, unexplained });
}

/** A primary left in good order: no message is under suspicion any more. */
export const nothingSuspected = (record: GroupRecord): GroupRecord =>
  withDeaths(record, { ...NO_DEATHS, poisoned: deathsOf(record).poisoned });

/** How long care is taken after a death that was judged at this time. */
export const careFrom = (timeMs: number): number => timeMs + CARE_MS;
