import { execFileSync } from 'node:child_process';
import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'acorn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RULES, type Rule } from './testing/rules/index.js';
import { Markers } from './testing/take-out.js';

/**
 * Removes each rule of the design from a copy of the compiled core, at the places that comments mark. The scenario that
 * demonstrates the rule must then end differently, in the very line that the rule is there to prevent. So no rule
 * exists without a scenario that needs it, and the core needs no switches for its rules.
 */
const src = import.meta.dirname;
const dist = join(src, '../dist');
const testdata = join(import.meta.dirname, '../testdata');
/** Only a scenario that never ends would take this long. */
const TIMEOUT_MS = 540_000;

const files = readdirSync(testdata, { encoding: 'utf8', recursive: true });

function recorded(scenario: string): string {
  const file = files.find((one) => basename(one) === `${scenario}.txt`);
  if (file === undefined) throw new Error(`there is no scenario ${scenario}`);
  return readFileSync(join(testdata, file), 'utf8');
}

/**
 * A program that plays scenarios, each on a compiled core of its own. It runs in a process that can be ended if a
 * scenario never ends.
 */
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

function play(scenes: readonly { readonly compiled: string; readonly scenario: string }[]): string[] {
  const input = scenes.map(({ compiled, scenario }) => ({
    script: pathToFileURL(join(compiled, 'testing/scenario/script.js')).href,
    text: recorded(scenario),
  }));
  const args = ['--input-type=module', '--eval', PROGRAM];
  const options = { input: JSON.stringify(input), encoding: 'utf8', timeout: TIMEOUT_MS, maxBuffer: 2 ** 26 } as const;
  return JSON.parse(execFileSync(process.execPath, args, options)) as string[];
}

/**
 * The compiled files of the present sources. The compiler leaves the output of moved files behind, so others are
 * skipped.
 */
function compiledCore(): Map<string, string> {
  const sources = readdirSync(src, { encoding: 'utf8', recursive: true });
  const compiled = sources.filter((file) => /(?<!\.test)\.ts$/.test(file)).map((file) => file.replace(/\.ts$/, '.js'));
  return new Map(compiled.map((file) => [file, readFileSync(join(dist, file), 'utf8')]));
}

/** Makes a copy whose files are links to those of another. */
function linkTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else linkSync(source, target);
  }
}

function copyWithout(rule: Rule, markers: Markers, whole: string, copy: string): void {
  linkTree(whole, copy);
  for (const [file, text] of markers.takeOut(rule)) {
    // The file of the other copies stays as it is.
    rmSync(join(copy, file));
    writeFileSync(join(copy, file), text);
  }
}

describe('without its rule, the core violates what the rule prevents, and a scenario shows it', () => {
  const root = mkdtempSync(join(tmpdir(), 'understudy-rules-'));
  /** The errors of rules that could not be taken out. */
  const unclear = new Map<Rule, unknown>();
  let played: string[] = [];

  beforeAll(() => {
    writeFileSync(join(root, 'package.json'), '{ "type": "commonjs" }');
    const markers = new Markers(compiledCore(), parse);
    const whole = join(root, 'whole');
    cpSync(dist, whole, { recursive: true, filter: (path) => !/\.map$|\.d\.ts$/.test(path.slice(dist.length)) });
    const copies = RULES.map((rule, i) => {
      const compiled = join(root, `${i}`);
      try {
        copyWithout(rule, markers, whole, compiled);
      } catch (error) {
        unclear.set(rule, error);
      }
      return { compiled, scenario: rule.scenario };
    });
    played = play(copies);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('with all rules, the compiled core plays every scenario as recorded (if this fails, build first)', () => {
    const names = [...new Set(RULES.map(({ scenario }) => scenario))];
    expect(play(names.map((scenario) => ({ compiled: dist, scenario })))).toEqual(names.map(recorded));
  });

  it.each(RULES.map((rule, i) => [rule.rule, rule, i] as const))('%s', (_, rule, i) => {
    if (unclear.has(rule)) throw unclear.get(rule);
    const { scenario, shows, lacks } = rule;
    const before = recorded(scenario).split('\n');
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
