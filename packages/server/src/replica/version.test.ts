import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { versionOf } from './version.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-version-'));
  mkdirSync(join(folder, 'dist/bin'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const main = () => join(folder, 'dist/bin/main.js');

describe("the version of a service's code", () => {
  it('is what the user says', () => {
    expect(versionOf('bank@1.4.0', main())).toBe('bank@1.4.0');
    expect(() => versionOf('', main())).toThrow('UNDERSTUDY_SETUP: the option version');
    expect(() => versionOf('x'.repeat(513), main())).toThrow('UNDERSTUDY_SETUP');
    expect(() => versionOf(7 as never, main())).toThrow('UNDERSTUDY_SETUP');
  });

  it('is otherwise name and version of the package that was started', () => {
    writeFileSync(join(folder, 'package.json'), '{ "name": "bank", "version": "1.4.0" }');
    expect(versionOf(undefined, main())).toBe('bank@1.4.0');
  });

  it('is that of the nearest package.json, and empty if that cannot be read', () => {
    writeFileSync(join(folder, 'package.json'), '{ "name": "bank", "version": "1.4.0" }');
    writeFileSync(join(folder, 'dist/package.json'), '{');
    expect(versionOf(undefined, main())).toBe('');
  });
});
