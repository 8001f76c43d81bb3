/** The streams that handlers open at another service, as operations and replies describe them. */
import { hashText } from '@understudy/core/testing';

/** A stream that a handler opens at another service, as all replicas read it from the name of the operation. */
export interface StreamShape {
  readonly name: string;
  /** `server`: this many items come; `client`: this many messages go; `bidi`: an item comes for each message. */
  readonly kind: 'server' | 'client' | 'bidi';
  readonly length: number;
}

const KINDS = ['server', 'client', 'bidi'] as const;
const LONGEST = 9;

/** @returns undefined for an operation whose handler opens no stream */
export function streamOf(operation: string, share: number): StreamShape | undefined {
  const drawn = Math.imul(hashText(`${operation} streams`), 0x9e3779b1) >>> 8;
  if (drawn % 20 >= share * 20) return undefined;
  const kind = KINDS[Math.floor(drawn / 20) % KINDS.length] ?? 'bidi';
  return { name: `${operation}.s`, kind, length: 1 + (Math.floor(drawn / 100) % LONGEST) };
}

/** The opening says what the callee is to do. */
export const streamText = ({ name, kind, length }: StreamShape, place: string): string =>
  `${name} ${place} ${kind} ${length}`;

export function readStreamText(text: string): StreamShape {
  const [name = '', ...rest] = text.split(' ');
  const [kind = 'bidi', length = ''] = rest.slice(-2);
  return { name, kind: kind as StreamShape['kind'], length: Number(length) };
}

/** An item as it enters the history of the group that opened the stream. */
export const itemEntry = (name: string, item: number): string => `${name}>${item}`;

/** @param items how many items came; undefined if the outcome of the stream is unknown */
export const statusEntry = (name: string, items: number | undefined): string => `${name}>end${items ?? '?'}`;

/** The outcome of an operation on a stream: the items that came, and the number of all of them if they are the last. */
export interface StreamNews {
  readonly from: number;
  readonly upTo: number;
  readonly of?: number;
}

export const newsText = ({ from, upTo, of }: StreamNews): string => `${from}-${upTo}-${of ?? ''}`;

export function readNews(text: string): StreamNews {
  const [from = '', upTo = '', of = ''] = text.split('-', 3);
  return { from: Number(from), upTo: Number(upTo), ...(of !== '' && { of: Number(of) }) };
}
