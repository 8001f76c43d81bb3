import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { checkLinearizable } from '../check.js';
import { registerMap } from '../models/register-map.js';
import { parseJepsenLog } from './parse.js';

const OURS = fileURLToPath(new URL('../../../testdata/jepsen', import.meta.url));
/** A folder with logs that we may not redistribute; testdata/jepsen/README.md tells where to get them. */
const OTHERS = process.env.JEPSEN_HISTORIES;

/** Far more steps than any log needs (the hardest of the fifty takes 264,000), and far less than 5 s of work. */
const MAX_STEPS = 5_000_000;

for (const folder of OTHERS === undefined ? [OURS] : [OURS, OTHERS]) {
  describe(`the logs in ${folder}`, () => {
    const verdicts: Record<string, boolean> = JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8'));
    let totalMs = 0;

    it('have a verdict each', () => {
      const logs = readdirSync(folder).filter((name) => name.endsWith('.log'));
      expect(logs.map((name) => name.slice(0, -'.log'.length)).sort()).toEqual(Object.keys(verdicts).sort());
    });

    it.each(Object.entries(verdicts))('%s: linearizable is %s', (name, isLinearizable) => {
      const operations = parseJepsenLog(readFileSync(join(folder, `${name}.log`), 'utf8'));
      const before = performance.now();
      const { verdict } = checkLinearizable(registerMap, operations, { maxSteps: MAX_STEPS });
      totalMs += performance.now() - before;
      expect(verdict).toBe(isLinearizable ? 'linearizable' : 'violated');
    });

    afterAll(() => {
      console.log(`${Object.keys(verdicts).length} histories checked in ${totalMs.toFixed(1)} ms`);
    });
  });
}
