/** The checks that every replica and client must pass after every step of a run. */

import type { GroupRecord, Member, OrderNum, ReplicaId } from '@understudy/core';
import {
  connectionKind,
  isInSync,
  namesSame,
  type OrderInfo,
  type ReplicaEffect,
  type ReplicaEvent,
  type ReplicaProgress,
  STREAM_WINDOW,
  sameMember,
  seqNumOf,
} from '@understudy/core/internal';
import { contentOf } from '@understudy/core/testing';
import type { Plan } from '../plan/plan.js';
import { demand } from '../violation.js';

/**
 * How many log entries a replica may keep beyond the bounds of its config: those since a checkpoint, and those that a
 * learner lacks.
 */
const LOG_SLACK = 64;

/**
 * How many orders the streams of a run may cause at one moment of virtual time, before any replica learns that they are
 * stable.
 */
const LOG_SLACK_STREAMS = 20 * STREAM_WINDOW;

/**
 * How many parts of a stream a client may keep: a window of messages; one more window if items, which say what was
 * handled, came on a new link before the replies; the opening, the end, the cancellation, and a credit.
 */
const PARTS_MAX = 2 * STREAM_WINDOW + 4;

/** Orders in a term: far more than a run has. */
const ORDERS_MAX = 0x10000;

/** A replica under watch. */
export interface WatchedReplica {
  readonly name: string;
  readonly alive: boolean;
  readonly lives: number;
  readonly member: Member;
  readonly status: ReplicaProgress | undefined;
  readonly clockMs: number;
  /** Whether its process takes steps. */
  readonly runs: boolean;
  /** Whether the link on which it sends to that peer is up. */
  readonly isLinkedTo: (peer: ReplicaId) => boolean;
  /** The newest heartbeat of that term that this life acknowledged, by the clock of its primary. */
  readonly acknowledged: { of(term: number): number | undefined };
  /** The last order that it had given as primary when it was told to step down. */
  readonly handsOverFrom: OrderNum | undefined;
  readonly life: {
    /** By order: the operation that was processed, and the core's digest after it where known. */
    readonly processed: readonly string[];
    readonly digests: number[];
    readonly stableMarked: number;
    markStable(upTo: OrderNum): void;
  };
}

/** A client under watch. */
export interface WatchedClient {
  readonly name: string;
  readonly core: { readonly status: { readonly retained: number } } | undefined;
  readonly calls: { readonly size: number };
  readonly streamsOpened: number;
  /** How many calls their callers gave up in this session. */
  readonly gaveUp: number;
}

export interface WatchWorld {
  readonly nowMs: number;
  readonly calmSinceMs: number;
  readonly plan: Pick<Plan, 'config' | 'stuck' | 'streams' | 'nested' | 'once' | 'timers' | 'upgrade'>;
  readonly mayDiverge: boolean;
  readonly coordinator: { readonly record: GroupRecord | undefined };
  readonly servers: readonly WatchedReplica[];
  readonly clients: readonly WatchedClient[];
}

const noteMost = <K>(most: Map<K, number>, key: K, now: number): void => {
  most.set(key, Math.max(most.get(key) ?? 0, now));
};

const sumOf = (most: ReadonlyMap<unknown, number>): number => [...most.values()].reduce((sum, one) => sum + one, 0);

/** Checks every replica after every step. */
export class Watch {
  /** Whether nothing goes wrong at present and time passes in small steps. */
  fairWeather = false;
  /** The terms and orders after which primaries took digests of their states. */
  readonly digested = new Set<string>();
  readonly #world: WatchWorld;
  readonly #primaries = new Map<number, Member>();
  /** By term and order. */
  readonly #orders = new Map<number, OrderInfo>();
  /** By term and order, and by operation. */
  readonly #values = new Map<number, Map<string, string>>();
  /**
   * A client that sends stream messages has many requests open at a time, and asks a new primary once for each. A frame
   * that asks for replies again may have left when its client retained more than it does now.
   */
  readonly #mostRetained = new Map<WatchedClient, number>();
  readonly #mostOpen = new Map<WatchedClient, number>();
  readonly #lastTerm = new Map<WatchedReplica, { life: number; term: number }>();

  constructor(world: WatchWorld) {
    this.#world = world;
  }

  afterStep(server: WatchedReplica, status: ReplicaProgress, event: ReplicaEvent['kind']): void {
    this.#checkTerm(server, status);
    this.#checkBounds(server, status, event === 'tick');
    this.#checkHandOver(server, status);
    if (status.processedUpTo > 0 && server.life.digests[status.processedUpTo] === undefined) {
      server.life.digests[status.processedUpTo] = status.digest;
      const { record } = this.#world.coordinator;
      if (record !== undefined) this.#compareAt(record, server, status.processedUpTo);
    }
    if (status.role !== 'primary') return;
    if (status.stableUpTo > server.life.stableMarked) this.#checkStable(server, status);
    server.life.markStable(status.stableUpTo);
  }

  /**
   * DESIGN 5.4: the term grows with each change of the primary. The new primary was in sync before; the old one leaves
   * the set.
   */
  recordChanged(before: GroupRecord | undefined, record: GroupRecord): void {
    demand(isInSync(record, record.primary), () => `${record.primary.id} is primary and not in sync`);
    if (before === undefined || (record.forced && !before.forced)) return;
    const stays = sameMember(before.primary, record.primary);
    const grown = record.term - before.term;
    demand(
      grown === (stays ? 0 : 1),
      () => `term ${before.term} becomes ${record.term}, ${stays ? 'same' : 'another'} primary`,
    );
    if (stays) return;
    demand(isInSync(before, record.primary), () => `${record.primary.id} becomes primary and was not in sync`);
    demand(!isInSync(record, before.primary), () => `${before.primary.id} is deposed and still in sync`);
  }

  /**
   * DESIGN 5.5: when all faults have been over for a lease, a primary that runs is heard, even if it cannot serve yet.
   * So is one that said that it copies its state, unless a link between it and the claimant had broken before, on which
   * either could not hear the other: it cannot be made again meanwhile. A claim against an older record is in vain, and says nothing of this primary.
   */
  claims({ name, isLinkedTo }: Pick<WatchedReplica, 'name' | 'isLinkedTo'>, next: GroupRecord): void {
    const { coordinator, servers, calmSinceMs, nowMs, plan } = this.#world;
    const { record } = coordinator;
    if (record === undefined || nowMs < calmSinceMs + plan.config.leaseMs || next.epoch !== record.epoch + 1) return;
    const primary = servers.find(({ alive, member }) => alive && sameMember(member, record.primary));
    const isLinked = primary !== undefined && isLinkedTo(primary.member.id) && primary.isLinkedTo(name as ReplicaId);
    const isSeen = primary !== undefined && (primary.runs || isLinked);
    demand(!isSeen, () => `${name} claims, though nothing is wrong with ${primary?.name}`);
  }

  /**
   * DESIGN 5.5: when a claim wins, the old primary's lease is over. It counts from the newest heartbeat that the new
   * primary acknowledged, on whatever link, whether or not the old one has heard of that yet.
   */
  claimed(before: GroupRecord | undefined, { primary: by }: GroupRecord): void {
    if (before === undefined) return;
    const { servers, plan } = this.#world;
    const old = servers.find(({ alive, member }) => alive && sameMember(member, before.primary));
    const heartbeatMs = servers.find(({ member }) => sameMember(member, by))?.acknowledged.of(before.term);
    if (old === undefined || heartbeatMs === undefined) return;
    const { leaseMs = plan.config.leaseMs } = JSON.parse(before.settings) as { leaseMs?: number };
    const leftMs = heartbeatMs + leaseMs - old.clockMs;
    demand(
      leftMs <= 0,
      () => `${by.id} is primary, and the lease of ${old.name} may last ${leftMs.toFixed(1)} ms more`,
    );
  }

  /**
   * DESIGN 1: an order is stable when every in-sync backup holds it. A deposed primary may not know the current
   * backups.
   */
  #checkStable({ name }: WatchedReplica, { term, stableUpTo }: ReplicaProgress): void {
    const { record } = this.#world.coordinator;
    if (record?.term !== term) return;
    for (const { name: other, alive, member, status } of this.#world.servers) {
      if (!alive || status === undefined || !isInSync(record, member)) continue;
      demand(
        status.heldUpTo >= stableUpTo,
        () => `${name} takes ${stableUpTo} for stable, and ${other} holds only ${status.heldUpTo}`,
      );
    }
  }

  /** DESIGN 7.2: an order of a term belongs to one message and to one time, whichever process tells of it. */
  order(info: OrderInfo): void {
    const place = info.term * ORDERS_MAX + info.orderNum;
    const known = this.#orders.get(place);
    if (known === undefined) {
      this.#orders.set(place, info);
      return;
    }
    demand(
      namesSame(known, info),
      () =>
        `order ${info.orderNum} of term ${info.term} is ${known.connection}#${seqNumOf(known)} and ${info.connection}#${seqNumOf(info)}`,
    );
    demand(
      known.timeMs === info.timeMs,
      () => `order ${info.orderNum} of term ${info.term} is at ${known.timeMs} and at ${info.timeMs}`,
    );
  }

  /** DESIGN 5.10: in a step of one order handlers are given the same values on every replica, whenever it processes it. */
  values(server: string, { term, orderNum }: OrderInfo, values: string): void {
    const place = term * ORDERS_MAX + orderNum;
    const given = this.#values.get(place) ?? new Map<string, string>();
    this.#values.set(place, given);
    const [name = ''] = values.split('@', 1);
    const known = given.get(name) ?? values;
    given.set(name, known);
    demand(known === values, () => `${server} is given ${values} in order ${orderNum} of term ${term}, not ${known}`);
  }

  /** The messages that had this orderNum, one for each term. */
  ordersAt(orderNum: number): OrderInfo[] {
    return [...this.#orders.values()].filter((info) => info.orderNum === orderNum);
  }

  /** DESIGN 7.4 and promise 5: terms never go back, and each has one primary. */
  #checkTerm(server: WatchedReplica, { term, role, replica }: ReplicaProgress): void {
    const last = this.#lastTerm.get(server);
    if (last?.life === server.lives) {
      demand(term >= last.term, () => `${server.name} goes back from term ${last.term} to ${term}`);
      last.term = term;
    } else {
      this.#lastTerm.set(server, { life: server.lives, term });
    }
    if (role !== 'primary') return;
    const primary = this.#primaries.get(term);
    if (primary === undefined) this.#primaries.set(term, replica);
    else demand(sameMember(primary, replica), () => `${primary.id} and ${replica.id} are both primary of term ${term}`);
  }

  /**
   * DESIGN 7.8: the messages that a session keeps are bounded by the unstable orders that the group allows and by the
   * calls that its callers have open. A call that was given up is on its way for as long as there is no primary.
   * Replies that wait for the delivery rule wait at most 20 ms, and then are asked for as stable ones.
   */
  afterClientStep(client: WatchedClient, retained: number): void {
    const { unstableMax, queueMax } = this.#world.plan.config;
    const open = client.calls.size + client.gaveUp + client.streamsOpened * PARTS_MAX;
    const bound = 2 * unstableMax + queueMax + open;
    demand(retained <= bound, () => `${client.name} keeps ${retained} requests, more than ${bound}`);
    noteMost(this.#mostRetained, client, client.core?.status.retained ?? 0);
    noteMost(this.#mostOpen, client, client.calls.size);
  }

  /**
   * DESIGN 6: a client that reflects an order which no replica sealed is refused, and nothing else happens. What has
   * become stable while the frame was on its way is not looked at.
   */
  reflected({ name, status }: WatchedReplica, event: ReplicaEvent, effects: readonly ReplicaEffect[]): void {
    if (status === undefined || event.kind !== 'sessionFrame' || event.frame.kind !== 'multicast') return;
    const known = Math.min(status.stableUpTo, status.heldUpTo);
    const forged = event.frame.header.destOrderInfo.find(
      (sealed) => sealed.last > known && contentOf([sealed]).length === 0,
    );
    if (forged === undefined) return;
    const isRefused = effects.some((effect) => effect.kind === 'closeSession' && effect.link === event.link);
    demand(isRefused, () => `${name} refuses nobody who reflects order ${forged.first}, which no replica sealed`);
  }

  /**
   * DESIGN 5.5: a primary that hands over stops ordering. Leaving a stuck handler behind takes an order, too, so runs
   * with stuck handlers are excused.
   */
  #checkHandOver({ name, handsOverFrom }: WatchedReplica, { role, heldUpTo }: ReplicaProgress): void {
    const { stuck, upgrade } = this.#world.plan;
    // Before it hands over to other code it goes on until streams have ended.
    if (handsOverFrom === undefined || role !== 'primary' || stuck || upgrade !== undefined) return;
    demand(
      heldUpTo <= handsOverFrom,
      () => `${name} orders ${heldUpTo} after it began to hand over at ${handsOverFrom}`,
    );
  }

  /**
   * DESIGN 5.2, 7.10: where only clients are told of the order, the primary announces no session's message to its
   * backups as long as nothing goes wrong and time passes evenly.
   */
  announces(server: WatchedReplica, orders: readonly OrderInfo[]): void {
    if (!this.fairWeather || this.#world.plan.config.multicast !== 'destination') return;
    const told = orders.find(({ kind, connection }) => kind === 'call' && connectionKind(connection) === 'session');
    demand(told === undefined, () => `${server.name} announces order ${told?.orderNum}, which clients reflect`);
  }

  #checkBounds(
    server: WatchedReplica,
    { role, inSync, waitingToRelease, logLength, base }: ReplicaProgress,
    hasTicked: boolean,
  ): void {
    const { config, streams, timers, upgrade, ...plan } = this.#world.plan;
    const nested = plan.nested ?? plan.once;
    const { unstableMax, queueMax, backlogMax, replication } = config;
    // Reads begin beside each other, and no more of them are under way than clients have open.
    const waitMax = 2 * unstableMax + queueMax + sumOf(this.#mostOpen) + (streams ? sumOf(this.#mostRetained) : 0);
    demand(waitingToRelease <= waitMax, () => `${server.name}: ${waitingToRelease} replies wait`);
    if ((streams ?? nested ?? timers) !== undefined && (replication === 'passive' || upgrade !== undefined)) {
      // While a stream or a nested call is open no checkpoint shortens the logs, until there is too much in them.
      // The reply to a call has a place in the order, too.
      const logMax = backlogMax + 4 * unstableMax + (nested === undefined ? 1 : 2) * LOG_SLACK_STREAMS;
      demand(logLength <= logMax, () => `${server.name}: ${logLength} orders in the log, where ${logMax} may be`);
      return;
    }
    // While streams are open or timers armed, a replica that executes keeps its log for replicas that join. No run
    // reaches the bound of that.
    const stays = streams ?? timers;
    if (timers?.agenda?.mayArm) return;
    if (stays !== undefined && base !== undefined) return;
    // A replica that has just started from the base gets that whole log before it knows of the streams in it.
    if (stays !== undefined && role === 'joining') return;
    // A primary without backups shortens its log only as time passes. Many steps may come at one moment.
    if (role === 'primary' && inSync.length === 1 && !hasTicked) return;
    // A replica that joined keeps its log until it has caught up once, and replies among the orders delay that. A
    // primary keeps its log for a replica that is being sent a copy, on links that break.
    const awaited = role === 'primary' && this.#world.servers.some(({ status }) => status?.role === 'joining');
    const forReplies = role === 'backup' ? 16 * LOG_SLACK : 4 * LOG_SLACK;
    const withReplies = nested === undefined && !awaited ? LOG_SLACK : forReplies;
    const slack = stays === undefined ? withReplies : LOG_SLACK_STREAMS;
    demand(logLength <= 4 * unstableMax + slack, () => `${server.name}: ${logLength} orders in the log`);
  }

  /** Promise 1: at the same order all in-sync replicas have processed the same. */
  #compareAt(record: GroupRecord, server: WatchedReplica, orderNum: number): void {
    // Where outcomes may differ, the core itself notices a little later.
    if (this.#world.mayDiverge || !isInSync(record, server.member)) return;
    const mine = server.life.digests[orderNum];
    for (const other of this.#world.servers) {
      if (other === server || !other.alive || !isInSync(record, other.member)) continue;
      const theirs = other.life.digests[orderNum];
      if (mine === undefined || theirs === undefined || mine === theirs) continue;
      demand(
        false,
        () =>
          `at order ${orderNum} ${server.name} (${server.life.processed[orderNum]}) and ${other.name} (${other.life.processed[orderNum]}) differ`,
      );
    }
  }

  /** The set changed: compare everything. */
  compareAll(record: GroupRecord): void {
    for (const server of this.#world.servers) {
      if (!server.alive) continue;
      for (let k = 1; k < server.life.digests.length; k++) this.#compareAt(record, server, k);
    }
  }
}
