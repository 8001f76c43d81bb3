import type { SessionFrame } from '@understudy/core';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { SessionStream } from '../network/streams.js';
import { demand } from '../violation.js';

/**
 * DESIGN 5.1: whoever may not deliver a reply asks for it, and then gets it stable: one question is enough on a stream
 * in a term. Else it would ask as long as the order is not stable, and keep every answer.
 */
export function checkAsks(client: ClientHost, stream: SessionStream, frame: SessionFrame): void {
  if (frame.kind !== 'multicast') return;
  for (const { seqNum, awaitStable } of frame.requests) {
    if (!awaitStable) continue;
    demand(
      stream.asked.get(seqNum) !== frame.header.term,
      () => `${client.name} asks again for the stable reply to #${seqNum}`,
    );
    stream.asked.set(seqNum, frame.header.term);
  }
}
