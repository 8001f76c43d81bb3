/** What a group's record knows of messages during whose processing primaries died (DESIGN 5.14). */

import type { Deaths, GroupRecord } from '../model/record.js';

/** How long after the death of a primary its suspects are started with care. */
export const CARE_MS = 30_000;
/**
 * How long after the death of a primary calls without a session and later steps of handlers count as suspects although
 * nothing names them.
 */
export const ANONYMOUS_CARE_MS = 3_000;
/** The most suspects that the record names. Those for which it has no room may cost another primary. */
export const SUSPECTS_MAX = 1_024;
/** The most messages that the record names as refused. */
export const POISONED_MAX = 64;

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

/**
 * A primary fell silent. Its successor judges what it was processing once it knows what there is to adopt.
 *
 * @param soon whether it still took care after the death of its predecessor
 */
export function primaryDied(record: GroupRecord, soon: boolean): GroupRecord {
  const before = deathsOf(record);
  const unexplained = (soon ? before.unexplained : 0) + 1;
  return withDeaths(record, { ...before, unjudged: true, unexplained });
}

/** A primary left in good order: no message is under suspicion any more. */
export const nothingSuspected = (record: GroupRecord): GroupRecord =>
  withDeaths(record, { ...NO_DEATHS, poisoned: deathsOf(record).poisoned });

/** How long care is taken after a death that was judged at this time. */
export const careFrom = (timeMs: number): number => timeMs + CARE_MS;
