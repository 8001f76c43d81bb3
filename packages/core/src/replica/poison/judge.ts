/** Decides, when a primary has died, which messages it may have died of (DESIGN 5.14). */

import type { MessageName } from '../../connection/callers.js';
import {
  type ConnectionId,
  connectionKind,
  maxOf,
  NO_ORDER,
  next,
  type OrderNum,
  type SeqNum,
} from '../../model/ids.js';
import { type CallOrder, isMarked, type OrderInfo } from '../../model/order-info.js';
import type { Deaths, GroupRecord, Poisoned, Suspect } from '../../model/record.js';
import { careFrom, deathsOf, NO_DEATHS, POISONED_MAX, SUSPECTS_MAX } from '../../record/deaths.js';
import { isOneWay } from '../release/demands.js';
import type { Collection } from '../state/collection.js';
import type { PromotionState } from '../state/promotion-state.js';
import { nameOf, type ReplicaState } from '../state/replica-state.js';
import { isNamed, namesOf } from './care.js';
import { type Description, describeMessage, describeOrder, messageName, requestAt, suspectName } from './names.js';

/**
 * How long another call with the method and bytes of a message of death is refused without being tried. The first time
 * is short because a message may be refused by mistake, when its primaries were killed from outside while it ran.
 */
const REFUSED_FIRST_MS = 60_000;
const REFUSED_AGAIN_MS = 600_000;

/** The deaths that a promotion publishes together with how far it adopts. */
export function judge(m: PromotionState, record: GroupRecord, through: OrderNum): Deaths {
  const { r } = m;
  const before = deathsOf(record);
  m.completedUpTo = maxOf(m.completedUpTo, completeForSessions(m, through));
  if (!before.unjudged) return before;
  const suspects = suspectsOf(m, before, through);
  const poisoned = suspects.filter(({ deaths }) => deaths >= r.config.poisonAfter);
  const timeMs = r.clocks.orderMs();
  if (poisoned.length === 0) {
    return {
      ...before,
      unjudged: false,
      careUntilMs: careFrom(Math.max(timeMs, r.order.timeMs)),
      suspects: suspects.map(toRecord),
    };
  }
  const named = poisoned.map(({ info, deaths, describe }): Poisoned => {
    const { orderNum, term } = info ?? NO_PLACE;
    const described = describe(r);
    const again = before.poisoned.some((other) => isLike(other, described));
    return {
      orderNum,
      term,
      deaths,
      ...described,
      refusedUntilMs: timeMs + (again ? REFUSED_AGAIN_MS : REFUSED_FIRST_MS),
    };
  });
  // These messages explain the deaths, so the others are free of suspicion.
  return { ...NO_DEATHS, poisoned: [...before.poisoned, ...named].slice(-POISONED_MAX) };
}

const isLike = (a: Description, b: Description): boolean => a.method === b.method && a.digest === b.digest;

interface Suspected extends Suspect {
  /** The message's place in the order, if it has one. */
  readonly info: OrderInfo | undefined;
  readonly describe: (r: ReplicaState) => Description;
}

const toRecord = ({ message, deaths }: Suspected): Suspect => ({ message, deaths });

const NO_PLACE = { orderNum: NO_ORDER, term: 0 };

const unknown = () => ({ method: '', digest: '' });

/**
 * A primary that takes care starts a suspect only once every message before it is known to be complete and the suspect
 * is known to be next, and starts nothing behind it until the suspect is known to be complete. So if the first
 * incomplete order was started with care, it is the one that the primary was processing, if it was processing any.
 * Otherwise the suspects are all orders up to the next one that is started with care, and messages whose order only the
 * primary knew.
 */
function suspectsOf(m: PromotionState, before: Deaths, through: OrderNum): Suspected[] {
  const { r } = m;
  const known = new Map(before.suspects.map(({ message, deaths }) => [message, deaths]));
  const open = openOrders(m, through);
  const [first] = open;
  if (first !== undefined && wasStartedWithCare(m, first) && /* rule blamed-if-started */ mayHaveStarted(m, first)) {
    const names = namesOf(r, first);
    const deaths = Math.max(anonymousDeaths(before, first), ...names.map((name) => known.get(name) ?? 0)) + 1;
    const others = before.suspects.filter(({ message }) => !names.includes(message));
    return [
      { message: names[0] ?? '', deaths, info: first, describe: () => describeOrder(r, first) },
      ...others.map((other) => ({ ...other, info: undefined, describe: unknown })),
    ];
  }
  const found = new Map<string, Suspected>();
  const suspect = (
    message: string | undefined,
    info: Suspected['info'],
    describe: Suspected['describe'],
    n = 1,
  ): void => {
    if (message === undefined || found.has(message) || found.size >= SUSPECTS_MAX) return;
    found.set(message, { message, deaths: known.get(message) ?? n, info, describe });
  };
  for (const info of [...open, .../* rule cut-orders-suspected */ cutOrders(m, through)]) {
    if (wasStartedWithCare(m, info)) break;
    suspect(suspectName(r, info), info.orderNum > through ? undefined : info, () => describeOrder(r, info));
  }
  const taken = adoptedNames(m, through);
  for (const message of unordered(r)) {
    if (!taken.has(nameOf(message))) suspect(messageName(r, message), undefined, () => describeMessage(r, message));
  }
  for (const { message, deaths } of before.suspects) suspect(message, undefined, unknown, deaths);
  return [...found.values()];
}

/** Whether the dead primary started this message with care: what it ordered is marked, what it adopted was named. */
function wasStartedWithCare({ r }: PromotionState, info: OrderInfo): boolean {
  const itsTerm = r.record?.adoptedThrough.at(-1)?.term ?? 1;
  return info.term < itsTerm ? isNamed(r, info) : isMarked(info);
}

/**
 * Whether the dead primary can have started a message with care: it waits until every other replica in sync, and so
 * this one, holds the message.
 */
const mayHaveStarted = (m: PromotionState, { orderNum }: OrderInfo): boolean => orderNum <= m.heldUpTo;

/**
 * How many primaries died before of what may have been a message like this one, of which no other replica had heard.
 */
const anonymousDeaths = ({ unexplained }: Deaths, info: OrderInfo): number =>
  isMarked(info) && connectionKind(info.connection) !== 'session' ? unexplained - 1 : 0;

/** The adopted orders that may not have been processed to their end. */
function openOrders({ r, collection, completedUpTo }: PromotionState, through: OrderNum): OrderInfo[] {
  const open: OrderInfo[] = [];
  for (let k = next(completedUpTo); k <= through; k = next(k)) {
    const info = adopted(r, collection, k);
    if (info !== undefined && (info.kind === 'call' || info.kind === 'cancel')) open.push(info);
  }
  return open;
}

/**
 * Orders that are not adopted because the body of an order before them is lost, although the dead primary may have
 * processed them.
 */
function cutOrders({ r, collection, completedUpTo }: PromotionState, through: OrderNum): OrderInfo[] {
  const cut: OrderInfo[] = [];
  const last = Math.max(r.order.last, ...collection.announced.keys());
  for (let k = next(maxOf(through, completedUpTo)); k <= last; k = next(k)) {
    const info = adopted(r, collection, k);
    if (info !== undefined) cut.push(info);
  }
  return cut;
}

/** The messages whose orders this replica adopts and has not entered into its log yet. */
function adoptedNames({ r, collection }: PromotionState, through: OrderNum): ReadonlySet<string> {
  const names = new Set<string>();
  for (let k = next(r.order.last); k <= through; k = next(k)) {
    const info = collection.announced.get(k);
    if (info?.kind === 'call') names.add(nameOf(info));
  }
  return names;
}

/** Messages without an order that live sessions wait for: the primary may have begun one before anybody heard of it. */
function* unordered(r: ReplicaState): Iterable<MessageName> {
  const waiting: MessageName[][] = [];
  for (const connection of r.connections.values()) {
    const { id: connectionId, session, messages } = connection;
    const names = [...connection.unordered()].map(({ seqNum }) => ({ connection: connectionId, seqNum }));
    for (const seqNum of session?.collected?.outstanding ?? []) {
      if (messages.get(seqNum) === undefined) names.push({ connection: connectionId, seqNum });
    }
    if (names.length > 0) waiting.push(names.sort((a, b) => a.seqNum - b.seqNum));
  }
  // Not every name may find room, and the first messages of each connection are the likeliest.
  for (let i = 0; waiting.some((names) => i < names.length); i++) {
    for (const names of waiting) {
      const name = names[i];
      if (name !== undefined) yield name;
    }
  }
}

/**
 * What sessions say of the orders that were processed: they have a reply, or were given announcements beyond.
 * A message whose reply a live session may have seen is never refused (DESIGN 3.3).
 */
function completeForSessions({ r, collection, completedUpTo }: PromotionState, through: OrderNum): OrderNum {
  let complete = completedUpTo;
  for (const { term, orderNum } of collection.heldBySessions()) {
    const info = orderNum > complete && orderNum <= through ? adopted(r, collection, orderNum) : undefined;
    // The newest order may still have been running when an item of another handler left that reflects it.
    if (info?.term === term) complete = maxOf(complete, (orderNum - 1) as OrderNum);
  }
  const outstanding = new Map<ConnectionId, ReadonlySet<SeqNum>>();
  for (let k = through; k > complete; k--) {
    const info = adopted(r, collection, k as OrderNum);
    if (info?.kind === 'call' && isAnswered(r, info, outstanding)) complete = info.orderNum;
  }
  return complete;
}

const adopted = (r: ReplicaState, collection: Collection, k: OrderNum): OrderInfo | undefined =>
  r.order.entries.get(k)?.info ?? collection.announced.get(k);

/** Whether the session of a message has its reply. */
function isAnswered(r: ReplicaState, info: CallOrder, outstanding: Map<ConnectionId, ReadonlySet<SeqNum>>): boolean {
  const collected = r.connections.get(info.connection)?.session?.collected;
  const request = requestAt(r, info);
  if (collected === undefined || request === undefined || isOneWay(r, request)) return false;
  const waitsFor = outstanding.get(info.connection) ?? new Set(collected.outstanding);
  outstanding.set(info.connection, waitsFor);
  return /* rule answered-is-complete */ info.seqNum <= collected.sentUpTo && !waitsFor.has(info.seqNum);
}
