import { describe, expect, it } from 'vitest';
import type { HelloFrame, MulticastFrame } from './model/frames.js';
import { NO_SEQ, NO_TERM, type SeqNum } from './model/ids.js';
import type { StreamPart } from './model/stream.js';
import { besideHostile, groupWithHostile, HOSTILE } from './testing/hostile/client.js';
import { bytesOf } from './testing/text.js';
import { sessionOf } from './testing/world/identity.js';

const CALLS = 40;
const THREE = 'replicas=S1,S2,S3';

describe.each([
  ['semi-active', [THREE]],
  ['passive', [THREE, 'replication=passive']],
  ['with interceptors', [THREE, 'interceptors']],
  ['acknowledged', [THREE, 'release=acknowledged']],
  ['destination', [THREE, 'multicast=destination']],
])('beside a client that sends legal frames in any order (%s)', (_name, words) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('no replica ends, and an honest client is answered (seed %i)', (seed) => {
    const { answered, servers, calls } = besideHostile(seed, words, CALLS);
    expect(servers).toEqual(['S2', 'S3']);
    expect(answered.filter((line) => line.includes('failed'))).toEqual([]);
    expect(answered).toHaveLength(calls);
  });
});

const HEARD = { term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 0 };
const HELLO: HelloFrame = { kind: 'hello', group: 'g', connection: sessionOf(9), fresh: true, settings: 0, ...HEARD };
const NULL_MESSAGE: MulticastFrame = {
  kind: 'multicast',
  header: { ...HEARD, destOrderInfo: [], closing: false },
  requests: [],
  reads: [],
  streams: [],
};
const first = 1 as SeqNum;

function sent(seqNum: SeqNum, stream: StreamPart): MulticastFrame {
  const request = { method: '/log.Log/Chat', message: bytesOf('x'), stream };
  return { ...NULL_MESSAGE, requests: [{ seqNum, request, awaitStable: false }] };
}

/** A hostile client sends frames to the primary, and S1 still serves. @returns what was said */
function whenSent(...frames: readonly MulticastFrame[]): string[] {
  const said: string[] = [];
  const world = groupWithHostile([THREE], (line) => said.push(line));
  for (const frame of [HELLO, ...frames]) {
    world.links.send(HOSTILE, 'S1', frame);
    world.settle();
  }
  world.pass(100);
  expect(world.server('S1').core?.status.role).toBe('primary');
  return said;
}

it('a client that asks for a stream before it opens it is told that the group does not know the stream', () => {
  const ask = { of: first, received: 0, awaitStable: false };
  const said = whenSent({ ...NULL_MESSAGE, streams: [ask] }, sent(first, { kind: 'open' }));
  expect(said.filter((line) => line.startsWith(`S1>${HOSTILE}  items`))).toEqual([
    `S1>${HOSTILE}  items 1.1 status stable`,
  ]);
  expect(said.filter((line) => line.includes('processes'))).toEqual([]);
});

it.each<[string, MulticastFrame]>([
  ['items', { ...NULL_MESSAGE, streams: [{ of: first, received: Number.MAX_SAFE_INTEGER, awaitStable: false }] }],
  ['credits', sent(first, { kind: 'credit', taken: [{ of: first, upTo: Number.MAX_SAFE_INTEGER }] })],
  ['messages', sent(first, { kind: 'message', of: first, position: Number.MAX_SAFE_INTEGER })],
])('a client that counts %s further than anybody can is refused', (_name, frame) => {
  expect(whenSent(frame)).toContainEqual(expect.stringContaining('refused UNDERSTUDY_MALFORMED'));
});
