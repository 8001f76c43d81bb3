import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScript } from './testing/script.js';

const directory = join(import.meta.dirname, '../testdata');
const rewrite = process.env.REWRITE_TRANSCRIPTS === '1';

describe('transcripts: events in, effects out', () => {
  for (const file of readdirSync(directory).sort()) {
    const path = join(directory, file);
    const text = readFileSync(path, 'utf8');
    it(`${file}: ${text.split('\n', 1)[0]?.replace(/^# /, '')}`, () => {
      const now = runScript(text);
      if (rewrite) writeFileSync(path, now);
      else expect(now).toBe(text);
    });
  }
});
