import type { ReplicaProgress, ReplyFrame } from '@understudy/core/internal';
import type { SessionLink } from '../network/session-link.js';
import { demand } from '../violation.js';

/** No answer can arrive in less time than this. */
const TOO_SOON_MS = 15;

interface NackingReplica {
  readonly name: string;
  readonly clockMs: number;
  readonly status: ReplicaProgress | undefined;
}

/** DESIGN 5.6: a promotion waits for a body that it asked for before it asks again. Otherwise each event would ask. */
export function checkNacks(
  server: NackingReplica,
  link: Pick<SessionLink, 'client' | 'nacked'>,
  frame: ReplyFrame,
): void {
  if (frame.kind !== 'nack' || server.status?.role !== 'promoting') return;
  for (const seqNum of frame.seqNums) {
    const askedMs = link.nacked.get(seqNum) ?? Number.NEGATIVE_INFINITY;
    demand(
      server.clockMs - askedMs >= TOO_SOON_MS,
      () => `${server.name} asks ${link.client.name} for #${seqNum} again after ${server.clockMs - askedMs} ms`,
    );
    link.nacked.set(seqNum, server.clockMs);
  }
}
