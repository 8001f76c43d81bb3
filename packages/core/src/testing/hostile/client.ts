import type { GroupSettings } from '../../config/settings.js';
import type { ReplyFrame, SessionFrame } from '../../model/frames.js';
import type { CallId } from '../../model/ids.js';
import type { SessionEvent } from '../../session/events.js';
import type { Session } from '../../session/session.js';
import { groupOf } from '../scenario/group.js';
import type { World } from '../scenario/world.js';
import { bytesOf } from '../text.js';
import { HostileFrames } from './frames.js';

const HONEST = 'C1';
export const HOSTILE = 'C2';
/** Frames that the hostile client sends between two calls of the honest one. */
const FRAMES_A_CALL = 25;
/** RPCs of the hostile client have numbers from this one on. */
const FIRST_RPC = 1_000_000;

/** The result of a time in which a hostile client and an honest one shared a group. */
export interface Course {
  readonly calls: number;
  /** The texts with which the group answered the honest client, and its failures. */
  readonly answered: readonly string[];
  readonly servers: readonly string[];
  /** The digest of what each of those has processed, and up to which order. */
  readonly digests: readonly string[];
  /** How many bodies the replicas have refused in all. */
  readonly refusedBodies: number;
}

/**
 * A group of three with an honest client, and a client that sends any frame at any time to any replica. Halfway through
 * the primary crashes.
 *
 * @param words the words of the group's line in a scenario
 * @param equivocates whether the client sends each replica other bodies under the same numbers
 */
export function besideHostile(seed: number, words: readonly string[], calls: number, equivocates = false): Course {
  const answered: string[] = [];
  const frames = new HostileFrames(seed, 'g');
  const print = (line: string): void => {
    if (line.startsWith(`${HONEST}  delivered`) || line.startsWith(`${HONEST}  failed`)) answered.push(line);
  };
  const world = groupWithHostile(words, print, {}, (frame) => {
    if (frame.kind === 'replies') frames.learn(frame.header.sourceOrderInfo);
  });
  for (let call = 1; call <= calls; call++) {
    if (call === calls / 2) {
      // An order that only the primary holds is lost with it, so the others get the time to fetch it.
      world.pass(100);
      world.crash('S1');
      world.pass(3000);
    }
    for (let i = 0; i < FRAMES_A_CALL; i++) sendOne(world, frames, equivocates);
    world.requests.call(HONEST, `m${call}`);
    world.pass(10);
  }
  world.pass(3000);
  const servers = world.names.filter((name) => world.servers.get(name)?.runs);
  const statuses = servers.flatMap((name) => world.server(name).core?.status ?? []);
  return {
    calls,
    answered,
    servers,
    digests: statuses.map(({ processedUpTo, digest }) => `${processedUpTo} ${digest}`),
    refusedBodies: statuses.reduce((sum, { refusedBodies }) => sum + refusedBodies, 0),
  };
}

/**
 * A group that serves, with an honest client and a hostile one for which only the test speaks.
 *
 * @param hears what the hostile client does with what replicas send it
 */
export function groupWithHostile(
  words: readonly string[],
  print: (line: string) => void,
  more: Pick<GroupSettings, 'budgets'> = {},
  hears: (frame: ReplyFrame) => void = () => {},
): World {
  const world = groupOf(words, print, more);
  for (const name of world.names) {
    world.startServer(name);
    world.settle();
    world.pass(20);
  }
  world.startClient(HONEST);
  world.startClient(HOSTILE);
  const step = (event: SessionEvent): [] => {
    if (event.kind === 'frame') hears(event.frame);
    return [];
  };
  world.client(HOSTILE).core = { step, wantsFlush: false } as unknown as Session;
  world.settle();
  return world;
}

function sendOne(world: World, frames: HostileFrames, equivocates: boolean): void {
  const to = world.names[frames.below(world.names.length)] ?? '';
  if (frames.below(8) === 0) world.links.send(HOSTILE, to, frames.hello(world.nowMs));
  const frame = frames.frame(world.nowMs);
  world.links.send(HOSTILE, to, equivocates ? withBodiesFor(to, frame) : frame);
  if (frames.below(12) === 0 && world.servers.get(to)?.runs) {
    const rpc = frames.rpc(world.nowMs);
    const call = (FIRST_RPC + frames.rpcs) as CallId;
    world.tell(world.server(to), { kind: 'rpcCall', call, peer: HOSTILE, ...rpc });
  }
  if (frames.below(4) === 0) world.settle();
  if (frames.below(40) === 0) world.links.reconnect();
}

/** The frame with a body of its own for each message and replica. */
function withBodiesFor(to: string, frame: SessionFrame): SessionFrame {
  if (frame.kind !== 'multicast') return frame;
  const message = bytesOf(`x for ${to}`);
  return { ...frame, requests: frame.requests.map((each) => ({ ...each, request: { ...each.request, message } })) };
}
