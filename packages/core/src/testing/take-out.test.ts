import { parse } from 'acorn';
import { describe, expect, it } from 'vitest';
import { Markers, type Replacement } from './take-out.js';

const RULE = 'release: a reply waits';

/** What becomes of a file when the one marker `a` in it is taken out. */
function without(text: string, replacement: Replacement): string | undefined {
  return markersOf({ 'core.js': text })
    .takeOut({ rule: RULE, without: { a: replacement } })
    .get('core.js');
}

const markersOf = (files: Readonly<Record<string, string>>): Markers =>
  new Markers(new Map(Object.entries(files)), parse);

describe('a marker covers', () => {
  it.each<[string, string, Replacement, string]>([
    ['a whole condition', 'if (/* rule a */ x.y(z) >= 1) f();', 'false', 'if (/* rule a */ false) f();'],
    ['a call with all that belongs to it', 'if (/* rule a */ x.y[z]?.(w)) f();', 'true', 'if (/* rule a */ true) f();'],
    [
      'the expression that is returned',
      'const f = () => { return /* rule a */ x + y; };',
      'undefined',
      'const f = () => { return /* rule a */ undefined; };',
    ],
    ['what an arrow function returns', 'f((x) => /* rule a */ x !== y);', 'true', 'f((x) => /* rule a */ true);'],
    ['the value of a property', 'f({ x: /* rule a */ [...y] });', '[]', 'f({ x: /* rule a */ [] });'],
    ['one argument', 'f(x, /* rule a */ y.z, w);', '[]', 'f(x, /* rule a */ [], w);'],
    ['one element', 'f([/* rule a */ x.y, z]);', '[]', 'f([/* rule a */ [], z]);'],
    ['the left operand of && alone', 'if (/* rule a */ x === 1 && y) f();', 'true', 'if (/* rule a */ true && y) f();'],
    [
      'the right operand of && alone',
      'if (x && /* rule a */ y === 1) f();',
      'true',
      'if (x && /* rule a */ true) f();',
    ],
    [
      'one of several operands',
      'if (x || /* rule a */ y || z) f();',
      'false',
      'if (x || /* rule a */ false || z) f();',
    ],
    [
      'the first of several operands',
      'if (/* rule a */ x || y || z) f();',
      'false',
      'if (/* rule a */ false || y || z) f();',
    ],
    ['an operand of ??', 'f(/* rule a */ x.y ?? z);', 'undefined', 'f(/* rule a */ undefined ?? z);'],
    ['an operand in parentheses', 'if (x || /* rule a */ (y && z)) f();', 'true', 'if (x || /* rule a */ true) f();'],
    ['a negated operand', 'if (x && /* rule a */ !(y || z)) f();', 'false', 'if (x && /* rule a */ false) f();'],
    ['the condition of ?:', 'f(/* rule a */ x === 1 ? y : z);', 'false', 'f(/* rule a */ false ? y : z);'],
    ['a branch of ?:', 'f(x ? y : /* rule a */ z.w());', 'undefined', 'f(x ? y : /* rule a */ undefined);'],
    ['a statement', 'f();\n/* rule a */ g(x);\nh();', ';', 'f();\n/* rule a */ ;\nh();'],
    ['an `if` with all that belongs to it', '/* rule a */ if (x) f(); else g();\nh();', ';', '/* rule a */ ;\nh();'],
    ['the branch of an `if` alone', 'if (x) /* rule a */ f();\nelse g();', ';', 'if (x) /* rule a */ ;\nelse g();'],
    ['a loop', '/* rule a */ for (const x of y) f(x);', ';', '/* rule a */ ;'],
  ])('%s', (_, text, replacement, expected) => {
    expect(without(text, replacement)).toBe(expected);
  });

  it('the code behind further comments and markers', () => {
    const text = 'if (/* rule a */ // why\n  /* rule b */ x > 1) f();';
    expect(without(text, 'false')).toBe('if (/* rule a */ // why\n  /* rule b */ false) f();');
  });
});

it('a replacement that begins with $ is computed from the expression that it replaces', () => {
  expect(without('f(/* rule a */ x + y, z);', '$ / 2')).toBe('f(/* rule a */ ((x + y) / 2), z);');
  expect(without('f(/* rule a */ x.slice(y, z));', '$.slice(-1)')).toBe('f(/* rule a */ ((x.slice(y, z)).slice(-1)));');
});

describe('a rule can still be taken out', () => {
  const rule = { rule: RULE, without: { a: 'false' } } as const;
  const isIn = (files: Readonly<Record<string, string>>) => [...markersOf(files).takeOut(rule)];

  it('when the code was formatted in another way', () => {
    const text = 'if (\n    /*rule  a*/x . y\n        >= 1\n) f();';
    expect(isIn({ 'core.js': text })).toEqual([['core.js', 'if (\n    /*rule  a*/false\n) f();']]);
  });

  it('when the code was moved to another file', () => {
    const text = 'if (/* rule a */ x >= 1) f();';
    const other = 'export const rule = 1;';
    expect(isIn({ 'core.js': other, 'moved/here.js': text })).toEqual([
      ['moved/here.js', 'if (/* rule a */ false) f();'],
    ]);
  });

  it('when the names around it were changed', () => {
    expect(isIn({ 'core.js': 'while (/* rule a */ renamed.too(u) >= 1) g();' })).toEqual([
      ['core.js', 'while (/* rule a */ false) g();'],
    ]);
  });
});

it('all markers of a rule are taken out together, also in several files', () => {
  const markers = markersOf({ 'x.js': '/* rule a */ f(); if (/* rule b */ x) g();', 'y.js': 'h(/* rule c */ y);' });
  const taken = markers.takeOut({ rule: RULE, without: { a: ';', b: 'true', c: '[]' } });
  expect(Object.fromEntries(taken)).toEqual({
    'x.js': '/* rule a */ ; if (/* rule b */ true) g();',
    'y.js': 'h(/* rule c */ []);',
  });
});

it('only a block comment with exactly one name is a marker', () => {
  const text = "f(/* rule a */ x, '/* rule b */', /* the rule c */ y, /* rule d e */ z); // /* rule f */";
  expect(markersOf({ 'core.js': text }).names).toEqual(['a']);
});

describe('an error begins with the name of the rule if', () => {
  const taken = (files: Readonly<Record<string, string>>, changes: Readonly<Record<string, Replacement>>) => () =>
    markersOf(files).takeOut({ rule: RULE, without: changes });

  it('a marker of the rule is missing', () => {
    expect(taken({ 'core.js': '/* rule b */ f();' }, { a: ';' })).toThrow(
      `${RULE}: there is no marker "a" in the core`,
    );
  });

  it('a marker of the rule is there twice', () => {
    const files = { 'x.js': '/* rule a */ f();', 'y.js': '/* rule a */ g();' };
    expect(taken(files, { a: ';' })).toThrow(`${RULE}: marker "a" is there 2 times: x.js, y.js`);
  });

  it.each([
    'if (x) { f(); /* rule a */ }',
    'f(x /* rule a */);',
    'if (x /* rule a */ && y) f();',
    'f(); /* rule a */',
    'f({ /* rule a */ x: 1 });',
    'class X { /* rule a */ x = 1; }',
    'switch (x) { /* rule a */ case 1: f(); }',
  ])('nothing begins behind its marker: %s', (text) => {
    expect(taken({ 'core.js': text }, { a: ';' })).toThrow(
      `${RULE}: no statement or expression begins behind marker "a" in core.js`,
    );
  });

  it('a statement would become an expression, or an expression a statement', () => {
    expect(taken({ 'core.js': '/* rule a */ f();' }, { a: 'false' })).toThrow(
      `${RULE}: marker "a" covers a statement, which "false" cannot replace`,
    );
    expect(taken({ 'core.js': 'f(/* rule a */ x);' }, { a: ';' })).toThrow(
      `${RULE}: marker "a" covers an expression, which ";" cannot replace`,
    );
  });

  it('one of its markers lies within the code of another', () => {
    const files = { 'core.js': '/* rule a */ if (/* rule b */ x) f();' };
    expect(taken(files, { a: ';', b: 'false' })).toThrow(`${RULE}: marker "b" is within "a"`);
    const same = { 'core.js': 'f(/* rule a */ /* rule b */ x);' };
    expect(taken(same, { a: '[]', b: 'false' })).toThrow(`${RULE}: marker "a" is within "b"`);
  });

  it('the code that is left is no JavaScript', () => {
    expect(taken({ 'core.js': 'const f = (/* rule a */ x) => 1;' }, { a: 'false' })).toThrow(
      `${RULE}: core.js is no JavaScript without it: SyntaxError`,
    );
  });
});
