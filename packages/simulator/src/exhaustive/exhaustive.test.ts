import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RULES, type Rule } from '@understudy/core/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { Builds } from '../mutations/builds.js';
import { formatRun, parseRun, replay } from './command/replay.js';
import { sum } from './command/report.js';
import { type Bound, childrenOf, type Node, ROOT } from './search/children.js';
import { explore, type Summary } from './search/explore.js';
import { formatSchedule, parseSchedule } from './search/schedule.js';
import { play } from './window/play.js';
import { MODES, type Mode, nameOf } from './window/scenario.js';

/** These bounds cover every crash point and every single deviation. The command goes further by default. */
const ONE: Bound = { deviations: 1, crashes: 1, together: 1 };
const [FIRST] = MODES as [Mode];

describe('the group keeps every promise at every crash point and after every single deviation', () => {
  it.each(MODES.map((mode) => [nameOf(mode), mode] as const))('%s', (_, mode) => {
    const { violations, endings, byCost } = explore({ mode, operations: 3, bound: ONE });
    expect(violations).toEqual([]);
    // If one of two replicas crashes, the other one continues alone.
    expect(endings.unavailable).toBe(0);
    expect(byCost['1+0']).toBeGreaterThan(100);
    expect(byCost['0+1']).toBeGreaterThan(40);
  });
});

describe('the exhaustive search', () => {
  it('crashes every process after each of its effects', () => {
    const { hosts, effects } = play(FIRST, 3, []);
    const crashes = [...childrenOf(ROOT, play(FIRST, 3, []), { deviations: 0, crashes: 1, together: 1 })];
    const expected = hosts.flatMap((host, h) =>
      Array.from({ length: (effects.at(-1)?.[h] ?? 0) + 1 }, (_, n) => `${host}@${n}`),
    );
    expect(hosts).toEqual(['S1', 'S2', 'C1', 'C2']);
    expect(crashes.map(({ schedule }) => formatSchedule(schedule)).sort()).toEqual(expected.sort());
  });

  it('plays every pair of crashes, and each set of decisions only once', () => {
    const bound: Bound = { deviations: 0, crashes: 2, together: 2 };
    const sets: string[] = [];
    const visit = (node: Node): void => {
      sets.push(
        node.schedule
          .map((one) => formatSchedule([one]))
          .sort()
          .join('/'),
      );
      for (const child of childrenOf(node, play(FIRST, 1, node.schedule), bound)) visit(child);
    };
    visit(ROOT);
    expect(new Set(sets).size).toBe(sets.length);
    for (const pair of ['S1@1/S2@1', 'C1@1/S1@1', 'C1@1/S2@1', 'C2@0/S1@0']) expect(sets).toContain(pair);
  });

  it('finds the same schedules whether it searches in parts or at once', () => {
    const options = { mode: FIRST, operations: 1, bound: ONE };
    const whole = explore(options);
    const parts = [0, 1, 2].map((index) => explore({ ...options, part: { index, of: 3 } }));
    expect(sum(parts)).toEqual(whole);
    expect(parts.map(({ schedules }) => schedules < whole.schedules)).toEqual([true, true, true]);
  });
});

describe('a run that was printed', () => {
  it('plays the same again after it is parsed', () => {
    const run = parseRun('semi-active,direct,concurrent,stream:3:4.2/S1@4/~0=1');
    const linesOf = () => {
      const lines: string[] = [];
      replay(run, (line) => lines.push(line));
      return lines;
    };
    const lines = linesOf();
    expect(lines.filter((line) => /S1\W+crashes$/.test(line))).toHaveLength(1);
    expect(linesOf()).toEqual(lines);
    expect(parseRun(formatRun(run))).toEqual(run);
  });

  it.each([
    '',
    'no such mode:3:',
    'semi-active,direct,concurrent,stream:4:',
    'semi-active,direct,concurrent,stream:3:x',
  ])('is refused if its text is malformed: %j', (text) => {
    expect(() => parseRun(text)).toThrow(RangeError);
  });

  it('is refused if its schedule names a step beyond its end', () => {
    const text = 'semi-active,direct,concurrent,stream:3:1999.1';
    expect(() => replay(parseRun(text), () => {})).toThrow(/names step 1999/);
  });
});

/** Searches with a core that lacks a rule, in a process of its own. */
const PROGRAM = `
  const { explore, mode, bound } = JSON.parse(process.argv[1]);
  const search = await import(explore);
  process.stdout.write(JSON.stringify(search.explore({ mode, bound, operations: 3, violationsMax: 1 })));`;

describe('the exhaustive search finds a violation in a core without the rule', () => {
  const builds = new Builds();
  afterAll(() => builds.remove());

  it.each([
    ['stability: an order is stable only when every in-sync backup holds it', 'semi-active,direct,concurrent,stream'],
    ['gaps: a backup asks for a body that it lacks', 'semi-active,direct,concurrent,stream'],
    [
      'null messages: announcements that are too old leave without waiting for a message',
      'semi-active,destination,acknowledged,stream',
    ],
  ])('%s', (name, modeName) => {
    const rule = RULES.find((one) => one.rule === name) as Rule;
    const mode = MODES.find((one) => nameOf(one) === modeName) as Mode;
    const module = pathToFileURL(join(builds.build(rule), 'exhaustive/search/explore.js')).href;
    const args = ['--input-type=module', '--eval', PROGRAM, JSON.stringify({ explore: module, mode, bound: ONE })];
    const { violations } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Summary;
    expect(violations).toHaveLength(1);
    const schedule = parseSchedule(violations[0]?.schedule ?? '');
    expect(play(mode, 3, schedule).reason).toBeUndefined();
  });
});
