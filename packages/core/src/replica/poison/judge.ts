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
import type { CallOrder, OrderInfo } from '../../model/order-info.js';
import type { Deaths, GroupRecord, Poisoned, Suspect } from '../../model/record.js';
import { careFrom, deathsOf, NO_DEATHS, OTHERS, POISONED_MAX, SUSPECTS_MAX } from '../../record/deaths.js';
import { isOneWay } from '../release/demands.js';
import type { Collection } from '../state/collection.js';
import type { PromotionState } from '../state/promotion-state.js';
import { nameOf, type ReplicaState } from '../state/replica-state.js';
import { freedAs, namesOf, takesCare } from './care.js';
import { describeMessage, describeOrder, messageName, requestAt, suspectName } from './names.js';

/** For so long another call with the method and bytes of a message of death is refused without being tried. */
const REFUSED_FOR_MS = 600_000;

/** The deaths that a promotion publishes together with how far it adopts. */
export function judge(m: PromotionState, record: GroupRecord, through: OrderNum): Deaths {
  const { r } = m;
  const before = deathsOf(record);
  m.completedUpTo = maxOf(m.completedUpTo, completeForSessions(m, through));
  if (!before.unjudged) return before;
  const suspects = suspectsOf(m, before, through);
  const poisoned = suspects.filter(({ message, deaths }) => message !== OTHERS && deaths >= r.config.poisonAfter);
  const timeMs = r.wallClock();
  if (poisoned.length === 0) {
    return { ...before, unjudged: false, careUntilMs: careFrom(timeMs), suspects: suspects.map(toRecord) };
  }
  const named = poisoned.map(({ info, deaths, describe }): Poisoned => {
    const { orderNum, term } = info ?? NO_PLACE;
    return { orderNum, term, deaths, ...describe(r), refusedUntilMs: timeMs + REFUSED_FOR_MS };
  });
  // These messages explain the deaths, so the others are free of suspicion.
  return { ...NO_DEATHS, poisoned: [...before.poisoned, ...named].slice(-POISONED_MAX) };
}

interface Suspected extends Suspect {
  /** Its place in the order, if it has one. */
  readonly info: OrderInfo | undefined;
  readonly describe: (r: ReplicaState) => Pick<Poisoned, 'method' | 'digest'>;
}

const toRecord = ({ message, deaths }: Suspected): Suspect => ({ message, deaths });

const NO_PLACE = { orderNum: NO_ORDER, term: 0 };

const unknown = () => ({ method: '', digest: '' });

/**
 * A primary that takes care starts a suspect only once everything before is known to be complete, and this one is known
 * to be next. So if the first order that is not complete was to be started with care, it is the one that the primary
 * was processing, if it was processing any. In all other cases every order that is not complete may be the one.
 */
function suspectsOf(m: PromotionState, before: Deaths, through: OrderNum): Suspected[] {
  const { r } = m;
  const known = new Map(before.suspects.map(({ message, deaths }) => [message, deaths]));
  const open = openOrders(m, through);
  const first = open[0];
  if (first !== undefined && wasStartedWithCare(m, before, first)) {
    const names = namesOf(r, first);
    const least = connectionKind(first.connection) === 'session' ? 0 : before.unexplained - 1;
    const deaths = Math.max(least, ...names.map((name) => known.get(name) ?? known.get(OTHERS) ?? 0)) + 1;
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
    if (message === undefined || found.has(message)) return;
    if (found.size < SUSPECTS_MAX) found.set(message, { message, deaths: known.get(message) ?? n, info, describe });
    else found.set(OTHERS, { message: OTHERS, deaths: known.get(OTHERS) ?? 1, info: undefined, describe: unknown });
  };
  for (const info of open) suspect(suspectName(r, info), info, () => describeOrder(r, info));
  const taken = adoptedNames(m, through);
  for (const message of unordered(r)) {
    if (!taken.has(nameOf(message))) suspect(messageName(r, message), undefined, () => describeMessage(r, message));
  }
  for (const { message, deaths } of before.suspects) suspect(message, undefined, unknown, deaths);
  return [...found.values()];
}

/**
 * Whether the dead primary started this message with care: all that it adopted, and of its own what is not like a
 * message that it completed before.
 */
function wasStartedWithCare({ r, completedUpTo }: PromotionState, before: Deaths, info: OrderInfo): boolean {
  if (!takesCare(r, before, info)) return false;
  const itsTerm = r.record?.adoptedThrough.at(-1)?.term ?? 1;
  if (info.term < itsTerm) return true;
  const name = freedAs(r, info);
  if (name === undefined) return true;
  const survivedAt = r.deaths.survivedBefore.get(name);
  return /* rule like-ones-were-free */ survivedAt === undefined || survivedAt > completedUpTo;
}

/** What is adopted and may not have been processed to its end. */
function openOrders({ r, collection, completedUpTo }: PromotionState, through: OrderNum): OrderInfo[] {
  const open: OrderInfo[] = [];
  for (let k = next(completedUpTo); k <= through; k = next(k)) {
    const info = adopted(r, collection, k);
    if (info !== undefined && (info.kind === 'call' || info.kind === 'cancel')) open.push(info);
  }
  return open;
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
  // Not all may find room, and the first ones of each connection are the likeliest.
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
    // The last one may have been processing while an item of another handler left that reflects it.
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
