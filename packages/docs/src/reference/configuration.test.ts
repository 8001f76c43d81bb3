import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseServiceConfig, settingsText } from '@understudy/core/internal';
import { afterAll, describe, expect, it } from 'vitest';
import { anchorsOf } from '../pages/markdown.js';
import { configurationPage, gapsOf, kindOf, SECTIONS } from './configuration.js';
import { docstringOf } from './docstring.js';
import { OptionReader } from './options.js';

const path = join(import.meta.dirname, '../../configuration.md');
const reader = new OptionReader();
afterAll(() => reader.close());

const sectionOf = (title: string) => {
  const section = SECTIONS.find((one) => one.title === title);
  if (section === undefined) throw new Error(`there is no section ${title}`);
  return section;
};

describe('configuration.md', () => {
  it('is what the docstrings of the options give; if not: REWRITE_REFERENCE=1 npx vitest run packages/docs', () => {
    const page = configurationPage(reader);
    if (process.env.REWRITE_REFERENCE === '1') writeFileSync(path, page);
    expect(readFileSync(path, 'utf8')).toBe(page);
  });

  it('has one heading for each option, so that its anchor is its own', () => {
    const headings = readFileSync(path, 'utf8').match(/^#{2,3} .+$/gm) ?? [];
    expect(anchorsOf(headings.join('\n')).size).toBe(
      new Set(headings.map((heading) => heading.replace(/^#+ /, ''))).size,
    );
  });

  for (const section of SECTIONS) {
    it(`says of every option of ${section.title} what it does, its default, and of a number its unit and when to change it`, () => {
      expect(gapsOf(section, reader.read(section.source))).toEqual([]);
    });
  }

  it('calls those settings local that are in no record, and no others', () => {
    const section = sectionOf('Service config');
    // The text has those without a default only if they are given.
    const given = { group: 'bank', priorityKey: 'x-priority', stateDigestEvery: 1 };
    const text = settingsText(parseServiceConfig({ loadBalancingConfig: [{ understudy: given }] }));
    const inRecord = Object.keys(JSON.parse(text)).filter((name) => name !== 'unreplicated');
    const names = reader.read(section.source).map(({ name }) => name);
    const shared = names.filter((name) => name !== 'group' && kindOf(section, name) !== 'local');
    expect(shared.sort()).toEqual(inRecord.sort());
  });

  it('has every type of options that a published package exports', () => {
    // The one is a part of createReplica's options, and the other of inProcessGroup's.
    const elsewhere = ['CriteriaOptions', 'CheckOptions'];
    const known = SECTIONS.map(({ source }) => `${source.package} ${source.type}`);
    const packages = new Set(SECTIONS.map(({ source }) => source.package).filter((name) => name !== 'core'));
    for (const name of packages) {
      const index = readFileSync(join(import.meta.dirname, '../../..', name, 'src/index.ts'), 'utf8');
      // GroupSettings are core's, which server and client pass on.
      const types = index.match(/\b[A-Z]\w*(?:Options|Settings)\b/g)?.filter((type) => type !== 'GroupSettings') ?? [];
      const missing = types.filter((type) => !elsewhere.includes(type) && !known.includes(`${name} ${type}`));
      expect(missing).toEqual([]);
    }
  });

  it('names kinds of options that there are', () => {
    for (const section of SECTIONS) {
      const names = reader.read(section.source).map(({ name }) => name);
      expect(Object.keys(section.kinds ?? {}).filter((name) => !names.includes(name))).toEqual([]);
    }
  });
});

describe('an option that lacks something', () => {
  const option = { name: 'widthMm', type: 'number', required: false, unit: undefined, isNumber: true, examples: [] };

  it('is named with what it lacks: its unit, its default, when to change it, its text', () => {
    const gaps = gapsOf(sectionOf('start'), [{ ...option, otherwise: undefined, text: '' }]);
    expect(gaps.map(({ lacks }) => lacks)).toEqual(['unit', 'default', 'when', 'text']);
    expect(gaps[0]?.option).toBe('start.widthMm');
  });

  it('is none if it is required and says what it is', () => {
    const facts = { ...option, required: true, isNumber: false, otherwise: undefined, text: 'What it is.' };
    expect(gapsOf(sectionOf('start'), [facts])).toEqual([]);
  });
});

describe('a docstring', () => {
  it('says the default in its last sentence, with or without a colon', () => {
    expect(docstringOf('How long. Default: 300.')).toEqual({ text: 'How long.', otherwise: '300' });
    expect(docstringOf('How long. Default 300.')).toEqual({ text: 'How long.', otherwise: '300' });
    expect(docstringOf('Whether. Default `false`: only on loopback.').otherwise).toBe('`false`: only on loopback');
  });

  it('may say for which case the default is', () => {
    expect(docstringOf('A name. Default, with `peers`: the id.').otherwise).toBe('the id (with `peers`)');
  });

  it('may go on after the default, and continue on the next line', () => {
    const comment = 'Which one. Default:\nthe first.\n\n- `a`: one\n- `b`: two';
    expect(docstringOf(comment)).toEqual({ text: 'Which one.\n\n- `a`: one\n- `b`: two', otherwise: 'the first' });
  });

  it('says no default by the word alone', () => {
    expect(docstringOf('The Default is mild.').otherwise).toBeUndefined();
  });
});
