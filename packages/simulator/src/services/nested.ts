/** The calls that handlers make to another service, as operations and replies describe them. */
import type { NestedId, Reply } from '@understudy/core/internal';
import { hashText, textOf } from '@understudy/core/testing';
import type { Plan } from '../plan/plan.js';

/** The calls that the handler of an operation makes, and when it answers. All replicas read the same. */
export type Asking =
  | 'nothing'
  /** It makes one call and waits for the reply. */
  | 'once'
  /** It makes a second call when it has the reply to the first. */
  | 'in a row'
  /** It makes two calls and waits for both replies. */
  | 'at once'
  /** It waits for a reply, and then for an event that has no place in the order. */
  | 'and lingers'
  /** It makes a call and answers without waiting; the reply changes the state later. */
  | 'aside';

const WAITING = ['once', 'in a row', 'at once', 'and lingers', 'aside'] as const;
const PARTS = 20;

/** Names differ in their last characters alone, so the hash is mixed once more. */
const draw = (name: string): number => Math.imul(hashText(name), 0x9e3779b1) >>> 8;

/** @param waits whether its caller waits for its outcome, so that its handler may wait too */
export function askingOf(name: string, share: number, waits: boolean): Asking {
  const drawn = draw(name);
  if (drawn % PARTS >= share * PARTS) return 'nothing';
  return waits ? (WAITING[Math.floor(drawn / PARTS) % WAITING.length] ?? 'nothing') : 'aside';
}

/**
 * Whether a call is in fact a function of the caller's own process that changes the outside world. All replicas decide
 * alike.
 */
export const isOnce = (what: string, { once, nested }: Pick<Plan, 'once' | 'nested'>): boolean =>
  once !== undefined && (nested === undefined || draw(`${what} once`) % 2 === 0);

/** How many calls it makes at the beginning. */
export const asksFirst = (asking: Asking): number => {
  if (asking === 'nothing') return 0;
  return asking === 'at once' ? 2 : 1;
};

/** How many calls it makes in all. */
export const asksInAll = (asking: Asking): number => (asking === 'in a row' ? 2 : asksFirst(asking));

/** A call says which operation makes it, which of its calls it is, and how far its handler saw. */
export interface CallText {
  readonly what: string;
  readonly length: number;
  readonly digest: number;
}

export const callText = (what: string, place: string): string => `${what} ${place}`;

export function readCall(text: string): CallText {
  const [what = '', place = ''] = text.split(' ', 2);
  const [length = '', digest = ''] = place.split('/', 2);
  return { what, length: Number(length), digest: Number(digest) };
}

/** The answer that a handler gets if the outcome of its call is unknown. */
export const UNREACHED: Reply = Object.freeze({ kind: 'reply', code: 14, details: 'the callee does not answer' });
export const NOT_KNOWN = 'nobody knows';

/** A reply as it enters the history of the group that asked. */
export const heardText = (what: string, outcome: Reply): string =>
  `${what}=${outcome.message === undefined ? NOT_KNOWN : textOf(outcome.message)}`;

/** A call by its place in the order. */
export const nestedKey = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;
