import type { SessionFrame } from '@understudy/core/internal';
import type { SessionLink } from '../network/session-link.js';
import type { Named } from '../trace/narrator.js';
import { demand } from '../violation.js';

/**
 * DESIGN 5.1: a session that may not deliver a reply asks for it as a stable one, once on a link in a term. Otherwise
 * it would ask until the order is stable, and keep every answer.
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
