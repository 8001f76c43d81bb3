/** Checks a client's numbers before any state changes, because later arithmetic relies on them. */

import { SEQ_NUM_WINDOW } from '../../connection/connection.js';
import type { RpcRequestHeader, SessionFrame, StreamAsk } from '../../model/frames.js';
import type { Request } from '../../model/message.js';
import { STREAM_CREDITS_MAX } from '../../model/stream.js';

/** No client counts this far by ones. Beyond 2^53 adding one to a number no longer changes it. */
const COUNT_MAX = 2 ** 48;

/** @returns why the frame is refused; undefined if it is legal */
export function illegalFrame(frame: SessionFrame): string | undefined {
  switch (frame.kind) {
    case 'hello':
      return illegalCount('repliesSeenUpTo', frame.repliesSeenUpTo) ?? illegalCount('term', frame.term);
    case 'multicast':
      return (
        illegalCount('repliesSeenUpTo', frame.header.repliesSeenUpTo) ??
        illegalCount('term', frame.header.term) ??
        illegalLength('requests', frame.requests) ??
        illegalLength('reads', frame.reads) ??
        illegalLength('large requests to come', frame.coming ?? []) ??
        illegalLength('streams', frame.streams) ??
        firstOf(frame.requests, ({ seqNum, request }) => illegalCount('seqNum', seqNum) ?? illegalRequest(request)) ??
        firstOf(frame.reads, ({ readId, request }) => illegalCount('readId', readId) ?? illegalRead(request)) ??
        firstOf(frame.streams, illegalAsk)
      );
    case 'backupReads':
      return (
        illegalCount('term', frame.term) ??
        illegalCount('after', frame.after) ??
        illegalLength('reads', frame.reads) ??
        firstOf(frame.reads, ({ readId, request }) => illegalCount('readId', readId) ?? illegalRead(request))
      );
    case 'collected':
      return (
        illegalCount('repliesSeenUpTo', frame.repliesSeenUpTo) ??
        illegalCount('sentUpTo', frame.sentUpTo) ??
        illegalLength('retained', frame.retained) ??
        illegalLength('outstanding', frame.outstanding) ??
        illegalLength('streams', frame.streams) ??
        firstOf(frame.streams, illegalAsk)
      );
    case 'goodbye':
      return undefined;
  }
}

/** @returns why the RPC is refused; undefined if its header is legal */
export const illegalHeader = ({ seqNum, header }: RpcRequestHeader): string | undefined =>
  illegalCount('seqNum', seqNum) ?? illegalCount('repliesSeenUpTo', header.repliesSeenUpTo);

/** @returns why the request is refused; undefined if it is legal */
export function illegalRequest({ stream }: Request): string | undefined {
  switch (stream?.kind) {
    case 'message':
    case 'end':
      return stream.position < 1
        ? `the position of a message is ${stream.position}`
        : (illegalCount('position', stream.position) ?? illegalCount('stream', stream.of));
    case 'cancel':
      return illegalCount('stream', stream.of);
    case 'credit':
      if (stream.taken.length > STREAM_CREDITS_MAX) return `a credit names ${stream.taken.length} streams`;
      return firstOf(stream.taken, ({ of, upTo }) => illegalCount('stream', of) ?? illegalCount('credit', upTo));
    default:
      return undefined;
  }
}

const illegalRead = ({ stream }: Request): string | undefined =>
  stream === undefined ? undefined : 'a read is part of a stream';

const illegalAsk = ({ of, received }: StreamAsk): string | undefined =>
  illegalCount('stream', of) ?? illegalCount('received', received);

const illegalCount = (name: string, value: number): string | undefined =>
  value <= COUNT_MAX ? undefined : `${name} is ${value}, which nobody can have counted to`;

/** No client has more messages than its window holds, so a longer list can only be meant to fill the memory. */
const illegalLength = (name: string, list: readonly unknown[]): string | undefined =>
  list.length <= SEQ_NUM_WINDOW ? undefined : `a frame has ${list.length} ${name}`;

function firstOf<T>(list: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
