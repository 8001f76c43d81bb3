import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeCompiled } from './testing/compiled-text.js';
import { RULES, type Rule } from './testing/rules.js';

/**
 * Each rule of the design is taken out of a copy of the compiled core by a change of its text, and the scenario that
 * tells of the rule must then end otherwise: in the very line that the rule is there to prevent. So nothing in the core
 * can switch a rule off, and no rule is there without a scenario that needs it.
 */
const dist = join(import.meta.dirname, '../dist');
const testdata = join(import.meta.dirname, '../testdata');

const recorded = (transcript: string): string => readFileSync(join(testdata, `${transcript}.txt`), 'utf8');

/** Plays scenarios, each on a compiled core of its own, in one process that is ended if one of them never ends. */
const PROGRAM = `
  import { readFileSync } from 'node:fs';
  const played = [];
  for (const { script, text } of JSON.parse(readFileSync(0, 'utf8'))) {
    const { runScript } = await import(script);
    try {
      played.push(runScript(text));
    } catch (error) {
      played.push('  stopped: ' + error.message);
    }
  }
  process.stdout.write(JSON.stringify(played));`;

function play(scenes: readonly { readonly compiled: string; readonly transcript: string }[]): string[] {
  const input = scenes.map(({ compiled, transcript }) => ({
    script: pathToFileURL(join(compiled, 'testing/script.js')).href,
    text: recorded(transcript),
  }));
  const args = ['--input-type=module', '--eval', PROGRAM];
  const options = { input: JSON.stringify(input), encoding: 'utf8', timeout: 60_000, maxBuffer: 2 ** 26 } as const;
  return JSON.parse(execFileSync(process.execPath, args, options)) as string[];
}

/** @returns the texts that are not in their file exactly once, so that nothing sensible was taken out */
function copyWithout({ changes }: Rule, copy: string): string[] {
  cpSync(dist, copy, { recursive: true, filter: (path) => !/\.map$|\.d\.ts$/.test(path.slice(dist.length)) });
  const unclear: string[] = [];
  for (const { file, ...change } of changes) {
    const { text, times } = changeCompiled(readFileSync(join(copy, file), 'utf8'), change);
    if (times === 1) writeFileSync(join(copy, file), text);
    else unclear.push(`${file} has ${times} times: ${change.find}`);
  }
  return unclear;
}

describe('each rule has a scenario that fails without it', () => {
  const root = mkdtempSync(join(tmpdir(), 'understudy-rules-'));
  const unclear: string[][] = [];
  let played: string[] = [];

  beforeAll(() => {
    writeFileSync(join(root, 'package.json'), '{ "type": "commonjs" }');
    const copies = RULES.map((rule, i) => {
      const compiled = join(root, `${i}`);
      unclear.push(copyWithout(rule, compiled));
      return { compiled, transcript: rule.transcript };
    });
    played = play(copies);
  }, 90_000);
  afterAll(() => rmSync(root, { recursive: true }), 90_000);

  it('holds in the compiled core as in its sources: build first', () => {
    const names = [...new Set(RULES.map(({ transcript }) => transcript))];
    expect(play(names.map((transcript) => ({ compiled: dist, transcript })))).toEqual(names.map(recorded));
  });

  it.each(RULES.map((rule, i) => [rule.rule, rule, i] as const))('%s', (_, { transcript, shows, lacks }, i) => {
    expect(unclear[i]).toEqual([]);
    const before = recorded(transcript).split('\n');
    const without = played[i]?.split('\n') ?? [];
    if (shows !== undefined) {
      expect(before).not.toContain(`  ${shows}`);
      expect(without).toContain(`  ${shows}`);
    }
    if (lacks !== undefined) {
      expect(before).toContain(`  ${lacks}`);
      expect(without).not.toContain(`  ${lacks}`);
    }
    expect(shows ?? lacks).toBeDefined();
  });
});
