import { assert } from '../../model/assert.js';

import type { GroupRecord } from '../../record/record.js';
import { adoptionPublished, createRecord, isInSync, sameMember } from '../../record/transitions.js';
import type { Role } from '../events.js';
import { failCall, onRead } from '../intake/requests.js';
import { discardUnadopted } from '../order/backup-receive.js';
import type { ReplicaState } from '../state.js';
import { progress, startServing, tellPeers, tryHandOver } from './primary.js';
import { adopt, isRecovered, startCollecting } from './promoting.js';
import { connectPeers, proposeChange } from './record-changes.js';

/** Which role may follow which; nothing else changes the role. */
const LEGAL: Readonly<Record<Role, readonly Role[]>> = {
  starting: ['joining', 'promoting'],
  joining: ['backup', 'promoting', 'deposed'],
  backup: ['backup', 'promoting', 'deposed'],
  promoting: ['primary', 'promoting', 'backup', 'deposed'],
  primary: ['promoting', 'deposed'],
  deposed: [],
};

function become(r: ReplicaState, role: Role): void {
  assert(LEGAL[r.role].includes(role), () => `${r.role} cannot become ${role}`);
  r.role = role;
}

export function begin(r: ReplicaState, record: GroupRecord | undefined): void {
  assert(r.role === 'starting', () => `started as ${r.role}`);
  if (record === undefined) {
    proposeChange(r, createRecord(r.config.group, r.self, r.address), 'create');
    return;
  }
  onRecord(r, record);
}

/** The coordinator's answer is certain: the record is ours, or somebody else changed it first. */
export function onRecordChange(r: ReplicaState, won: boolean, record: GroupRecord | undefined): void {
  r.changeInFlight = undefined;
  r.changeReason = undefined;
  r.requireMembers();
  const publishing = r.collection?.stage === 'publishing' ? r.collection : undefined;
  if (record !== undefined) onRecord(r, record);
  else if (r.role === 'starting') begin(r, undefined);
  if (r.role === 'deposed') return;
  r.log('debug', 'record change', { won, epoch: r.epoch });
  // Lost: the adoption is decided again. A promotion that this very change began is not meant.
  if (publishing?.stage === 'publishing') publishing.stage = 'collecting';
  if (r.isPrimary) progress(r);
}

/** The record grew: who is primary, and who is in sync, follows from it alone. */
export function onRecord(r: ReplicaState, record: GroupRecord): void {
  if (r.record !== undefined && record.epoch <= r.record.epoch) return;
  r.record = record;
  const newTerm = record.term > r.term;
  r.term = record.term;
  if (r.role === 'starting') become(r, sameMember(record.primary, r.self) ? 'promoting' : 'joining');
  if (newTerm) enterTerm(r, record);
  else followChange(r, record);
  if (r.role === 'deposed') return;
  for (const member of record.inSync) {
    const peer = r.peers.get(member.id);
    if (peer !== undefined && sameMember(peer.member, member)) peer.learner = undefined;
  }
  r.requireMembers();
  connectPeers(r);
  changeViews(r);
}

function enterTerm(r: ReplicaState, record: GroupRecord): void {
  if (sameMember(record.primary, r.self)) {
    becomePromoting(r);
    return;
  }
  if (r.role === 'primary') {
    becomeDeposed(r, r.steppingDown === undefined ? 'another replica is primary' : 'handed over');
  } else if (r.role === 'joining') {
    // It may have entered the set without having heard of it; what it acknowledged must not go.
    if (/* rule entered-unheard */ r.joined && isInSync(record, r.self)) becomeBackup(r);
    else if (r.joined) becomeDeposed(r, 'the primary changed while this replica caught up');
  } else if (!isInSync(record, r.self)) {
    becomeDeposed(r, 'removed from the in-sync set');
  } else {
    becomeBackup(r);
  }
}

function followChange(r: ReplicaState, record: GroupRecord): void {
  if (r.role === 'joining') {
    if (isInSync(record, r.self)) enterSet(r);
  } else if (!isInSync(record, r.self)) {
    becomeDeposed(r, 'removed from the in-sync set');
  } else if (r.role === 'promoting' && adoptionPublished(record) && r.collection?.stage !== 'recovering') {
    adopt(r);
  } else if (r.role === 'backup') {
    discardUnadopted(r);
  }
}

/** It followed this very primary while it caught up: what it acknowledged of it goes on counting. */
function enterSet(r: ReplicaState): void {
  become(r, 'backup');
  r.lastHeartbeatMs = r.nowMs;
  discardUnadopted(r);
  announceRole(r);
}

function becomeBackup(r: ReplicaState): void {
  // Heartbeats and digests of another primary mean nothing.
  r.collection = undefined;
  r.heartbeatMs = 0;
  r.expectedDigest = undefined;
  r.forgetReports();
  enterSet(r);
}

function becomePromoting(r: ReplicaState): void {
  become(r, 'promoting');
  // What the old primary computed beyond the adoption never happened.
  r.expectedDigest = undefined;
  announceRole(r);
  readEarly(r);
  connectPeers(r);
  if (r.term === 1) {
    becomePrimary(r);
    return;
  }
  startCollecting(r);
}

/** Sessions knew sooner than this replica that it was designated, and ask only once. */
function readEarly(r: ReplicaState): void {
  for (const { connection, readId, request, peer } of r.earlyReads.splice(0)) {
    onRead(r, connection, readId, undefined, request, peer);
  }
}

function becomePrimary(r: ReplicaState): void {
  become(r, 'primary');
  startServing(r);
  announceRole(r);
}

/** A promotion ends when everything that was adopted is processed; a hand-over goes on when the last reply left. */
export function afterProcessing(r: ReplicaState): void {
  if (r.role === 'promoting' && isRecovered(r)) becomePrimary(r);
  else if (r.isPrimary && r.steppingDown !== undefined) tryHandOver(r);
}

/**
 * This life is over: another replica decides now, or the set no longer holds this one. What it had released is held by
 * the others; what it had not, nobody saw. A new life starts from the primary's checkpoint.
 */
export function becomeDeposed(r: ReplicaState, reason: string): void {
  const handedOver = r.isPrimary && r.steppingDown !== undefined;
  // The appointee learns at once, without waiting for its watch.
  if (handedOver) tellPeers(r);
  failWaiters(r);
  for (const { session } of r.connections.values()) {
    if (session?.link === undefined) continue;
    r.effects.push({
      kind: 'sendToSession',
      link: session.link,
      frame: { kind: 'newTerm', view: r.view, collect: false },
    });
  }
  become(r, 'deposed');
  announceRole(r);
  r.log('warn', 'deposed', { reason });
  if (r.steppingDown !== undefined) {
    r.effects.push({ kind: 'stopped', handedOverTo: handedOver ? r.record?.primary.id : undefined });
    return;
  }
  r.effects.push({ kind: 'rejoin', reason });
}

function failWaiters(r: ReplicaState): void {
  for (const call of r.streamCalls.keys()) failOrdered(r, call, false);
  for (const { to } of r.waiting) if (to.kind === 'call') failOrdered(r, to.call, to.withHeader);
  for (const connection of r.connections.values()) {
    for (const { order, stage, waiters } of connection.messages.values()) {
      // The log may have been dropped behind a message whose handler waits.
      const ordered = order !== undefined || /* rule waiting-is-ordered */ stage === 'waiting';
      for (const call of waiters ?? []) {
        if (ordered) failOrdered(r, call, connection.kind === 'session');
        else failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'another replica is primary; nothing was done');
      }
    }
  }
  for (;;) {
    const work = r.scheduler.next();
    if (work === undefined) break;
    if (work.kind === 'read' && work.call !== undefined) {
      failCall(r, work.call, 'UNDERSTUDY_NOT_PRIMARY', 'another replica is primary; nothing was done');
    }
  }
}

/** A session asks the new primary, which knows; a plain client cannot, so it is told that nobody knows. */
function failOrdered(r: ReplicaState, call: Parameters<typeof failCall>[1], session: boolean): void {
  if (session) failCall(r, call, 'UNDERSTUDY_NOT_PRIMARY', 'another replica is primary');
  else failCall(r, call, 'UNDERSTUDY_INDETERMINATE', 'the primary changed; the call may have taken effect');
}

/** Sessions hear of a new term or set on every stream that they have. */
function changeViews(r: ReplicaState): void {
  for (const { session } of r.connections.values()) if (session?.link !== undefined) session.viewSent = false;
  r.wantsFlush = true;
}

function announceRole(r: ReplicaState): void {
  r.effects.push({ kind: 'roleChanged', status: r.statusOf() });
}
