import { afterEach, expect, it, vi } from 'vitest';
import { groupOf } from '../../testing/scenario/group.js';
import { virtualSeal } from '../../testing/world/virtual-seal.js';

afterEach(() => vi.restoreAllMocks());

it('a client that was away while the secret was renewed is served when it is back, although nobody can open what it reflects', () => {
  const said: string[] = [];
  const world = groupOf(['replicas=S1,S2', 'multicast=destination'], (line) => said.push(line));
  for (const name of world.names) {
    world.startServer(name);
    world.settle();
    world.pass(20);
  }
  world.startClient('C1');
  world.settle();
  world.pass(100);
  world.requests.call('C1', 'first');
  world.settle();
  for (const name of world.names) world.links.cut('C1', name);
  world.pass(2000);
  const before = said.length;
  vi.spyOn(virtualSeal, 'open').mockReturnValue(undefined);
  for (const name of world.names) world.heal('C1', name);
  world.pass(200);
  expect(said.slice(before)).toContain('C1>S1  null message, destOrderInfo 1=C1#1');
  expect(said.slice(before).filter((line) => line.includes('refused'))).toEqual([]);
  vi.restoreAllMocks();
  world.requests.call('C1', 'second');
  world.pass(200);
  expect(said.slice(before).filter((line) => line.startsWith('C1  delivered second'))).toHaveLength(1);
});
