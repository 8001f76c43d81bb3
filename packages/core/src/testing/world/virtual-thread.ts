import type { Term } from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import type { ReplicaEvent } from '../../replica/state/events.js';
import { type Duty, type HeardPeer, NO_DUTY } from '../../replica/threads/duty.js';

/** A heartbeat of a primary's liveness thread, and the answer to it. */
export interface VirtualBeat {
  readonly term: Term;
  /** By the primary's clock. */
  readonly sentAtMs: number;
}

export interface VirtualAnswer extends VirtualBeat {
  readonly acknowledged: boolean;
}

/** The liveness thread of a replica in a world that tests make: it goes on while the replica's main thread is blocked. */
export class VirtualThread {
  duty: Duty = NO_DUTY;
  #acknowledgedMs: number | undefined;
  /** What the main thread was told of. */
  #toldMs: number | undefined;
  readonly #heard = new Map<string, HeardPeer>();

  delegate(duty: Duty): ReplicaEvent {
    this.duty = duty;
    this.#heard.clear();
    return {
      kind: 'delegated',
      ...(this.#acknowledgedMs !== undefined && { acknowledgedMs: this.#acknowledgedMs }),
    };
  }

  /** What it sends as a primary; undefined if it is none. */
  beat(nowMs: number): VirtualBeat | undefined {
    return this.duty.kind === 'lead' ? { term: this.duty.term, sentAtMs: nowMs } : undefined;
  }

  /** Answers the heartbeat of a primary, and acknowledges it if that is its duty. */
  answer(beat: VirtualBeat, nowMs: number): VirtualAnswer {
    const acknowledged = this.duty.kind === 'follow' && this.duty.term === beat.term;
    if (acknowledged) this.#acknowledgedMs = nowMs;
    return { ...beat, acknowledged };
  }

  /** Another thread answered a heartbeat of this one. */
  answered(member: Member, { term, sentAtMs, acknowledged }: VirtualAnswer, nowMs: number): void {
    if (this.duty.kind !== 'lead' || this.duty.term !== term) return;
    const before = this.#heard.get(member.id);
    const ackedMs = acknowledged ? Math.max(sentAtMs, before?.ackedMs ?? 0) : before?.ackedMs;
    this.#heard.set(member.id, { member, answeredMs: nowMs, ...(ackedMs !== undefined && { ackedMs }) });
  }

  /** What its main thread must take in before anything else; undefined if there is nothing new. */
  take(): ReplicaEvent | undefined {
    if (this.#heard.size === 0 && this.#acknowledgedMs === this.#toldMs) return undefined;
    this.#toldMs = this.#acknowledgedMs;
    const peers = [...this.#heard.values()];
    this.#heard.clear();
    return {
      kind: 'heard',
      term: this.duty.kind === 'none' ? (0 as Term) : this.duty.term,
      ...(this.#acknowledgedMs !== undefined && { acknowledgedMs: this.#acknowledgedMs }),
      peers,
    };
  }
}
