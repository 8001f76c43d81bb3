import { expect, it } from 'vitest';
import { GroupSecret, OPENS_FOR_MS } from './group-secret.js';

const [OLD, NEW, NEWER] = ['the secret of yesterday', 'the secret of today', 'the secret of tomorrow'];

/** A secret whose source and clock a test moves. */
function rotated(first: readonly string[]) {
  let held = first;
  let nowMs = 0;
  let asked = 0;
  const read = (): readonly string[] => {
    asked++;
    return held;
  };
  const secret = new GroupSecret(read, () => nowMs);
  return {
    secret,
    get asked() {
      return asked;
    },
    put(secrets: readonly string[]): void {
      held = secrets;
    },
    pass(ms: number): void {
      nowMs += ms;
    },
    ofOrders: (afresh?: boolean): readonly string[] => secret.ofOrders(afresh).map(String),
  };
}

it('a removed secret opens orders for a minute, and links never again', () => {
  const group = rotated([OLD]);
  group.put([NEW]);
  group.pass(1_000);
  expect(group.ofOrders()).toEqual([NEW, OLD]);
  expect(group.secret.read().map(String)).toEqual([NEW]);
  group.pass(OPENS_FOR_MS - 1);
  expect(group.ofOrders()).toEqual([NEW, OLD]);
  group.pass(1_000);
  expect(group.ofOrders()).toEqual([NEW]);
});

it('a secret that comes back is not taken for a removed one', () => {
  const group = rotated([OLD]);
  group.put([NEW]);
  group.pass(1_000);
  group.ofOrders();
  group.put([OLD, NEW]);
  group.pass(1_000);
  expect(group.ofOrders()).toEqual([OLD, NEW]);
});

it('of many removed secrets only the last two open orders', () => {
  const group = rotated([OLD]);
  for (const each of [NEW, NEWER, 'the secret of the day after']) {
    group.put([each]);
    group.pass(1_000);
    group.ofOrders();
  }
  expect(group.ofOrders()).toEqual(['the secret of the day after', NEW, NEWER]);
});

it('a new secret is found in a moment when something was sealed with it, and forgeries do not have the file read each time', () => {
  const group = rotated([OLD]);
  group.put([OLD, NEW]);
  group.pass(100);
  expect(group.ofOrders()).toEqual([OLD]);
  expect(group.ofOrders(true)).toEqual([OLD, NEW]);
  const { asked } = group;
  for (let i = 0; i < 100; i++) group.ofOrders(true);
  expect(group.asked).toBe(asked);
});

it('as long as nothing changes the answer is the same array, whose keys need not be derived again', () => {
  const group = rotated([OLD, NEW]);
  const before = group.secret.ofOrders();
  group.pass(5_000);
  expect(group.secret.ofOrders()).toBe(before);
});

it('a source that fails leaves what it said before', () => {
  const group = rotated([OLD, NEW]);
  group.put([]);
  group.pass(5_000);
  expect(group.ofOrders()).toEqual([OLD, NEW]);
});
