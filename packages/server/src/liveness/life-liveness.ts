/** Uses the liveness thread for one life of a replica. */
import { createHmac, randomBytes } from 'node:crypto';
import { realOf } from '@understudy/context';
import type { Logger, Member, ReplicaId } from '@understudy/core';
import {
  blockedMaxMs,
  type Duty,
  type GroupConfig,
  type HeardPeer,
  NO_DUTY,
  type ReplicaEvent,
  sameMember,
  type Task,
} from '@understudy/core/internal';
import { LIVENESS_KEY_BYTES, LIVENESS_TICKET_BYTES, type LivenessDoor } from '@understudy/wire';
import {
  ACKED,
  ACKNOWLEDGED,
  ANSWERED,
  DUTY,
  DUTY_FOLLOW,
  DUTY_LEAD,
  DUTY_NONE,
  FIRST_PEER,
  isOfTerm,
  LIFE_BYTES,
  msOf,
  PEER_CELLS,
  PEERS_MAX,
  packedDuty,
} from './cells.js';
import type { LivenessThread } from './liveness-thread.js';

/** How many heartbeats a primary's thread sends to each peer in a lease. */
const BEATS_PER_LEASE = 4;
const SAID_MAX = 4 * PEERS_MAX;
const KINDS = { none: DUTY_NONE, follow: DUTY_FOLLOW, lead: DUTY_LEAD } as const;

export interface LifeLivenessOptions {
  readonly thread: LivenessThread;
  /** Where the threads of other replicas reach this process's. */
  readonly address: string;
  readonly member: Member;
  readonly config: GroupConfig;
  /** Whether the process ends when its main thread is blocked for too long. */
  readonly endsBlocked: boolean;
  readonly logger: Logger;
  /** What the log has said of which peers, in all lives of the replica. */
  readonly said: SaidOfPeers;
}

interface DialledPeer {
  readonly member: Member;
  readonly address: string;
  readonly slot: number;
  /** Whether the main link to the peer is up. */
  linked: boolean;
  /** The last answer of the peer that the core has heard of. */
  toldAt: bigint;
}

/** Gives the thread the duties of one life, and reports to the core what the thread heard. */
export class LifeLiveness {
  readonly #options: LifeLivenessOptions;
  readonly #life: number;
  readonly #cells: BigInt64Array;
  readonly #peers = new Map<ReplicaId, DialledPeer>();
  #duty: Duty = NO_DUTY;
  #toldAcknowledged = 0n;
  #nextSlot = 0;

  constructor(options: LifeLivenessOptions) {
    this.#options = options;
    const { thread, member, config, endsBlocked } = options;
    const cells = new SharedArrayBuffer(LIFE_BYTES);
    this.#cells = new BigInt64Array(cells);
    this.#life = thread.newLife(
      {
        reached: (slot) => this.#reached(slot),
        unreached: (slot, reason) => this.#unreached(slot, reason),
        threadOver: (reason) => options.logger.log('warn', MAIN_THREAD, { reason }),
      },
      endsBlocked,
    );
    thread.tell({
      ...{ kind: 'life', life: this.#life, cells, name: `replica ${member.id} of group ${config.group}` },
      ...{ beatMs: config.leaseMs / BEATS_PER_LEASE, blockedMaxMs: blockedMaxMs(config), copyMs: config.copyMs },
    });
  }

  end(): void {
    Atomics.store(this.#cells, DUTY, packedDuty(DUTY_NONE, 0));
    this.#options.thread.endLife(this.#life, this.#options.endsBlocked);
  }

  // ── the core ──

  /** @returns what the core must know once the former duty has ended */
  delegate(duty: Duty): ReplicaEvent {
    this.#duty = duty;
    // Take the duty back first and read the cells last, so that the thread acknowledges nothing that this misses.
    Atomics.store(this.#cells, DUTY, packedDuty(KINDS[duty.kind], duty.kind === 'none' ? 0 : duty.term));
    const at = Atomics.load(this.#cells, ACKNOWLEDGED);
    return at === 0n ? { kind: 'delegated' } : { kind: 'delegated', acknowledgedMs: msOf(at) };
  }

  /**
   * The main thread makes a turn.
   *
   * @returns the event that the core must handle before anything else; undefined if nothing is new
   */
  turned(): ReplicaEvent | undefined {
    this.#options.thread.turned();
    const at = Atomics.load(this.#cells, ACKNOWLEDGED);
    const peers = this.#heard();
    if (at === this.#toldAcknowledged && peers.length === 0) return undefined;
    this.#toldAcknowledged = at;
    const term = this.#duty.kind === 'none' ? 0 : this.#duty.term;
    return { ...{ kind: 'heard', term, peers }, ...(at !== 0n && { acknowledgedMs: msOf(at) }) } as ReplicaEvent;
  }

  #heard(): readonly HeardPeer[] {
    const duty = this.#duty;
    if (duty.kind !== 'lead') return [];
    const heard: HeardPeer[] = [];
    for (const peer of this.#peers.values()) {
      const cell = FIRST_PEER + PEER_CELLS * peer.slot;
      const answered = Atomics.load(this.#cells, cell + ANSWERED);
      if (answered === peer.toldAt) continue;
      peer.toldAt = answered;
      const acked = Atomics.load(this.#cells, cell + ACKED);
      const counts = acked !== 0n && isOfTerm(acked, duty.term);
      heard.push({ member: peer.member, answeredMs: msOf(answered), ...(counts && { ackedMs: msOf(acked) }) });
    }
    return heard;
  }

  /** The main thread is about to copy or replace the user's state. */
  copies(): void {
    this.#options.thread.copies();
  }

  processing(task: Task): void {
    const order = task.kind === 'ordered' ? task.info.orderNum : 0;
    this.#options.thread.processing(task.request.method, order);
  }

  // ── peers that dial this replica ──

  /**
   * Lets in the thread of a replica that has proved its identity on its main link.
   *
   * @param linkKey a key of that link, if the group has a secret: the link does not hide what is sent on it, so that
   *   alone does not suffice
   */
  admit(peer: Member, linkKey: Buffer | undefined): LivenessDoor {
    const ticket = realOf(randomBytes)(LIVENESS_TICKET_BYTES);
    const key = realOf(randomBytes)(LIVENESS_KEY_BYTES);
    this.#options.thread.tell({
      ...{ kind: 'admit', life: this.#life, peer: peer.id, ticket: ticket.toString('hex') },
      key: sharedKey(key, linkKey),
    });
    return { address: this.#options.address, ticket, key };
  }

  /** The replica may no longer dial. */
  expel(peer: ReplicaId): void {
    this.#options.thread.tell({ kind: 'expel', life: this.#life, peer });
  }

  // ── peers that this replica dials ──

  /**
   * The main link to a peer is up.
   *
   * @param door the door of its thread, as the peer says; undefined if it has none
   */
  linkUp(member: Member, door: LivenessDoor | undefined, linkKey: Buffer | undefined): void {
    const known = this.#peers.get(member.id);
    if (known !== undefined && (door === undefined || !sameMember(known.member, member))) this.hangUp(member.id);
    if (door === undefined) {
      this.#say('warn', ON_MAIN_LINK, member.id, { reason: 'it has no liveness thread' });
      return;
    }
    const peer = this.#peers.get(member.id) ?? this.#add(member, door.address);
    if (peer === undefined) return;
    peer.linked = true;
    this.#options.thread.tell({
      ...{ kind: 'dial', life: this.#life, slot: peer.slot, ...hostAndPort(door.address) },
      ...{ ticket: Buffer.from(door.ticket).toString('hex'), key: sharedKey(door.key, linkKey) },
    });
  }

  linkDown(id: ReplicaId): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) peer.linked = false;
  }

  hangUp(id: ReplicaId): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    this.#peers.delete(id);
    this.#options.thread.tell({ kind: 'hangUp', life: this.#life, slot: peer.slot });
  }

  /** A slot is used again as late as possible, when nothing of its last user is on its way any more. */
  #add(member: Member, address: string): DialledPeer | undefined {
    if (this.#peers.size >= PEERS_MAX) return undefined;
    const used = new Set([...this.#peers.values()].map(({ slot }) => slot));
    while (used.has(this.#nextSlot % PEERS_MAX)) this.#nextSlot++;
    const slot = this.#nextSlot++ % PEERS_MAX;
    for (let cell = 0; cell < PEER_CELLS; cell++) Atomics.store(this.#cells, FIRST_PEER + PEER_CELLS * slot + cell, 0n);
    const peer = { member, address, slot, linked: true, toldAt: 0n };
    this.#peers.set(member.id, peer);
    return peer;
  }

  #unreached(slot: number, reason: string): void {
    for (const { slot: its, member, address, linked } of this.#peers.values()) {
      // A peer that is not reached on the main link either is simply not there.
      if (its !== slot || !linked) continue;
      this.#say('warn', ON_MAIN_LINK, member.id, { livenessAddress: address, reason });
    }
  }

  #reached(slot: number): void {
    for (const { slot: its, member } of this.#peers.values()) {
      if (its !== slot) continue;
      this.#say('info', "a peer's liveness thread is reached again", member.id, {});
    }
  }

  /** A link that comes and goes brings the same news each time, which are worth a line the first time only. */
  #say(level: 'info' | 'warn', event: string, peer: ReplicaId, fields: Readonly<Record<string, string>>): void {
    const { logger, said } = this.#options;
    logger.log(said.isNew(event, peer) ? level : 'debug', event, { peer, ...fields });
  }
}

/** Remembers what the log has said of which peer. */
export class SaidOfPeers {
  readonly #said = new Set<string>();

  isNew(event: string, peer: ReplicaId): boolean {
    const what = `${event} ${peer}`;
    if (this.#said.has(what)) return false;
    // Where replicas get a new name with each start, the memory of all of them would grow for ever.
    if (this.#said.size >= SAID_MAX) this.#said.clear();
    this.#said.add(what);
    return true;
  }
}

const ON_MAIN_LINK = 'heartbeats to a peer travel on the main link';
/** What the log says where the main thread does the work of the liveness thread. */
export const MAIN_THREAD = 'heartbeats are sent by the main thread, so blocking it may cost a replica its role';

/** The key of a link between threads: the key that was sent, and, if there is one, the key that was not. */
const sharedKey = (key: Uint8Array, linkKey: Buffer | undefined): Uint8Array =>
  linkKey === undefined ? key : createHmac('sha256', linkKey).update('liveness').update(key).digest();

/** `[::1]:5` is host ::1 and port 5. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
