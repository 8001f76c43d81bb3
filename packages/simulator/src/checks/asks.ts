import type { SessionFrame } from '@understudy/core';
import type { SessionLink } from '../network/session-link.js';
import type { Named } from '../trace/narrator.js';
import { demand } from '../violation.js';

/**
 * DESIGN 5.1: whoever may not deliver a reply asks for it, and then gets it stable: one question is enough on a stream
 * in a term. Else it would ask as long as the order is not stable, and keep every answer.
 */
export function checkAsks(client: Named, link: Pick<SessionLink, 'asked'>, frame: SessionFrame): void {
  if (frame.kind !== 'multicast') return;
  for (const { seqNum, awaitStable } of frame.requests) {
    if (!awaitStable) continue;
    demand(
      link.asked.get(seqNum) !== frame.header.term,
      () => `${client.name} asks again for the stable reply to #${seqNum}`,
    );
    link.asked.set(seqNum, frame.header.term);
  }
}
