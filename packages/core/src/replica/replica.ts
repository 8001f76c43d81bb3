import { assert, unreachable } from '../model/assert.js';
import type { NewTermFrame, PeerFrame } from '../model/frames.js';
import type { ReplicaId } from '../model/ids.js';
import type { Member } from '../record/record.js';
import {
  checkpointForSuccessor,
  fellBehind,
  onCheckpoint,
  onCheckpointTaken,
  onRestored,
  startFromBase,
} from './checkpoint/checkpoints.js';
import type { ReplicaEffect, ReplicaEvent, ReplicaStatus } from './events.js';
import { checkStall, endedLate, executed, pump } from './execute/processing.js';
import { onAdmitted, onCallGone, onPlainCall, onRefused, onRpcCall } from './intake/requests.js';
import { checkSessions, onSessionDown, onSessionFrame } from './intake/sessions.js';
import { backupTick, isFromPrimary, onAnnounce, onBodies, promise } from './membership/backup.js';
import { onAck, onJoin, onNack, primaryTick, tellPeer, tryHandOver } from './membership/primary.js';
import { askPeer, onPromise, promotingTick, tryAdopt } from './membership/promoting.js';
import { afterProcessing, becomeDeposed, begin, onRecord, onRecordChange } from './membership/roles.js';
import { onNestedCall, onNestedReply } from './nested/nested.js';
import { flush } from './release/fan-out.js';
import { type ReplicaOptions, ReplicaState } from './state.js';
import { onItemPassed, onStreamEnded } from './streams/intercepted.js';
import { onPlainPart } from './streams/plain.js';
import { keepOutputs } from './streams/streams.js';

/** A replica outside the set asks to be let in this often until it is given a checkpoint. */
const JOIN_EVERY_MS = 250;
/** A shorter gap between two ticks is no standstill, however short the lease is. */
const STANDSTILL_MIN_MS = 50;

/**
 * One life of a replica: events in, effects out, nothing else. After every `step`, when `wantsFlush` is true, the
 * adapter passes one `flush` at the end of its event-loop turn. Effects are to be carried out in the order given.
 */
export class Replica {
  readonly #state: ReplicaState;

  constructor(options: ReplicaOptions) {
    this.#state = new ReplicaState(options);
  }

  /** Something was gathered that waits for a `flush`. */
  get wantsFlush(): boolean {
    return this.#state.wantsFlush;
  }

  /** Announcements gather: a `flush` is due `batchMs` after they began to, at the latest. */
  get wantsBatchFlush(): boolean {
    return this.#state.batchSinceMs !== undefined;
  }

  /**
   * @param nowMs the adapter's monotonic clock, milliseconds; never goes back
   * @returns what is to be done, valid until the next step
   */
  step(event: ReplicaEvent, nowMs: number): readonly ReplicaEffect[] {
    const r = this.#state;
    assert(nowMs >= r.nowMs, () => `clock went back from ${r.nowMs} to ${nowMs}`);
    r.nowMs = nowMs;
    r.effects = [];
    if (r.role === 'deposed') return r.effects;
    dispatch(r, event);
    pump(r);
    afterProcessing(r);
    return r.effects;
  }

  get status(): ReplicaStatus {
    return this.#state.statusOf();
  }
}

function dispatch(r: ReplicaState, event: ReplicaEvent): void {
  switch (event.kind) {
    case 'start':
      return begin(r, event.record);
    case 'record':
      return onRecord(r, event.record);
    case 'recordChange':
      return onRecordChange(r, event.won, event.record);
    case 'peerUp':
      return onPeerUp(r, event.peer);
    case 'peerDown':
      return onPeerDown(r, event.peer);
    case 'peerFrame':
      return onPeerFrame(r, event.from, event.frame);
    case 'sessionFrame':
      onSessionFrame(r, event.link, event.peer, event.frame);
      return tryAdopt(r);
    case 'sessionDown':
      return onSessionDown(r, event.link);
    case 'rpcCall':
      return onRpcCall(r, event);
    case 'plainCall':
      return onPlainCall(r, event);
    case 'plainPart':
      return onPlainPart(r, event.call, event.part);
    case 'callGone':
      return onCallGone(r, event.call);
    case 'admitted':
      return onAdmitted(r, event);
    case 'refused':
      return onRefused(r, event);
    case 'executed':
      return executed(r, event);
    case 'itemPassed':
      return onItemPassed(r, event);
    case 'streamEnded':
      return onStreamEnded(r, event);
    case 'lateItem':
      return keepOutputs(r, r.order.processedUpTo, [event.output]);
    case 'lateEnd':
      return endedLate(r, event.finished);
    case 'nestedCall':
      return onNestedCall(r, event.id);
    case 'nestedReply':
      return onNestedReply(r, event.to, event.outcome);
    case 'checkpointTaken':
      return onCheckpointTaken(r, event.state);
    case 'restored':
      return onRestored(r);
    case 'tick':
      return tick(r);
    case 'flush':
      return flush(r);
    case 'stepDown':
      return stepDown(r);
    default:
      return unreachable(event, 'replica event');
  }
}

function onPeerUp(r: ReplicaState, member: Member): void {
  const peer = r.peers.connect(member, r.nowMs);
  peer.announcedUpTo = peer.heldUpTo;
  if (r.record?.primary.id === member.id) {
    r.forgetReports();
    r.ackDue = true;
    r.wantsFlush = true;
  }
  if (r.role === 'promoting') {
    if (r.collection?.waitingPeers.has(member.id)) askPeer(r, member);
  } else if (r.isPrimary) {
    r.requireMembers();
    tellPeer(r, member);
    if (peer.learner === 'waiting' && !startFromBase(r, peer)) r.checkpointWanted = true;
    r.wantsFlush = true;
  } else if (r.role === 'joining') {
    r.joinSentMs = Number.NEGATIVE_INFINITY;
  }
}

function onPeerDown(r: ReplicaState, id: ReplicaId): void {
  const peer = r.peers.disconnect(id);
  if (peer?.learner !== undefined && !peer.confirmed) peer.learner = 'waiting';
}

/** Frames of an older term are answered with the newer record and otherwise ignored (DESIGN 5.4, 7.4). */
function onPeerFrame(r: ReplicaState, from: Member, frame: PeerFrame): void {
  switch (frame.kind) {
    case 'newTerm':
      return onNewTerm(r, from, frame);
    case 'join':
      return r.isPrimary ? onJoin(r, frame) : undefined;
    case 'bodies':
      // Asked for as a backup, and late: what a primary orders comes from whoever waits for it.
      return /* rule no-late-bodies */ r.isPrimary ? undefined : onBodies(r, frame.bodies);
    case 'announce':
    case 'checkpoint':
      if (
        /* rule term-of-peers */ !isCurrent(r, from, frame.term) ||
        /* rule primary-of-record */ !isFromPrimary(r, from) ||
        r.isPrimary
      )
        return;
      if (frame.kind === 'announce') return onAnnounce(r, frame);
      if (fellBehind(r, frame)) return becomeDeposed(r, 'the primary had given this replica up, and went on');
      return onCheckpoint(r, frame);
    case 'ack':
      return isCurrent(r, from, frame.term) && r.isPrimary ? onAck(r, from, frame) : undefined;
    case 'nack':
      return isCurrent(r, from, frame.term) && r.isPrimary ? onNack(r, from, frame) : undefined;
    case 'promise':
      return isCurrent(r, from, frame.term) ? onPromise(r, from, frame) : undefined;
    default:
      return unreachable(frame, 'peer frame');
  }
}

function isCurrent(r: ReplicaState, from: Member, term: number): boolean {
  if (term > r.term) r.effects.push({ kind: 'readRecord' });
  if (term < r.term && r.peers.get(from.id)?.linkUp) tellPeer(r, from);
  return term === r.term;
}

function onNewTerm(r: ReplicaState, from: Member, frame: NewTermFrame): void {
  if (frame.record.term < r.term) {
    tellPeer(r, from);
    return;
  }
  onRecord(r, frame.record);
  if (r.role !== 'backup' || frame.record.term !== r.term || !isFromPrimary(r, from)) return;
  r.lastHeartbeatMs = r.nowMs;
  if (frame.collect) promise(r, from, frame);
}

/**
 * Ticks come every few milliseconds. A gap means that this process stood still: what others said meanwhile waits to be
 * read behind this tick, so nobody is taken for silent because of it. To wait longer is always safe.
 */
function forgiveStandstill(r: ReplicaState): void {
  const gapMs = r.nowMs - r.lastTickMs;
  r.lastTickMs = r.nowMs;
  if (gapMs < Math.max(STANDSTILL_MIN_MS, r.config.leaseMs / 2) || gapMs === Number.POSITIVE_INFINITY) return;
  r.lastHeartbeatMs += gapMs;
  r.peers.excuse(gapMs);
  for (const { session } of r.connections.values()) if (session !== undefined) session.lastHeardMs += gapMs;
  for (const waiting of r.collection?.waitingPeers.values() ?? []) waiting.untilMs += gapMs;
}

function tick(r: ReplicaState): void {
  forgiveStandstill(r);
  checkSessions(r);
  /* rule leave-stalled */ checkStall(r);
  switch (r.role) {
    case 'primary':
      return primaryTick(r);
    case 'promoting':
      return promotingTick(r);
    case 'backup':
      return backupTick(r);
    case 'joining':
      backupTick(r);
      return askToJoin(r);
    default:
  }
}

function askToJoin(r: ReplicaState): void {
  const primary = r.record?.primary;
  if (primary === undefined || r.nowMs - r.joinSentMs < JOIN_EVERY_MS) return;
  // A primary that speaks no more may have given this replica up while it was slow.
  if (r.joined && r.nowMs - r.lastHeartbeatMs <= r.config.leaseMs) return;
  if (r.peers.get(primary.id)?.linkUp !== true) return;
  r.joinSentMs = r.nowMs;
  const frame = { kind: 'join', member: r.self, address: r.address } as const;
  r.effects.push({ kind: 'sendToPeer', peer: primary.id, frame });
}

function stepDown(r: ReplicaState): void {
  r.steppingDown ??= { sinceMs: r.nowMs };
  // Everything is to become stable now: nothing gathers, and no client's reflection is waited for.
  r.localAnnounceUpTo = r.order.last;
  r.wantsFlush = true;
  if (r.isPrimary) {
    /* rule copy-for-successor */ checkpointForSuccessor(r);
    tryHandOver(r);
  } else leave(r);
}

/** A backup stays until the set goes on without it, and who is about to enter says first that it does not. */
function leave(r: ReplicaState): void {
  r.ackDue = true;
  /* rule leave-when-let */ if (r.role === 'backup' || r.role === 'promoting' || (r.role === 'joining' && r.joined))
    return;
  r.effects.push({ kind: 'stopped', handedOverTo: undefined });
}
