const bytes = (message: Buffer): Buffer => message;
const method = (name: string) => ({
  path: `/test.Flooded/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

/** `Big` answers with much, `Take` takes any request. Messages are raw bytes. */
export const floodedService = { Big: method('Big'), Take: method('Take') } as const;
