/** One life of a replica as a pure machine: events in, effects out, nothing else. */

import type { GroupConfig } from '../config/config.js';
import { assert, unreachable } from '../model/assert.js';
import type { NewTermFrame, PeerFrame } from '../model/frames.js';
import type { ReplicaId } from '../model/ids.js';
import type { Leadership, Member } from '../model/record.js';
import { isInSync, sameMember } from '../record/transitions.js';
import type { ArmedData } from '../scheduling/armed-timers.js';
import { onCheckpointFailed, onCheckpointTaken, onRestored } from './checkpoint/checkpoints.js';
import { sayAgain } from './copying/busy.js';
import { leaveStalledDigest, onStateDigested, onStateHeld, tellCost } from './copying/digests.js';
import { checkStall, endedLate, executed, noteCaller, pump } from './execute/processing.js';
import { primaryAddress, refuseCall } from './intake/calls.js';
import { checkSessions, onSessionDown, onSessionFrame } from './intake/sessions.js';
import { onBodies } from './membership/backup.js';
import { giveDuty, onDelegated, onHeard } from './membership/liveness.js';
import { mindLostRecord, onRecordLost, vouch } from './membership/record-lost.js';
import { tellPeer } from './membership/tell.js';
import { onSessionSent } from './release/bulk.js';
import {
  afterProcessing,
  becomeDeposed,
  begin,
  onGroupGone,
  onRecord,
  onRecordChange,
  progressOf,
  statusOf,
} from './roles/become.js';
import { Starting } from './roles/idle.js';
import type { ReplicaEffect, ReplicaEvent, ReplicaProgress, ReplicaStatus } from './state/events.js';
import { type ReplicaOptions, ReplicaState, reflectedBy, steppingDown } from './state/replica-state.js';
import type { CallerEvent } from './state/role.js';
import { keepOutputs } from './streams/streams.js';
import { onTimerSet } from './timers/timers.js';
import { noteOthers } from './upgrade/others.js';

/** A gap between two ticks that is shorter than this is no standstill, however short the lease is. */
const STANDSTILL_MIN_MS = 50;

/**
 * One life of a replica. After every `step`, when `wantsFlush` is true, the adapter passes one `flush` at the end of
 * its event-loop turn. It carries out effects in the order given.
 */
export class Replica {
  readonly #state: ReplicaState;

  constructor(options: ReplicaOptions) {
    this.#state = new ReplicaState(options, (r) => new Starting(r));
  }

  /** Whether something was gathered that waits for a `flush`. */
  get wantsFlush(): boolean {
    return this.#state.wantsFlush;
  }

  /** Whether announcements are gathering. A `flush` is due at the latest `batchMs` after the first of them. */
  get wantsBatchFlush(): boolean {
    return this.#state.role.gathers;
  }

  /**
   * Takes in one event.
   *
   * @param nowMs the adapter's monotonic clock, in milliseconds; it never goes back
   * @returns the effects to carry out; valid until the next step
   */
  step(event: ReplicaEvent, nowMs: number): readonly ReplicaEffect[] {
    const r = this.#state;
    assert(nowMs >= r.nowMs, () => `clock went back from ${r.nowMs} to ${nowMs}`);
    r.nowMs = nowMs;
    r.effects = [];
    if (r.role.kind === 'deposed') return r.effects;
    dispatch(r, event);
    pump(r);
    afterProcessing(r);
    giveDuty(r);
    return r.effects;
  }

  /** The secret in the group's record; undefined while the record is unknown. It is not for logs. */
  get secret(): string | undefined {
    return this.#state.record?.secret;
  }

  /** The settings and the code that this replica brings along when it becomes primary. */
  get brings(): Leadership {
    return this.#state.leadership;
  }

  /** The settings in force. */
  get config(): GroupConfig {
    return this.#state.config;
  }

  get status(): ReplicaStatus {
    return statusOf(this.#state);
  }

  /** What the timers hold that are data, as of the last step. */
  get armedData(): ArmedData {
    return this.#state.timers.data;
  }

  /** What of `status` may be asked for after every step. */
  get progress(): ReplicaProgress {
    return progressOf(this.#state);
  }

  /** Where clients reach the primary; undefined if the record does not say. */
  get primaryAddress(): string | undefined {
    return primaryAddress(this.#state);
  }
}

function dispatch(r: ReplicaState, event: ReplicaEvent): void {
  switch (event.kind) {
    case 'start':
      return begin(r, event.record);
    case 'record':
      return onRecord(r, event.record);
    case 'recordLost':
      return onRecordLost(r, event.found, event.last);
    case 'recordChange':
      return onRecordChange(r, event.won, event.record);
    case 'peerUp':
      return onPeerUp(r, event.peer, event.brings);
    case 'peerDown':
      return onPeerDown(r, event.peer);
    case 'peerSent': {
      const peer = r.peers.get(event.peer);
      peer?.bulk.passedOn(peer.heldUpTo, r.nowMs);
      return r.wantFlush();
    }
    case 'peerFrame':
      return onPeerFrame(r, event.from, event.frame);
    case 'sessionFrame':
      onSessionFrame(r, event);
      return r.role.sessionSpoke();
    case 'sessionSent':
      return onSessionSent(r, event.link);
    case 'sessionDown':
      return onSessionDown(r, event.link);
    case 'rpcCall':
    case 'plainCall':
    case 'plainPart':
    case 'callGone':
    case 'admitted':
    case 'refused':
    case 'itemPassed':
    case 'streamEnded':
    case 'nestedReply':
      return onCallerEvent(r, event);
    case 'executed':
      return executed(r, event);
    case 'lateItem':
      return keepOutputs(r, reflectedBy(r), [event.output]);
    case 'lateEnd':
      return endedLate(r, event.finished);
    case 'nestedCall':
      noteCaller(r, event.id);
      return r.role.nestedCalled(event.id);
    case 'timerSet':
      if (event.timer.kind === 'raw') noteCaller(r, event.timer.id);
      return onTimerSet(r, event.timer);
    case 'timerCleared':
      return r.timers.clear(event.id);
    case 'wake':
      return r.role.wake();
    case 'checkpointTaken':
      return onCheckpointTaken(r, event.copy, event.state, event.more);
    case 'stateDrawn':
      return r.role.stateDrawn(event.copy, event.state, event.more);
    case 'checkpointFailed':
      return onCheckpointFailed(r, event.copy, event.reason);
    case 'restored':
      return onRestored(r, event);
    case 'stateHeld':
      return onStateHeld(r, event);
    case 'stateDigested':
      return onStateDigested(r, event);
    case 'operator': {
      const { asks, request } = event;
      const problem = asks.kind === 'remove' ? r.role.remove(asks.replica) : vouch(r);
      r.effects.push({ kind: 'answerOperator', request, problem });
      return;
    }
    case 'groupGone':
      return onGroupGone(r, event.epoch);
    case 'heard':
      return onHeard(r, event);
    case 'delegated':
      return onDelegated(r, event);
    case 'tick':
      return tick(r);
    case 'flush':
      r.flushed();
      return r.role.flush();
    case 'kick':
      return r.role.kicked();
    case 'stepDown':
      r.steppingDown ??= steppingDown(r.nowMs, event.learnersMs ?? 0);
      r.wantFlush();
      if (/* rule leave-when-let */ r.role.stepDown(event.present ?? []))
        r.effects.push({ kind: 'stopped', handedOverTo: undefined });
      return;
    default:
      return unreachable(event, 'replica event');
  }
}

function onPeerUp(r: ReplicaState, member: Member, brings: Leadership): void {
  const peer = r.peers.connect(member, brings, r.nowMs);
  noteOthers(r, member, brings);
  peer.announcedUpTo = peer.heldUpTo;
  peer.saidProcessed = peer.toldUpTo;
  r.role.peerUp(peer, member);
  /* rule busy-again */ sayAgain(r, peer);
}

function onPeerDown(r: ReplicaState, id: ReplicaId): void {
  r.peers.disconnect(id);
}

/** Frames of an older term are answered with the newer record and otherwise ignored (DESIGN 5.4, 7.4). */
function onPeerFrame(r: ReplicaState, from: Member, frame: PeerFrame): void {
  switch (frame.kind) {
    case 'newTerm':
      return onNewTerm(r, from, frame);
    case 'join':
      r.role.peerFrame(from, frame);
      return;
    case 'bodies':
      if (/* rule no-late-bodies */ r.role.takesBodies) onBodies(r, frame.bodies);
      return;
    case 'announce':
    case 'noCheckpoint':
    case 'piece':
    case 'checkpoint': {
      if (/* rule term-of-peers */ !isCurrent(r, from, frame.term)) return;
      if (/* rule primary-of-record */ !isFromPrimary(r, from)) return;
      const over = r.role.peerFrame(from, frame);
      if (over !== undefined) becomeDeposed(r, over);
      return;
    }
    case 'busy':
      if (isFromPrimary(r, from) || isFromPrimary(r, r.self)) r.role.peerFrame(from, frame);
      if (frame.forMs > 0) answerBusy(r, from);
      return;
    case 'busyHeard':
      r.effects.push({ kind: 'busyHeard', peer: from.id });
      return;
    case 'ack':
    case 'nack':
    case 'pieceAck':
    case 'promise':
      if (isCurrent(r, from, frame.term)) r.role.peerFrame(from, frame);
      return;
    default:
      return unreachable(frame, 'peer frame');
  }
}

/** Confirms that the sender is busy, if it is in sync: it waits for this answer before it begins. */
function answerBusy(r: ReplicaState, to: Member): void {
  if (r.record === undefined || !isInSync(r.record, r.self) || !r.peers.get(to.id)?.linkUp) return;
  r.effects.push({ kind: 'sendToPeer', peer: to.id, frame: { kind: 'busyHeard', term: r.term } });
}

function isCurrent(r: ReplicaState, from: Member, term: number): boolean {
  if (term > r.term) r.effects.push({ kind: 'readRecord' });
  if (term < r.term && r.peers.get(from.id)?.linkUp) tellPeer(r, from);
  return term === r.term;
}

/** Whether a frame that only a primary sends comes from the primary that the record names. */
const isFromPrimary = ({ record }: ReplicaState, from: Member): boolean =>
  record !== undefined && sameMember(record.primary, from);

function onNewTerm(r: ReplicaState, from: Member, frame: NewTermFrame): void {
  if (frame.record.term < r.term) {
    tellPeer(r, from);
    return;
  }
  onRecord(r, frame.record);
  if (frame.record.term === r.term && isFromPrimary(r, from)) r.role.newTermTold(from, frame);
}

function onCallerEvent(r: ReplicaState, event: CallerEvent): void {
  if (r.role.callerEvent(event)) return;
  if (event.kind === 'rpcCall' || event.kind === 'plainCall') refuseCall(r, event.call);
}

/**
 * Ticks come every few milliseconds, so a gap means that this process stood still. It reads the frames that others sent
 * meanwhile only after this tick, so it must not take any of them for silent because of the gap. Waiting longer is
 * always safe.
 */
function forgiveStandstill(r: ReplicaState): void {
  const gapMs = r.nowMs - r.lastTickMs;
  r.lastTickMs = r.nowMs;
  if (gapMs < Math.max(STANDSTILL_MIN_MS, r.config.leaseMs / 2) || gapMs === Number.POSITIVE_INFINITY) return;
  r.peers.excuse(gapMs, r.nowMs);
  for (const { session } of r.connections.values()) {
    if (session !== undefined) session.lastHeardMs = Math.min(session.lastHeardMs + gapMs, r.nowMs);
  }
  r.role.forgiveStandstill(gapMs);
}

function tick(r: ReplicaState): void {
  forgiveStandstill(r);
  r.forgetSums();
  checkSessions(r);
  /* rule leave-stalled */ checkStall(r);
  leaveStalledDigest(r);
  tellCost(r);
  mindLostRecord(r);
  r.role.tick();
}
