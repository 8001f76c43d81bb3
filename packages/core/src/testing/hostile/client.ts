import type { GroupSettings } from '../../config/settings.js';
import type { Session } from '../../session/session.js';
import { groupOf } from '../scenario/group.js';
import type { World } from '../scenario/world.js';
import { HostileFrames } from './frames.js';

const HONEST = 'C1';
export const HOSTILE = 'C2';
/** Frames that the hostile client sends between two calls of the honest one. */
const FRAMES_A_CALL = 25;

/** What came of a hostile client and an honest one that shared a group for a while. */
export interface Course {
  readonly calls: number;
  /** The texts that the honest client was answered with, and its failures. */
  readonly answered: readonly string[];
  readonly servers: readonly string[];
}

/**
 * A group of three with an honest client, and a client that sends any frame at any time to any replica. Halfway through
 * the primary crashes.
 *
 * @param words the words of the group's line in a scenario
 */
export function besideHostile(seed: number, words: readonly string[], calls: number): Course {
  const answered: string[] = [];
  const world = groupWithHostile(words, (line) => {
    if (line.startsWith(`${HONEST}  delivered`) || line.startsWith(`${HONEST}  failed`)) answered.push(line);
  });
  const frames = new HostileFrames(seed, world.config.group);
  for (let call = 1; call <= calls; call++) {
    if (call === calls / 2) {
      // What only the primary holds is lost with it, so the others get the time to fetch it.
      world.pass(100);
      world.crash('S1');
      world.pass(3000);
    }
    for (let i = 0; i < FRAMES_A_CALL; i++) sendOne(world, frames);
    world.requests.call(HONEST, `m${call}`);
    world.pass(10);
  }
  world.pass(3000);
  return { calls, answered, servers: world.names.filter((name) => world.servers.get(name)?.runs) };
}

/** A group that serves, with an honest client and a hostile one for which only the test speaks. */
export function groupWithHostile(
  words: readonly string[],
  print: (line: string) => void,
  more: Pick<GroupSettings, 'budgets'> = {},
): World {
  const world = groupOf(words, print, more);
  for (const name of world.names) {
    world.startServer(name);
    world.settle();
    world.pass(20);
  }
  world.startClient(HONEST);
  world.startClient(HOSTILE);
  const mute = { step: () => [], wantsFlush: false };
  world.client(HOSTILE).core = mute as unknown as Session;
  world.settle();
  return world;
}

function sendOne(world: World, frames: HostileFrames): void {
  const to = world.names[frames.below(world.names.length)] ?? '';
  if (frames.below(8) === 0) world.links.send(HOSTILE, to, frames.hello(world.nowMs));
  world.links.send(HOSTILE, to, frames.frame(world.nowMs));
  if (frames.below(4) === 0) world.settle();
  if (frames.below(40) === 0) world.links.reconnect();
}
