import type { ReplyFrame } from '@understudy/core';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { SessionStream } from '../network/streams.js';
import { demand } from '../violation.js';

/** Nothing can have come within so short a time. */
const TOO_SOON_MS = 15;

/** DESIGN 5.6: a promotion waits for the body that it asked for before it asks again; else each event would ask. */
export function checkNacks(server: ServerHost, stream: SessionStream, frame: ReplyFrame): void {
  if (frame.kind !== 'nack' || server.status?.role !== 'promoting') return;
  for (const seqNum of frame.seqNums) {
    const askedMs = stream.nacked.get(seqNum) ?? Number.NEGATIVE_INFINITY;
    demand(
      server.clockMs - askedMs >= TOO_SOON_MS,
      () => `${server.name} asks ${stream.client.name} for #${seqNum} again after ${server.clockMs - askedMs} ms`,
    );
    stream.nacked.set(seqNum, server.clockMs);
  }
}
