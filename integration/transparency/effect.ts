import type { Heard } from './conversation.js';

const KEYS: readonly string[] = ['understudy-may-have-taken-effect', 'understudy-code'];
const SENTENCE = /; the call (may have|has) taken (no )?effect$/;

/**
 * Whether a call that its own side ended may have taken effect, as far as it says so: in the words of its details, or in
 * its trailers. A bare call does not.
 */
export function effectOf(heard: readonly Heard[]): boolean | undefined {
  for (const each of heard) {
    if (!('status' in each)) continue;
    const told = each.status.metadata['understudy-may-have-taken-effect']?.[0];
    if (told !== undefined) return told === 'true';
  }
  return undefined;
}

/** What is heard, less what a replicated client adds when it ends a call itself. */
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
