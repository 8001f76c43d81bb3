/** What happened to a group between two looks at it. */
import type { GroupRecord } from '@understudy/core';
import { differingNames } from '@understudy/core/internal';
import type { ReplicaReport } from '../admin/report.js';
import { refusals, sameMember } from '../group/group-status.js';
import type { LiveRow, LiveStatus } from '../group/live-status.js';

/** `warn` marks what an operator may have to act on. */
export interface GroupEvent {
  readonly level: 'info' | 'warn';
  /** The replica that the event is about; absent for the group. */
  readonly replica?: string;
  readonly text: string;
}

const info = (text: string, replica?: string): GroupEvent => ({ level: 'info', ...of(replica), text });
const warn = (text: string, replica?: string): GroupEvent => ({ level: 'warn', ...of(replica), text });
const of = (replica: string | undefined) => (replica === undefined ? {} : { replica });

/** What changed from one record of a group to a later one. */
export function recordEvents(before: GroupRecord, now: GroupRecord): readonly GroupEvent[] {
  if (before.epoch === now.epoch) return [];
  const events: GroupEvent[] = [];
  if (now.origin !== before.origin && !now.forced) events.push(warn('a new history began, without the state'));
  if (now.term !== before.term) {
    const how = now.forced && !before.forced ? ', by the word of an operator' : '';
    events.push(info(`is primary in term ${now.term}${how}; it was ${before.primary.id}`, now.primary.id));
  }
  for (const member of now.inSync) {
    if (!before.inSync.some((other) => sameMember(other, member))) events.push(info('is in sync', member.id));
  }
  for (const member of before.inSync) {
    if (!now.inSync.some((other) => sameMember(other, member))) events.push(warn('is not in sync any more', member.id));
  }
  if (now.inSync.length === 1 && before.inSync.length > 1) {
    events.push(warn(`only ${now.inSync[0]?.id} holds everything: its end would be the end of the state`));
  }
  events.push(...addressEvents(before, now));
  const settings = differingNames(before.settings, now.settings);
  if (settings.length > 0) events.push(info(`other settings are in force: ${settings.join(', ')}`));
  const [code, next] = [before.code.at(-1), now.code.at(-1)];
  if (next !== undefined && code?.version !== next.version) events.push(info(`the primary's code is ${next.version}`));
  const known = refusals(before);
  for (const text of refusals(now)) if (!known.includes(text)) events.push(warn(`${text}; mend its handler`));
  if (now.ended && !before.ended) events.push(warn('ended: its last replica stopped, and the state went with it'));
  return events;
}

function addressEvents({ addresses: before }: GroupRecord, { addresses: now }: GroupRecord): readonly GroupEvent[] {
  const events: GroupEvent[] = [];
  for (const [id, address] of Object.entries(now)) {
    const old = Object.hasOwn(before, id) ? before[id] : undefined;
    if (old === undefined) events.push(info(`belongs to the group, at ${address}`, id));
    else if (old !== address) events.push(info(`is at ${address} now`, id));
  }
  for (const id of Object.keys(before)) {
    if (!Object.hasOwn(now, id)) events.push(info('is removed from the record', id));
  }
  return events;
}

/** What changed in the replicas' statuses, in the set of running replicas, and in what the coordinator reports. */
export function statusEvents(before: LiveStatus, now: LiveStatus): readonly GroupEvent[] {
  const events = now.replicas.flatMap((row) =>
    rowEvents(
      before.replicas.find((other) => sameRow(other, row)),
      row,
    ),
  );
  for (const row of before.replicas) {
    if (row.runs && !now.replicas.some((other) => other.runs && sameRow(other, row))) {
      events.push(warn('does not run any more', row.id));
    }
  }
  for (const problem of now.problems) if (!before.problems.includes(problem)) events.push(warn(problem));
  for (const problem of before.problems) if (!now.problems.includes(problem)) events.push(info(`over: ${problem}`));
  return events;
}

const sameRow = (a: LiveRow, b: LiveRow): boolean => a.id === b.id && a.incarnation === b.incarnation;

function rowEvents(before: LiveRow | undefined, now: LiveRow): GroupEvent[] {
  if (!now.runs) return [];
  const events: GroupEvent[] = [];
  if (before?.runs !== true) events.push(info(`runs, at ${now.address}`, now.id));
  const waits = now.waitsWith ?? [];
  if (waits.length > 0 && waits.join() !== before?.waitsWith?.join()) {
    events.push(info(`waits with other settings until it is primary: ${waits.join(', ')}`, now.id));
  }
  if (now.silence?.kind === 'unreachable' && before?.silence === undefined) {
    events.push(warn(`does not answer: ${now.silence.why}`, now.id));
  }
  const report = now.told?.report;
  if (report === undefined) return events;
  if (before?.silence?.kind === 'unreachable') events.push(info('answers again', now.id));
  return [...events, ...reportEvents(before?.told?.report, report, now.id)];
}

/** Counts of faults, and the sentence for one that has grown. */
const COUNTS: readonly (readonly [keyof ReplicaReport, string])[] = [
  ['divergences', 'a replica differs from the primary'],
  ['strayErrors', 'a handler or interceptor left an error to nobody'],
  ['refusedBodies', 'a client sent different replicas different messages under one number'],
  ['forgedOrders', 'a client reflected orders that no replica gave it'],
];

function reportEvents(before: ReplicaReport | undefined, now: ReplicaReport, id: string): GroupEvent[] {
  const events: GroupEvent[] = [];
  if (before !== undefined && now.role !== before.role) {
    events.push((now.role === 'deposed' ? warn : info)(`is ${now.role} now, in term ${now.term}`, id));
  }
  for (const name of ['blocked', 'leaving', 'recordChange'] as const) {
    const said = now[name];
    if (said !== undefined && said !== before?.[name]) events.push(warn(said, id));
    if (said === undefined && before?.[name] !== undefined && name === 'blocked')
      events.push(info('waits no more', id));
  }
  for (const [name, text] of COUNTS) {
    const more = Number(now[name]) - Number(before?.[name] ?? 0);
    if (more > 0) events.push(warn(`${text}${more > 1 ? `, ${more} times` : ''}; its log says more`, id));
  }
  return events;
}
