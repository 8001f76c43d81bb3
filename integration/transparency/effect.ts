/** Reads from the end of a call whether the call may have taken effect, where its client ended it. */
import type { Heard } from './conversation.js';

const KEYS: readonly string[] = ['understudy-may-have-taken-effect', 'understudy-code'];
const SENTENCE = /; the call (may have|has) taken (no )?effect$/;

/**
 * Tells whether a call that its client ended may have taken effect, if its details or its trailers say so. Those of a
 * bare call do not.
 */
export function effectOf(heard: readonly Heard[]): boolean | undefined {
  for (const each of heard) {
    if (!('status' in each)) continue;
    const told = each.status.metadata['understudy-may-have-taken-effect']?.[0];
    if (told !== undefined) return told === 'true';
  }
  return undefined;
}

/** Removes from the events the text and trailers that a replicated client adds when it ends a call itself. */
export const withoutEffect = (heard: readonly Heard[]): readonly Heard[] =>
  heard.map((each) => {
    if ('status' in each) return { status: plain(each.status) };
    if ('error' in each) return { error: { ...plain(each.error), message: each.error.message.replace(SENTENCE, '') } };
    return each;
  });

function plain<T extends Extract<Heard, { status: unknown }>['status']>(told: T): T {
  const metadata = Object.fromEntries(Object.entries(told.metadata).filter(([key]) => !KEYS.includes(key)));
  return { ...told, details: told.details.replace(SENTENCE, ''), metadata };
}
