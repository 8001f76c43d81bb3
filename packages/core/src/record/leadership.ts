/** What a replica says that it would bring along as primary, as a coordinator keeps it. */

import type { Leadership } from '../model/record.js';

/** Reads it from a value of anybody's making. @returns undefined if the value does not say */
export function leadershipFrom(value: unknown): Leadership | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { settings, version, replication } = value as Readonly<Record<string, unknown>>;
  if (typeof settings !== 'string' || typeof version !== 'string') return undefined;
  if (replication !== 'semi-active' && replication !== 'passive') return undefined;
  return { settings, version, replication };
}
