import type { Counting } from './counting.js';
import type { CountingHandlers, CountRequest } from './proto.js';

/** Counting as a gRPC service; it reads no faster than its answers are taken. */
export const handlers = (counting: Counting): CountingHandlers => ({
  count: (call) => {
    call.on('data', (request: CountRequest) => {
      if (!call.write(counting.count(request))) call.pause();
    });
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
  },
});
