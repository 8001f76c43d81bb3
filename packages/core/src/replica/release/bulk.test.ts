import { expect, it } from 'vitest';
import { groupOf } from '../../testing/scenario/group.js';
import type { World } from '../../testing/scenario/world.js';

const SESSION_BYTES = 2 ** 18;
/** A third of the budget and more, so that four of them are more than any budget lets one client have. */
const LARGE = `large-${Math.ceil(SESSION_BYTES / 2.5)}`;

/** A primary whose handlers end when the test says so, and a client that knows the method's replies to be large. */
function stage(...words: string[]) {
  const said: string[] = [];
  const budgets = { sessionBytes: SESSION_BYTES, totalBytes: 16 * SESSION_BYTES };
  const world = groupOf(['replicas=S1', ...words], (line) => said.push(line), { budgets });
  world.startServer('S1');
  world.settle();
  world.startClient('C1');
  world.settle();
  world.requests.call('C1', LARGE);
  world.pass(100);
  const delivered = () => said.filter((line) => line.startsWith('C1  delivered'));
  expect(delivered()).toHaveLength(1);
  world.autoFinish = false;
  return { world, said, delivered };
}

/** Handlers end one after the other, until none runs any more. @returns how many did */
function finishAll(world: World): number {
  const server = world.server('S1');
  let finished = 0;
  for (; server.tasks.length > 0; finished++) {
    world.finish('S1');
    world.settle();
  }
  return finished;
}

it.each([
  ['concurrent', 'release=concurrent'],
  ['acknowledged', 'release=acknowledged'],
])('calls wait while their client is cut off from large replies that it has not seen (%s)', (_name, word) => {
  const { world, said, delivered } = stage(word);
  for (let i = 0; i < 6; i++) world.requests.call('C1', LARGE);
  world.settle();
  world.links.cut('C1', 'S1');
  // Two and a half such replies are the budget; the third was begun before they were too many.
  expect(finishAll(world)).toBe(3);
  world.pass(500);
  expect(world.server('S1').core?.status.keptBytes).toBeLessThan(1.5 * SESSION_BYTES);
  world.heal('C1', 'S1');
  // Some time passes between the hello and what the client asks for then.
  world.links.hold('C1', 'S1', true);
  world.links.deliver('C1', 'S1');
  world.pass(500);
  expect(finishAll(world)).toBe(0);
  world.links.hold('C1', 'S1', false);
  for (let i = 0; i < 10; i++) {
    world.pass(100);
    finishAll(world);
  }
  expect(said.filter((line) => line.includes('UNDERSTUDY_OVERLOADED'))).toEqual([]);
  expect(delivered()).toHaveLength(7);
});

it('the calls of a client that does not return wait for a minute and are then refused', () => {
  const { world } = stage('sessionExpiryMs=600000');
  for (let i = 0; i < 6; i++) world.requests.call('C1', LARGE);
  world.settle();
  world.links.cut('C1', 'S1');
  expect(finishAll(world)).toBe(3);
  world.pass(59_000);
  expect(finishAll(world)).toBe(0);
  world.pass(2_000);
  // One more has room for its reply, and the others are refused.
  expect(finishAll(world)).toBe(1);
  expect(world.server('S1').core?.status).toMatchObject({ processedUpTo: 7 });
  expect(world.server('S1').core?.status.keptBytes).toBeLessThan(2 * SESSION_BYTES);
});
