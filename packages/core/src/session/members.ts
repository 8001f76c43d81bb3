/** Tracks which replicas the session's links lead to: two links to one replica, and members that no link leads to. */

import type { Incarnation } from '../model/ids.js';
import type { Member } from '../model/record.js';
import type { Link, SessionState } from './state.js';

/**
 * A member is looked for at the address in the view once no link has led to it for this part of sessionMs: of the target's
 * addresses, some may not have been reached yet.
 */
const UNREACHED_PARTS = 8;
/**
 * How many milliseconds after its link broke a member is looked for at the address in the view. Usually the link comes
 * back by itself before that.
 */
const BROKEN_MS = 100;
/** How many sessionMs pass before the session looks for the member again. Meanwhile the adapter tries by itself. */
const AGAIN_AFTER = 2;

/**
 * A replica keeps one link for each session: a new one displaces the old one. If two addresses led to the same replica,
 * their links would displace each other for ever, so only the newest is used.
 */
export function parkTwins(s: SessionState, link: Link, member: Member): void {
  const { id } = member;
  link.lastMember = member;
  link.standsIn = undefined;
  for (const other of s.links) {
    if (other === link || other.lastMember?.id !== id || other.standsIn === link) continue;
    other.up = false;
    other.member = undefined;
    other.standsIn = link;
    if (s.primary === other) s.primary = undefined;
    s.effects.push({ kind: 'park', slot: other.slot });
    s.log('info', 'two addresses lead to one replica', { replica: id, slot: link.slot, unused: other.slot });
  }
}

/** The link that stood in for others broke. Any of those may be the one that works now. */
export function freeTwins(s: SessionState, link: Link): void {
  for (const other of s.links) {
    if (other.standsIn !== link) continue;
    other.standsIn = undefined;
    s.effects.push({ kind: 'reconnect', slot: other.slot });
  }
}

/**
 * How long the session waits before it looks for a member. A member that is new in the view is looked for at once,
 * because members may be replaced quickly and the replicas that knew of it may soon be gone. Before the first view it
 * is unknown where the target's addresses lead.
 */
function firstWait(s: SessionState, incarnation: Incarnation): number {
  if (!s.knowsMembers) return mayYetLead(s) ? s.sessionMs / UNREACHED_PARTS : 0;
  return s.links.some(({ lastMember }) => lastMember?.incarnation === incarnation) ? BROKEN_MS : 0;
}

/** Whether a link that has led to no replica so far may yet lead to a member that is missing. */
const mayYetLead = (s: SessionState): boolean => s.links.some(({ lastMember }) => lastMember === undefined);

/** At a tick: has the adapter connect to members that no link leads to, such as those that joined since it started. */
export function findUnreached(s: SessionState): void {
  const { inSync, addresses } = s.view;
  const { soughtMembers } = s;
  const unreached: string[] = [];
  for (const [index, { id, incarnation }] of inSync.entries()) {
    const address = addresses[index] ?? '';
    if (s.links.some(({ member }) => member?.id === id)) {
      soughtMembers.delete(incarnation);
      continue;
    }
    let sought = soughtMembers.get(incarnation);
    if (sought?.address !== address) {
      sought = { address, dueMs: s.nowMs + firstWait(s, incarnation), byLinks: !s.knowsMembers };
      soughtMembers.set(incarnation, sought);
    }
    const isDue = s.nowMs >= sought.dueMs || (sought.byLinks && !mayYetLead(s));
    if (address === '' || !isDue) continue;
    sought.byLinks = false;
    sought.dueMs = s.nowMs + s.sessionMs * AGAIN_AFTER;
    unreached.push(address);
  }
  if (inSync.length > 0) s.knowsMembers = true;
  if (soughtMembers.size > inSync.length) {
    for (const life of soughtMembers.keys()) {
      if (!inSync.some(({ incarnation }) => incarnation === life)) soughtMembers.delete(life);
    }
  }
  if (unreached.length === 0) return;
  s.effects.push({ kind: 'unreached', addresses: unreached, members: addresses.filter((each) => each !== '') });
}
