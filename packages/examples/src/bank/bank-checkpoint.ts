/** The bytes of a bank's checkpoint. */

/** The whole state of a bank. */
export interface SavedBank {
  readonly accounts: readonly (readonly [name: string, cents: number])[];
  readonly refused: number;
  readonly depositedCents: number;
  readonly withdrawnCents: number;
  readonly history: readonly number[] | Uint32Array;
}

const VERSION = 1;
const LENGTH_BYTES = 4;

/** Writes the length of the summary, the summary as JSON, and the history as little-endian 32-bit numbers. */
export function encodeCheckpoint({ history, ...rest }: SavedBank): Uint8Array {
  const summary = Buffer.from(JSON.stringify({ version: VERSION, ...rest, operations: history.length }));
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + summary.length + history.length * 4);
  bytes.writeUInt32LE(summary.length, 0);
  summary.copy(bytes, LENGTH_BYTES);
  let at = LENGTH_BYTES + summary.length;
  for (const id of history) at = bytes.writeUInt32LE(id, at);
  return bytes;
}

/** @throws Error if `encodeCheckpoint` did not write these bytes */
export function decodeCheckpoint(source: Uint8Array): SavedBank {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const summaryEnd = bytes.length < LENGTH_BYTES ? Infinity : LENGTH_BYTES + bytes.readUInt32LE(0);
  if (summaryEnd > bytes.length) throw new Error('The checkpoint of the bank is cut short.');
  const summary: unknown = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, summaryEnd));
  if (!isSummary(summary)) throw new Error('The checkpoint of the bank has a summary that cannot be used.');
  if (bytes.length !== summaryEnd + summary.operations * 4)
    throw new Error(`The checkpoint of the bank does not hold the ${summary.operations} operations that it announces.`);
  const history = Uint32Array.from({ length: summary.operations }, (_, i) => bytes.readUInt32LE(summaryEnd + i * 4));
  return { ...summary, history };
}

type Summary = Omit<SavedBank, 'history'> & { readonly operations: number };

function isSummary(value: unknown): value is Summary {
  if (typeof value !== 'object' || value === null) return false;
  const { version, accounts, refused, depositedCents, withdrawnCents, operations } = value as Record<string, unknown>;
  return (
    version === VERSION &&
    [refused, depositedCents, withdrawnCents, operations].every(isCount) &&
    Array.isArray(accounts) &&
    accounts.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && isCount(entry[1]))
  );
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
