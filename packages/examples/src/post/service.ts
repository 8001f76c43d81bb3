import { status } from '@grpc/grpc-js';
import type { PostOffice } from './post-office.js';
import type { PostHandlers } from './proto.js';

/** Returns the gRPC handlers of a post office. */
export const handlers = (office: PostOffice): PostHandlers => ({
  dispatch: ({ request, metadata }, reply) => {
    const [key] = metadata.get('idempotency-key');
    const trackingNumber = office.dispatch(request, key?.toString());
    if (trackingNumber !== undefined) return reply(null, { trackingNumber });
    reply({ code: status.INVALID_ARGUMENT, details: `the key ${key} was used before for a different parcel` });
  },
});
