import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScript } from './testing/scenario/script.js';

const directory = join(import.meta.dirname, '../testdata');
const rewrite = process.env.REWRITE_TRANSCRIPTS === '1';

describe('a scenario plays exactly as its transcript says', () => {
  const files = readdirSync(directory, { encoding: 'utf8', recursive: true }).filter((file) => file.endsWith('.txt'));

  it('no two scenarios have the same name', () => {
    const names = files.map((file) => basename(file));
    expect(names).toEqual([...new Set(names)]);
  });

  for (const file of files.sort()) {
    const path = join(directory, file);
    const text = readFileSync(path, 'utf8');
    it(`${file}: ${text.split('\n', 1)[0]?.replace(/^# /, '')}`, () => {
      const now = runScript(text);
      if (rewrite) writeFileSync(path, now);
      else expect(now).toBe(text);
    });
  }
});
