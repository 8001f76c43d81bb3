/** Compares replicas whose settings or code differ from the primary's, as in a group that is being upgraded. */

import { differingNames } from '../../config/term-settings.js';
import type { Leadership, Member } from '../../model/record.js';
import { codeOf } from '../../record/transitions.js';
import type { MemberStatus } from '../state/events.js';
import type { ReplicaState } from '../state/replica-state.js';

/** How many settings a log line names. */
const NAMED_MAX = 8;

const listed = (names: readonly string[]): string =>
  names.slice(0, NAMED_MAX).join(', ') + (names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '');

/** Logs once for each link that the other replica has other settings or other code than this one. */
export function noteOthers(r: ReplicaState, { id }: Member, { settings, version }: Leadership): void {
  r.effects.push({ kind: 'versions' });
  const differ = differingNames(r.leadership.settings, settings);
  if (differ.length > 0) {
    const what = 'another replica was given other settings; those of the primary are in force';
    r.log('info', what, { peer: id, settings: listed(differ) });
  }
  if (version !== r.leadership.version) {
    const what = 'another replica runs another version of the service; each executes only what its own version ordered';
    r.log('info', what, { peer: id, itsVersion: version, version: r.leadership.version });
  }
}

/** Logs at the beginning of a term in which this replica is not primary that its own settings wait. */
export function noteWaiting(r: ReplicaState): void {
  const { record } = r;
  if (record === undefined || record.primary.id === r.self.id) return;
  const differ = differingNames(record.settings, r.leadership.settings);
  if (differ.length === 0) return;
  const what = "this replica's own settings wait until it is primary; those of the primary are in force";
  r.log('warn', what, { primary: record.primary.id, settings: listed(differ) });
}

/** Whether this replica has other code than the primary of the present term. */
export const hasOtherCode = (r: ReplicaState, { version }: Leadership): boolean =>
  r.record !== undefined && codeOf(r.record, r.term)?.version !== version;

/**
 * By a replica's settings and code: the settings that were in force when it was last compared with them, and the
 * result.
 */
const compared = new WeakMap<Leadership, { readonly inForce: string; readonly names: readonly string[] }>();

/**
 * The names of a replica's settings that wait. The result is kept, because a status is asked for often and settings
 * change seldom.
 */
function waitingNames(inForce: string, brings: Leadership): readonly string[] {
  const known = compared.get(brings);
  if (known?.inForce === inForce) return known.names;
  const names = differingNames(inForce, brings.settings);
  compared.set(brings, { inForce, names });
  return names;
}

/** This replica, and the replicas that it has a link to. */
export function membersOf(r: ReplicaState): readonly MemberStatus[] {
  const inForce = r.record?.settings;
  const of = (id: MemberStatus['id'], brings: Leadership): MemberStatus => ({
    id,
    version: brings.version,
    waitsWith: inForce === undefined ? [] : waitingNames(inForce, brings),
  });
  const members = [of(r.self.id, r.leadership)];
  for (const { member, brings, linkUp } of r.peers.values()) if (linkUp && brings) members.push(of(member.id, brings));
  return members.sort((a, b) => (a.id < b.id ? -1 : 1));
}
