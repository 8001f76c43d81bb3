import { expect, it } from 'vitest';
import { groupOf } from '../../testing/scenario/group.js';

/** What a group of two has processed once a client was answered to this text, and the answer. */
function processed(text: string): { readonly digest: string | undefined; readonly answer: string } {
  const said: string[] = [];
  const world = groupOf(['replicas=S1,S2'], (line) => said.push(line));
  for (const name of world.names) world.startServer(name);
  world.settle();
  world.pass(100);
  world.startClient('C1');
  world.settle();
  world.requests.call('C1', text);
  world.pass(100);
  const [primary, backup] = world.names.map((name) => world.server(name).core?.status);
  expect(primary?.processedUpTo).toBe(1);
  expect(backup?.digest).toBe(primary?.digest);
  const answer = said.find((line) => line.startsWith('C1  delivered')) ?? '';
  return { digest: primary?.digest, answer: answer.slice(answer.indexOf('->')) };
}

it('two bodies with the same reply have different digests, so that replicas which took different ones differ', () => {
  const [one, other] = [processed('large-16'), processed('large-016')];
  expect(one.answer).toContain('x'.repeat(16));
  expect(one.answer).toBe(other.answer);
  expect(one.digest).not.toBe(other.digest);
  expect(processed('large-16').digest).toBe(one.digest);
});
