/** What handlers gave to their callers, kept so that instances can be compared. */
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

const SHOWN = { depth: 8, breakLength: 100, maxArrayLength: 200, maxStringLength: 2_000 } as const;

/** A value as bytes to compare and as text to show. */
export interface Seen {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export const seenValue = (value: unknown, serialize: (value: never) => Uint8Array): Seen => {
  const text = inspect(value, SHOWN);
  try {
    return { bytes: serialize(value as never), text };
  } catch {
    // The value cannot be serialized; the server reports what is wrong with it.
    return { bytes: Buffer.from(text), text };
  }
};

export function seenError(error: unknown): Seen {
  const { code, details, message } = (error ?? {}) as { code?: unknown; details?: unknown; message?: unknown };
  const text = `failed: ${inspect({ code, details: details ?? message }, SHOWN)}`;
  return { bytes: Buffer.from(text), text };
}

/** A copy of a state. JSON is shown as text, other bytes only by their digest. */
export function seenState(chunks: readonly Uint8Array[]): Seen {
  const bytes = Buffer.concat(chunks);
  const value = parsed(bytes);
  return { bytes, text: value === undefined ? '' : inspect(value, SHOWN) };
}

export const digestOf = (seen: readonly Seen[]): string => {
  const hash = createHash('sha256');
  for (const { bytes } of seen) hash.update(`${bytes.length} `).update(bytes);
  return hash.digest('hex').slice(0, 16);
};

/** Whether two states seem to have the same content in another order. */
export function differInOrder(one: Seen, other: Seen): boolean {
  const [a, b] = [one, other].map(({ bytes }) => parsed(bytes));
  return a !== undefined && b !== undefined && sorted(a) === sorted(b);
}

/** The value that the bytes encode, if they are JSON. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).sort().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${sorted(each)}`);
  return `{${entries.sort().join()}}`;
}
