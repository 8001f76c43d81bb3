import type { ServerInterceptor } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { listening } from '../testing/comparison/interceptors.js';
import { WaitingGroup, type WaitingGroupOptions } from '../testing/criteria/waiting-group.js';

let group: WaitingGroup;
afterEach(async () => {
  await Promise.all(group.clients.map((client) => understudyClient(client).close()));
  await group.stage.end();
});

async function started(settings: Record<string, unknown>, options: WaitingGroupOptions): Promise<WaitingGroup> {
  group = new WaitingGroup(memoryCoordinator(), replicated, settings, options);
  await group.start();
  return group;
}

/** Calls of a client, named by its letter and their numbers. */
const callsOf = (letter: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${letter}${i}`);

/** Has interceptors let calls pass in the opposite order of that in which they come, as far as these come together. */
function reversing(): ServerInterceptor {
  let held: (() => void)[] = [];
  let turns: NodeJS.Immediate | undefined;
  const release = (): void => {
    turns = undefined;
    const passing = held.toReversed();
    held = [];
    for (const pass of passing) pass();
  };
  return listening({
    onReceiveHalfClose(next) {
      held.push(next);
      clearImmediate(turns);
      turns = setImmediate(() => {
        turns = setImmediate(release);
      });
    },
  });
}

/** Whether each client's calls are in the order in which it made them. */
const isInSequence = (ids: readonly string[], letters: readonly string[], count: number): boolean =>
  letters.every((letter) => {
    const own = ids.filter((id) => id.startsWith(letter));
    return own.join() === callsOf(letter, count).join();
  });

describe.each([
  { ordering: 'sequence', keeps: true },
  { ordering: 'reception', keeps: false },
])(
  'the calls of four clients that interceptors let pass in another order, with the criterion $ordering',
  ({ ordering, keeps }) => {
    it(`${keeps ? 'keep' : 'do not keep'} the sequence of each client on all replicas, although the primary dies`, async () => {
      const users = [reversing()];
      const { nodes } = await started({ ordering }, { users, stopsAt: (_, place) => place === 60 });
      const letters = ['a', 'b', 'c', 'd'];
      const clients = letters.map(() => group.connect());
      const answers = callsOf('', 25).flatMap((number) =>
        letters.map((letter, i) => group.call(clients[i] ?? 0, { id: `${letter}${number}` })),
      );
      await group.allWait(100);
      const orders = await group.process(answers);
      expect(orders[1]).toEqual(orders[0]);
      // The primary's own part says what the criterion chose: a session sends the rest to its successor in its sequence.
      const chosen = nodes[0]?.counter.ids.slice(1) ?? [];
      const isChosenInSequence = letters.every((letter) => {
        const own = chosen.filter((id) => id.startsWith(letter));
        return own.join() === callsOf(letter, own.length).join();
      });
      expect(isChosenInSequence).toBe(keeps);
      if (keeps) expect(isInSequence(orders[0] ?? [], letters, 25)).toBe(true);
    });
  },
);

/** How evenly clients are served, from 1 divided by their number to 1 (Jain, Chiu and Hawe 1984). */
function jainIndex(ids: readonly string[], letters: readonly string[]): number {
  const counts = letters.map((letter) => ids.filter((id) => id.startsWith(letter)).length);
  const sum = counts.reduce((total, count) => total + count, 0);
  return sum ** 2 / (letters.length * counts.reduce((total, count) => total + count * count, 0));
}

describe.each([
  { ordering: 'fair', isFair: true },
  { ordering: 'reception', isFair: false },
])('a client with sixty calls before four with ten, with the criterion $ordering', ({ ordering, isFair }) => {
  it(`${isFair ? 'gets' : 'does not get'} as many turns as each of these, although the primary dies in between`, async () => {
    await started({ ordering }, { stopsAt: (_, place) => place === 25 });
    const letters = ['g', 'a', 'b', 'c', 'd'];
    const clients = letters.map(() => group.connect());
    const greedy = callsOf('g', 60).map((id) => group.call(clients[0] ?? 0, { id }));
    await group.allWait(60);
    const polite = letters.slice(1).map((letter, i) => ({ client: clients[i + 1] ?? 0, ids: callsOf(letter, 10) }));
    const answers = polite.flatMap(({ client, ids }) => ids.map((id) => group.call(client, { id })));
    await group.allWait(100);
    const orders = await group.process([...greedy, ...answers]);
    expect(orders[1]).toEqual(orders[0]);
    const index = jainIndex(orders[0]?.slice(0, 50) ?? [], letters);
    if (isFair) expect(index).toBeGreaterThanOrEqual(0.95);
    else expect(index).toBeLessThan(0.5);
  });
});

/** The calls that have their turn later than their deadlines say, if each takes as long as one rank is. */
const missesOf = (ids: readonly string[]): number => ids.filter((id, place) => place > Number(id.split(' ')[1])).length;

describe('a hundred calls whose deadlines have nothing to do with when they come', () => {
  it('are half as often too late with the criterion deadline as with reception, at most', async () => {
    const misses: Record<string, number> = {};
    for (const ordering of ['reception', 'deadline']) {
      await started({ ordering }, { stopsAt: (_, place) => place === 50 });
      const clients = callsOf('', 4).map(() => group.connect());
      // Half of them must have their turn among the first hundred and ten, and the others have more time than there are calls.
      const ranks = callsOf('', 100).map((_, i) => (i % 2 === 0 ? 10 + ((i * 37) % 100) : 150 + i));
      const answers = ranks.map((rank, i) => group.call(clients[i % 4] ?? 0, { id: `${i} ${rank}`, rank }));
      await group.allWait(100);
      const orders = await group.process(answers);
      expect(orders[1]).toEqual(orders[0]);
      misses[ordering] = missesOf(orders[0] ?? []);
      if (ordering === 'deadline') break;
      await Promise.all(group.clients.map((client) => understudyClient(client).close()));
      await group.stage.end();
    }
    expect(misses.reception).toBeGreaterThan(10);
    expect(misses.deadline).toBeLessThanOrEqual((misses.reception ?? 0) / 2);
  });
});
