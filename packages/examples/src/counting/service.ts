import type { Counting } from './counting.js';
import type { CountingHandlers, CountRequest } from './proto.js';

/** Returns the gRPC handlers of the counting service. They stop reading requests while the client reads no answers. */
export const handlers = (counting: Counting): CountingHandlers => ({
  count: (call) => {
    call.on('data', (request: CountRequest) => {
      if (!call.write(counting.count(request))) call.pause();
    });
    call.on('drain', () => call.resume());
    call.on('end', () => call.end());
  },
});
