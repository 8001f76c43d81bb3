/** A checkpoint that is JSON, with the version of its form. */
export const encodeCheckpoint = (version: number, state: object): Uint8Array =>
  Buffer.from(JSON.stringify({ version, state }));

/**
 * @param what it is a checkpoint of, for the error: 'the chat'
 * @param isState whether a value has the form of that version
 * @throws Error if the bytes are not what `encodeCheckpoint` makes
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
    throw new Error(`The checkpoint of ${what} cannot be used.`);
  return saved.state;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
