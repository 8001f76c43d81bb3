/** All connections of a replica, and what outlives them: ended connections, idempotency keys, calling groups. */

import type { Budgets } from '../config/config.js';
import type { Checkpoint, ConnectionSnapshot, KeyedReply, StreamSnapshot } from '../model/checkpoint.js';
import type { ConnectionId, LinkId, OrderNum, SeqNum } from '../model/ids.js';
import type { Outcome } from '../model/outcome.js';
import { Callers } from './callers.js';
import { Connection } from './connection.js';
import type { Stream } from './stream.js';
import { keyedCost, Usage } from './usage.js';

/** How many ended connections are remembered one by one, so that a late retry is not taken for a new client. */
export const EXPIRED_KEPT = 65_536;
/** How many replies to idempotency keys are remembered: the newest ones in processing order. */
export const KEYED_KEPT = 65_536;

/** All connections, by id and by link. The parts that a checkpoint includes are equal on all replicas. */
export class Connections {
  readonly #byId = new Map<ConnectionId, Connection>();
  readonly #byLink = new Map<LinkId, Connection>();
  readonly #expired = new Set<ConnectionId>();
  readonly #keyed = new Map<string, { requestDigest: number; outcome: Outcome }>();
  #keyedBytes = 0;
  #keyedMaxBytes: number;
  /** The groups that call this one. */
  readonly callers: Callers;
  /** Whether some ended connection was forgotten, so that an unknown one may be one of those. */
  expiredForgotten = false;
  sessions = 0;
  /** What is kept for all clients. */
  readonly usage = new Usage();

  constructor({ keyedBytes }: Budgets) {
    this.#keyedMaxBytes = keyedBytes;
    this.callers = new Callers(keyedBytes);
  }

  /** Applies other budgets from now on. The next reply that is kept makes room by freeing older ones. */
  keepAtMost({ keyedBytes }: Budgets): void {
    this.#keyedMaxBytes = keyedBytes;
    this.callers.keepAtMost(keyedBytes);
  }

  get(id: ConnectionId): Connection | undefined {
    return this.#byId.get(id);
  }

  open(id: ConnectionId): Connection {
    let connection = this.#byId.get(id);
    if (connection === undefined) {
      connection = new Connection(id, this.usage);
      this.#byId.set(id, connection);
    }
    return connection;
  }

  byLink(link: LinkId): Connection | undefined {
    return this.#byLink.get(link);
  }

  link(connection: Connection, link: LinkId): void {
    this.#byLink.set(link, connection);
  }

  unlink(link: LinkId): void {
    this.#byLink.delete(link);
  }

  /** The bytes kept for clients, as `budgets` counts them. */
  get keptBytes(): number {
    return this.usage.bytes + this.#keyedBytes + this.callers.bytes;
  }

  get size(): number {
    return this.#byId.size;
  }

  values(): IterableIterator<Connection> {
    return this.#byId.values();
  }

  /** How many bodies have no order yet. */
  get unordered(): number {
    let bodies = 0;
    for (const { messages } of this.#byId.values()) {
      for (const message of messages.values()) if (message.isUnordered) bodies++;
    }
    return bodies;
  }

  /** How many streams are kept. */
  get streams(): number {
    let streams = 0;
    for (const connection of this.#byId.values()) streams += connection.streams.size;
    return streams;
  }

  hasExpired(id: ConnectionId): boolean {
    return this.#expired.has(id);
  }

  /** Frees everything of a connection. This is an ordered event, so every replica forgets at the same place. */
  expire(id: ConnectionId): void {
    this.forget(id);
    this.#expired.add(id);
    if (this.#expired.size > EXPIRED_KEPT) {
      for (const oldest of this.#expired) {
        this.#expired.delete(oldest);
        break;
      }
      this.expiredForgotten = true;
    }
  }

  /** Forgets a connection as if it had never been. */
  forget(id: ConnectionId): void {
    const connection = this.#byId.get(id);
    if (connection === undefined) return;
    const { session, usage } = connection;
    if (session !== undefined) this.sessions--;
    if (session?.link !== undefined) this.unlink(session.link);
    this.#byId.delete(id);
    usage.release();
  }

  keyed(key: string): { requestDigest: number; outcome: Outcome } | undefined {
    return this.#keyed.get(key);
  }

  keepKeyed(key: string, requestDigest: number, outcome: Outcome): void {
    this.#forgetKey(key);
    this.#keyed.set(key, { requestDigest, outcome });
    this.#keyedBytes += keyedCost(key, outcome);
    // The outcomes are the same on all replicas, so all free the same ones.
    for (const oldest of this.#keyed.keys()) {
      if (this.#keyed.size <= KEYED_KEPT && this.#keyedBytes <= this.#keyedMaxBytes) break;
      this.#forgetKey(oldest);
    }
  }

  #forgetKey(key: string): void {
    const known = this.#keyed.get(key);
    if (known === undefined) return;
    this.#keyed.delete(key);
    this.#keyedBytes -= keyedCost(key, known.outcome);
  }

  /** The parts of a checkpoint. @param processedUpTo the order as of which it is taken */
  snapshot(
    processedUpTo: OrderNum,
  ): Pick<Checkpoint, 'connections' | 'keyed' | 'callers' | 'expired' | 'expiredForgotten'> {
    const connections: ConnectionSnapshot[] = [];
    for (const connection of this.#byId.values()) {
      const { id, kind, peer } = connection;
      if (kind !== 'session') continue;
      const repliesSeenUpTo = connection.coveredUpTo(processedUpTo);
      const streams = [...connection.streams.values()].filter(({ history }) => history.over).map(streamSnapshot);
      connections.push({
        connection: id,
        repliesSeenUpTo,
        peer,
        outcomes: /* rule checkpoint-of-replies */ outcomesOf(connection),
        streams,
      });
    }
    const keyed: KeyedReply[] = [];
    /* rule checkpoint-of-keys */ for (const [key, reply] of this.#keyed) keyed.push({ key, ...reply });
    const callers = /* rule checkpoint-of-callers */ this.callers.snapshot();
    return { connections, keyed, callers, expired: [...this.#expired], expiredForgotten: this.expiredForgotten };
  }

  /** Takes over the parts of a checkpoint. Messages that this replica received from sessions itself stay. */
  restore(checkpoint: Checkpoint): void {
    this.#keyed.clear();
    this.#keyedBytes = 0;
    for (const { key, requestDigest, outcome } of checkpoint.keyed) this.keepKeyed(key, requestDigest, outcome);
    this.callers.restore(checkpoint.callers);
    this.expiredForgotten = checkpoint.expiredForgotten;
    for (const id of checkpoint.expired) this.expire(id);
    // A checkpoint says nothing of plain clients: whatever it covers of their streams is over.
    for (const connection of this.#byId.values())
      for (const stream of connection.streams.values()) connection.closeStream(stream);
    for (const snapshot of checkpoint.connections) {
      const connection = this.open(snapshot.connection);
      connection.peer = snapshot.peer;
      for (const [seqNum, outcome] of snapshot.outcomes) connection.restore(seqNum, outcome);
      restoreStreams(connection, snapshot.streams, checkpoint.orderNum);
      connection.see(snapshot.repliesSeenUpTo);
      connection.coverUpTo(snapshot.repliesSeenUpTo);
      connection.forgetUnordered(snapshot.repliesSeenUpTo);
    }
  }
}

function outcomesOf({ messages }: Connection): [SeqNum, Outcome][] {
  const outcomes: [SeqNum, Outcome][] = [];
  for (const { seqNum, outcome } of messages.values()) if (outcome !== undefined) outcomes.push([seqNum, outcome]);
  return outcomes;
}

function streamSnapshot({ id, history, passage }: Stream): StreamSnapshot {
  const { base, last } = history.items;
  const items = history.items.slice(base, last).map(({ item }, i) => passage.passed(base + i + 1) ?? item);
  return { stream: id, takenUpTo: base, items };
}

/** A checkpoint has only streams whose handlers have ended, and their items are all stable. */
function restoreStreams(connection: Connection, snapshots: readonly StreamSnapshot[], orderNum: OrderNum): void {
  for (const { stream: id, takenUpTo, items } of snapshots) {
    const stream = connection.openStream(id, '');
    stream.startFrom(takenUpTo);
    for (const item of items) {
      stream.append(orderNum, item, 0);
      // If there are interceptors, the checkpoint has the items as they passed them.
      stream.pass(stream.history.items.last, item);
    }
  }
}
