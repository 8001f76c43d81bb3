import { expect, it } from 'vitest';
import { readMarkers } from './builds.js';
import { ALL_RULES } from './mutation.js';

const markers = readMarkers();
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

it('every marker in the core belongs to a rule, and every marker of a rule is in the core', () => {
  expect(sorted(markers.names)).toEqual(sorted(ALL_RULES.flatMap(({ without }) => Object.keys(without))));
});

it.each(ALL_RULES.map((rule) => [rule.rule, rule] as const))(
  '"%s" can be taken out of the compiled core',
  (_, rule) => {
    expect(markers.takeOut(rule).size).toBeGreaterThan(0);
  },
);

it('no two rules have the same sentence', () => {
  const rules = ALL_RULES.map(({ rule }) => rule);
  expect(rules).toEqual([...new Set(rules)]);
});
