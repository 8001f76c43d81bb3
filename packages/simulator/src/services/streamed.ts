/** The openings, messages and items of streaming calls, as their texts describe them. */
import type { StreamItem } from '@understudy/core/internal';
import { hashText, textOf } from '@understudy/core/testing';

/** The request in the opening of a stream. All replicas read the same. */
export interface Opening {
  /** bidi: an answer to each message; server: many items to one request; client: one answer to all messages. */
  readonly kind: 'bidi' | 'server' | 'client';
  /** Whether its handler goes on by itself, so that each replica sends its items at another time. */
  readonly late: boolean;
  /** How many items a `server` stream has. */
  readonly items: number;
  /**
   * The message after which its handler ends, whatever else the client sends; 0: the handler ends when its client does.
   */
  readonly endsAfter: number;
  /** The operation for the workload's machine, like that of a unary call. */
  readonly input: unknown;
}

/** Separates the answers to the messages of a client-streaming call. */
export const LINES = '\n';
/** Marks what is sent to all streams. */
export const TO_ALL = '@';

/** A message tells its place among those of its stream, and which order made it: an operation or a part of a stream. */
export const messageText = (place: number, by: string, body: string): string => `${place}|${by}|${body}`;

export interface MessageText {
  readonly place: number;
  readonly by: string;
  readonly body: string;
}

export function readMessage(text: string): MessageText {
  const [place = '', by = ''] = text.split('|', 2);
  return { place: Number(place), by, body: text.slice(place.length + by.length + 2) };
}

/** The last item tells how many messages came before, which order made it, and how far its handler saw. */
export const statusText = messageText;
export const readStatus = readMessage;

export function textOfItem(item: StreamItem): string {
  switch (item.kind) {
    case 'metadata':
      return 'metadata';
    case 'message':
      return textOf(item.message);
    case 'window':
      return `window ${item.upTo}`;
    case 'status':
      return item.outcome.kind === 'reply' ? `status ${item.outcome.code} ${item.outcome.details}` : 'lost';
  }
}

/** 32 bits over the item and its kind. */
export const itemDigest = (item: StreamItem): number => hashText(textOfItem(item));
