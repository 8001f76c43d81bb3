import { afterEach, expect, it } from 'vitest';
import { WaitWatch } from './wait-watch.js';

let watch: WaitWatch;
afterEach(() => watch.end());

/** A watch that is looked at by the test alone, and what it has said so far. */
function watched() {
  const said: string[] = [];
  const state: { why: string | undefined; joins: boolean } = { why: 'nobody has the state', joins: false };
  watch = new WaitWatch({
    why: () => state.why,
    joins: () => state.joins,
    logger: { log: (level, event, { why = '' }) => said.push(`${level} ${event} ${why}`.trim()) },
    onLook: () => {},
  });
  return { said, state };
}

const WAITS = 'warn this replica waits nobody has the state';
const GOES_ON = 'info this replica waits no longer';

it('a replica that starts says at the first look whom it waits for, and again every ten seconds', () => {
  const { said, state } = watched();
  state.joins = true;
  watch.look(0);
  expect(said).toEqual([WAITS]);
  watch.look(9_999);
  expect(said).toEqual([WAITS]);
  watch.look(10_000);
  watch.look(19_999);
  expect(said).toEqual([WAITS, WAITS]);
  watch.look(20_000);
  expect(said).toEqual([WAITS, WAITS, WAITS]);
});

it('a replica that looks for its coordinator, or that has joined before, says so once that has lasted a second', () => {
  const { said, state } = watched();
  watch.look(0);
  watch.look(999);
  expect(said).toEqual([]);
  watch.look(1_000);
  expect(said).toEqual([WAITS]);
  state.why = undefined;
  watch.look(1_100);
  Object.assign(state, { why: 'nobody has the state', joins: true });
  watch.look(1_200);
  watch.look(2_199);
  expect(said).toEqual([WAITS, GOES_ON]);
  watch.look(2_200);
  expect(said).toEqual([WAITS, GOES_ON, WAITS]);
});
