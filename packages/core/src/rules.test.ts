import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'acorn';
import { beforeAll, describe, expect, it } from 'vitest';
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
 * A program that plays scenarios, each on a core of its own: all modules are evaluated anew, and those that lack the rule
 * come from changed texts. The other files are compiled once for all cores, as that takes longer than most scenarios. It
 * runs in a process that can be ended if a scenario never ends.
 */
const PROGRAM = `
  const { readFileSync } = require('node:fs');
  const { dirname, join } = require('node:path');
  const { compileFunction } = require('node:vm');
  const { dist, scenes } = JSON.parse(readFileSync(0, 'utf8'));
  const compile = (file, text) => compileFunction(text, ['exports', 'require'], { filename: join(dist, file) });
  const compiled = new Map();
  function compiledOnce(file) {
    if (!compiled.has(file)) compiled.set(file, compile(file, readFileSync(join(dist, file), 'utf8')));
    return compiled.get(file);
  }
  function coreWith(changed) {
    const modules = new Map();
    const load = (file) => {
      if (modules.has(file)) return modules.get(file);
      const exports = {};
      modules.set(file, exports);
      const evaluate = file in changed ? compile(file, changed[file]) : compiledOnce(file);
      evaluate(exports, (path) => load(join(dirname(file), path)));
      return exports;
    };
    return load('testing/scenario/script.js');
  }
  const played = scenes.map(({ changed, text }) => {
    try {
      return coreWith(changed).runScript(text);
    } catch (error) {
      return '  stopped: ' + error.message;
    }
  });
  process.stdout.write(JSON.stringify(played));`;

/** A scenario, and the files of the core that are changed for it: their texts by path. */
interface Scene {
  readonly changed: Readonly<Record<string, string>>;
  readonly scenario: string;
}

function play(scenes: readonly Scene[]): string[] {
  const texts = scenes.map(({ changed, scenario }) => ({ changed, text: recorded(scenario) }));
  const input = JSON.stringify({ dist, scenes: texts });
  const options = { input, encoding: 'utf8', timeout: TIMEOUT_MS, maxBuffer: 2 ** 26 } as const;
  return JSON.parse(execFileSync(process.execPath, ['--eval', PROGRAM], options)) as string[];
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

describe('without its rule, the core violates what the rule prevents, and a scenario shows it', () => {
  /** The errors of rules that could not be taken out. */
  const unclear = new Map<Rule, unknown>();
  let played: string[] = [];

  beforeAll(() => {
    const markers = new Markers(compiledCore(), parse);
    const changedWithout = (rule: Rule): Scene['changed'] => {
      try {
        return Object.fromEntries(markers.takeOut(rule));
      } catch (error) {
        unclear.set(rule, error);
        return {};
      }
    };
    played = play(RULES.map((rule) => ({ changed: changedWithout(rule), scenario: rule.scenario })));
  });

  it('with all rules, the compiled core plays every scenario as recorded (if this fails, build first)', () => {
    const names = [...new Set(RULES.map(({ scenario }) => scenario))];
    expect(play(names.map((scenario) => ({ changed: {}, scenario })))).toEqual(names.map(recorded));
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
