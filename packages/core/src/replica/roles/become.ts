/** The only place where a replica changes its role. The record alone decides which one it has. */

import { assert } from '../../model/assert.js';
import { next, type OrderNum } from '../../model/ids.js';
import type { GroupRecord } from '../../model/record.js';
import { BackupOrder } from '../../ordering/backup-order.js';
import { forceRecord } from '../../record/force.js';
import { adoptionPublished, createRecord, isInSync, sameMember } from '../../record/transitions.js';
import { giveUpDigests } from '../copying/digests.js';
import { onRead } from '../intake/calls.js';
import { tellSettings } from '../intake/sessions.js';
import { tryHandOver } from '../membership/hand-over.js';
import { adopt, isRecovered, startCollecting } from '../membership/promoting.js';
import { connectPeers, proposeChange, setChanged } from '../membership/record-changes.js';
import { isLost, onChangeLost, onRecordFound } from '../membership/record-lost.js';
import { newPrimary, startServing } from '../membership/serving.js';
import { tellPeers } from '../membership/tell.js';
import { discardUnadopted } from '../order/backup-receive.js';
import { sayPoisoned } from '../poison/refuse.js';
import { usableBase } from '../state/base.js';
import type { ReplicaProgress, ReplicaStatus, RoleName } from '../state/events.js';
import { FollowerState } from '../state/follower-state.js';
import type { PrimaryState } from '../state/primary-state.js';
import { PromotionState } from '../state/promotion-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import type { Role } from '../state/role.js';
import { membersOf, noteWaiting } from '../upgrade/others.js';
import { Backup, Joining } from './follower.js';
import { Deposed, type Starting } from './idle.js';
import { Primary } from './primary.js';
import { Promoting } from './promoting.js';

/** Every role there is. No other file asks which one a replica has. */
type AnyRole = Starting | Joining | Backup | Promoting | Primary | Deposed;

const NOBODY: ReplicaStatus['inSync'] = [];

const roleOf = ({ role }: ReplicaState): AnyRole => role as AnyRole;

/** Which role may follow which. */
const LEGAL: Readonly<Record<RoleName, readonly RoleName[]>> = {
  starting: ['joining', 'promoting'],
  joining: ['backup', 'promoting', 'deposed'],
  backup: ['backup', 'promoting', 'deposed'],
  promoting: ['primary', 'promoting', 'backup', 'deposed'],
  primary: ['promoting', 'deposed'],
  deposed: [],
};

function become(r: ReplicaState, role: Role): void {
  assert(LEGAL[r.role.kind].includes(role.kind), () => `${r.role.kind} cannot become ${role.kind}`);
  r.role = role;
}

/** The first event of a life. `record` is what the coordinator holds; undefined if there is none yet. */
export function begin(r: ReplicaState, record: GroupRecord | undefined): void {
  assert(r.role.kind === 'starting', () => `started as ${r.role.kind}`);
  if (record === undefined) {
    const { address, peerAddress } = r.reached;
    const record = createRecord(r.own.group, r.self, address, r.newSecret, r.leadership, peerAddress);
    proposeChange(r, record, 'create');
  } else {
    onRecord(r, record);
  }
}

/** The outcome of a change is certain: it was made, or another replica changed the record first. */
export function onRecordChange(r: ReplicaState, won: boolean, record: GroupRecord | undefined): void {
  const change = r.changeInFlight;
  r.changeInFlight = undefined;
  r.changeReason = undefined;
  if (!won && isLost(r, record)) onChangeLost(r, change, record);
  else setChanged(r);
  const before = r.role;
  const wasPublishing = before instanceof Promoting && before.m.collection.stage === 'publishing';
  if (record !== undefined) onRecord(r, record);
  // The record was lost while this replica began. Only its adapter can find out whether a replica that knew the record
  // runs.
  else if (before.kind === 'starting') r.effects.push({ kind: 'rejoin', reason: 'the record was lost meanwhile' });
  if (r.role.kind === 'deposed') return;
  r.log('debug', 'record change', { won, epoch: r.epoch });
  // The record was lost, so the outcome is uncertain after all.
  if (r.changeInFlight !== undefined) return;
  // A promotion that this change began did not propose it, so it need not hear of the outcome.
  if (wasPublishing ? r.role === before : !(r.role instanceof Promoting)) r.role.recordChanged();
}

/** Takes in a newer record: who is primary and who is in sync follows from it alone. */
export function onRecord(r: ReplicaState, record: GroupRecord): void {
  const waited = r.lost?.pending !== undefined;
  onRecordFound(r, record);
  takeIn(r, record);
  // The change that was in flight when the record was lost did not happen.
  if (waited && r.lost === undefined && r.changeInFlight === undefined) r.role.recordChanged();
}

function takeIn(r: ReplicaState, record: GroupRecord): void {
  if (r.record !== undefined && record.epoch <= r.record.epoch) return;
  if (record.term < r.term) {
    becomeDeposed(r, "the group's record was put back to an earlier term");
    return;
  }
  const hasOtherSettings = record.settings !== r.record?.settings;
  sayPoisoned(r, r.record, record);
  if (r.record?.deaths?.unjudged && record.deaths?.unjudged !== true) r.deaths.judged(r.nowMs);
  r.record = record;
  const isNewTerm = record.term > r.term;
  r.term = record.term;
  if (hasOtherSettings) /* rule settings-of-primary */ takeSettings(r, record);
  if (r.role.kind === 'starting' && !sameMember(record.primary, r.self)) become(r, new Joining(r));
  if (isNewTerm) r.effects.push({ kind: 'versions' });
  if (isNewTerm) enterTerm(r, record);
  else followChange(r, record);
  if (r.role.kind === 'deposed') return;
  for (const member of record.inSync) {
    const peer = r.peers.get(member.id);
    if (peer !== undefined && sameMember(peer.member, member)) peer.learner = undefined;
  }
  setChanged(r);
  connectPeers(r);
  showViews(r);
  if (record.ended) beginAnew(r, 'the group has ended');
}

/**
 * The group's last history is over, and this replica begins a new one with the state that its process began with. A
 * replica that holds a part of the old state must not bring that back.
 */
function beginAnew(r: ReplicaState, why: string): void {
  const role = roleOf(r);
  const { record } = r;
  if (record === undefined || role.kind !== 'joining' || r.steppingDown !== undefined) return;
  const hasOldState = role.follower !== undefined || !r.fresh;
  if (/* rule begin-anew-fresh */ hasOldState) return;
  const { address, peerAddress } = r.reached;
  if (proposeChange(r, forceRecord(record, r.self, address, peerAddress, r.leadership), 'begin anew')) {
    r.log('warn', 'this replica begins a new history of the group; the state of the last one is gone', { reason: why });
  }
}

/** No replica that the record counts as in sync runs, and the user has said what to do then. */
export function onGroupGone(r: ReplicaState, epoch: number): void {
  if (r.record?.epoch === epoch) beginAnew(r, 'no replica in sync runs');
}

/** The settings of the primary are in force. Clients that this replica welcomed under others are told. */
function takeSettings(r: ReplicaState, record: GroupRecord): void {
  const { settingsDigest } = r;
  const { multicast, sessionMs, budgets } = r.config;
  r.takeSettings(record.settings);
  noteWaiting(r);
  const isSame =
    settingsDigest === r.settingsDigest &&
    multicast === r.config.multicast &&
    sessionMs === r.config.sessionMs &&
    budgets.sessionBytes === r.config.budgets.sessionBytes;
  if (!isSame) /* rule tell-settings */ tellSettings(r);
}

function enterTerm(r: ReplicaState, record: GroupRecord): void {
  r.deaths.newTerm(r.nowMs);
  if (sameMember(record.primary, r.self)) {
    becomePromoting(r);
    return;
  }
  const role = roleOf(r);
  switch (role.kind) {
    case 'primary':
      becomeDeposed(r, r.steppingDown === undefined ? 'another replica is primary' : 'handed over');
      return;
    case 'joining':
      if (role.follower === undefined) return;
      // The replica may have entered the set without hearing of it, and must then keep what it acknowledged.
      if (/* rule entered-unheard */ isInSync(record, r.self)) becomeBackup(r, new FollowerState(r, role.follower));
      else becomeDeposed(r, 'the primary changed while this replica caught up');
      return;
    case 'backup':
    case 'promoting':
      if (!isInSync(record, r.self)) becomeDeposed(r, 'removed from the in-sync set');
      else becomeBackup(r, followerOf(r, role));
      return;
    case 'starting':
    case 'deposed':
  }
}

/** A follower of the new primary: heartbeats, digests and reports of the previous one do not carry over. */
const followerOf = (r: ReplicaState, role: Backup | Promoting): FollowerState =>
  role.kind === 'backup' ? new FollowerState(r, role.follower) : new FollowerState(r);

function followChange(r: ReplicaState, record: GroupRecord): void {
  const role = roleOf(r);
  if (role.kind === 'joining') {
    // The replica caught up under this same primary, so its acknowledgments go on counting.
    if (role.follower !== undefined && isInSync(record, r.self)) becomeBackup(r, role.follower);
  } else if (!isInSync(record, r.self)) {
    becomeDeposed(r, 'removed from the in-sync set');
  } else if (role.kind === 'promoting') {
    if (adoptionPublished(record) && role.m.collection.stage !== 'recovering') adopt(role.m);
  } else if (role.kind === 'backup') {
    discardUnadopted(r, role.follower.backupOrder);
    role.follower.forgetCut();
  }
}

function becomeBackup(r: ReplicaState, follower: FollowerState): void {
  r.role.close();
  become(r, new Backup(follower));
  follower.heard();
  discardUnadopted(r, follower.backupOrder);
  follower.forgetCut();
  announceRole(r);
}

function becomePromoting(r: ReplicaState): void {
  const role = roleOf(r);
  let backupOrder = new BackupOrder(next(r.order.last));
  let before: PrimaryState | undefined;
  let completedUpTo: OrderNum | undefined;
  if ((role.kind === 'backup' || role.kind === 'joining') && role.follower !== undefined) {
    role.follower.forgetCut();
    ({ backupOrder, completedUpTo } = role.follower);
  } else if (role.kind === 'primary') {
    before = role.p;
  } else if (role.kind === 'promoting') {
    ({ backupOrder, before, completedUpTo } = role.m);
  }
  /* rule no-digest-before-serving */ giveUpDigests(r);
  const promoting = new Promoting(new PromotionState(r, backupOrder, before, completedUpTo));
  become(r, promoting);
  announceRole(r);
  connectPeers(r);
  if (r.term === 1) becomePrimary(r, promoting);
  else startCollecting(promoting.m);
}

function becomePrimary(r: ReplicaState, { m }: Promoting): void {
  const primary = new Primary(newPrimary(r, m.before));
  become(r, primary);
  startServing(primary.p);
  for (const { connection, readId, call, request, peer } of r.earlyReads.take()) {
    onRead(primary.p, connection, readId, call, request, peer);
  }
  announceRole(r);
}

/**
 * After each event: a promotion ends when everything adopted is processed; a hand-over proceeds when the last reply has
 * left.
 */
export function afterProcessing(r: ReplicaState): void {
  const role = roleOf(r);
  if (role.kind === 'promoting' && isRecovered(role.m)) becomePrimary(r, role);
  else if (role.kind === 'primary' && r.steppingDown !== undefined) tryHandOver(role.p);
}

/**
 * Ends this life: another replica is primary now, or the set no longer includes this one. The others hold everything it
 * released, and nobody saw the rest. A new life starts from the primary's checkpoint.
 */
export function becomeDeposed(r: ReplicaState, reason: string): void {
  const handedOver = r.role.kind === 'primary' && r.steppingDown !== undefined;
  // The successor learns of it at once, without waiting until its coordinator tells it.
  if (handedOver) tellPeers(r);
  r.role.close();
  for (const { session } of r.connections.values()) {
    if (session?.link === undefined) continue;
    const frame = { kind: 'newTerm', view: r.view, collect: false } as const;
    r.effects.push({ kind: 'sendToSession', link: session.link, frame });
  }
  become(r, new Deposed(r));
  announceRole(r);
  r.log(r.steppingDown === undefined ? 'warn' : 'info', 'deposed', { reason });
  if (r.steppingDown === undefined) r.effects.push({ kind: 'rejoin', reason });
  else r.effects.push({ kind: 'stopped', handedOverTo: handedOver ? r.record?.primary.id : undefined });
}

/** Lets every session with a link hear of the new term or set. */
function showViews(r: ReplicaState): void {
  for (const { session } of r.connections.values()) if (session?.link !== undefined) session.viewSent = false;
  r.wantFlush();
}

export const statusOf = (r: ReplicaState): ReplicaStatus =>
  r.statusWith(membersOf(r), r.hadStreams ? usableBase(r)?.orderNum : undefined);

export const progressOf = (r: ReplicaState): ReplicaProgress => ({
  replica: r.self,
  role: r.role.kind,
  term: r.term,
  epoch: r.epoch,
  inSync: r.record?.inSync ?? NOBODY,
  heldUpTo: r.order.heldUpTo,
  processedUpTo: r.order.processedUpTo,
  stableUpTo: r.stableUpTo,
  digest: r.digest,
  sessions: r.connections.sessions,
  logLength: r.order.entries.length,
  base: r.hadStreams ? usableBase(r)?.orderNum : undefined,
  waitingToRelease: r.role.waitingToRelease,
  openNested: r.nested.open,
  leaving: r.role.leaving,
});

function announceRole(r: ReplicaState): void {
  r.effects.push({ kind: 'roleChanged', status: statusOf(r) });
}
