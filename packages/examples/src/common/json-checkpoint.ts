/** Writes a checkpoint as JSON, with the version of its format. */
export const encodeCheckpoint = (version: number, state: object): Uint8Array =>
  Buffer.from(JSON.stringify({ version, state }));

/**
 * Reads a checkpoint that `encodeCheckpoint` wrote.
 *
 * @param what names the service in the error: 'the chat'
 * @param isState checks that a value has the format of this version
 * @throws Error if `encodeCheckpoint` did not write these bytes, or wrote another version
 */
export function decodeCheckpoint<State>(
  bytes: Uint8Array,
  version: number,
  what: string,
  isState: (value: unknown) => value is State,
): State {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const saved: unknown = JSON.parse(text);
  if (!isRecord(saved) || saved.version !== version || !isState(saved.state))
    throw new Error(`The checkpoint of ${what} is damaged or has another version than ${version}.`);
  return saved.state;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
