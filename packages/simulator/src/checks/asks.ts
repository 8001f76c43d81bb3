import type { SessionFrame } from '@understudy/core';
import type { ClientHost } from '../hosts/client-host.js';
import type { SessionStream } from '../network/streams.js';
import { demand } from '../violation.js';

/** Requests for one stable reply on one stream: the reply may have come more than once, as a frame and to RPCs. */
const ASKED_MAX = 4;

/**
 * DESIGN 5.1: whoever may not deliver a reply asks for it, and then gets it stable. Else it would ask as long as the order
 * is not stable, and keep every answer.
 */
export function checkAsks(client: ClientHost, stream: SessionStream, frame: SessionFrame): void {
  if (frame.kind !== 'multicast') return;
  for (const { seqNum, awaitStable } of frame.requests) {
    if (!awaitStable) continue;
    const times = (stream.asked.get(seqNum) ?? 0) + 1;
    stream.asked.set(seqNum, times);
    demand(times <= ASKED_MAX, () => `${client.name} asks ${times} times for the stable reply to #${seqNum}`);
  }
}
