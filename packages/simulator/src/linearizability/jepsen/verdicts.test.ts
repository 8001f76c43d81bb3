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

/** Twice the steps that the hardest of the fifty logs takes. Steps are the same on every machine, which time is not. */
const MAX_STEPS = 528_000;

for (const folder of OTHERS === undefined ? [OURS] : [OURS, OTHERS]) {
  describe(`the logs in ${folder}`, () => {
    const verdicts: Record<string, boolean> = JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8'));
    let totalMs = 0;
    let mostSteps = 0;

    it('have a verdict each', () => {
      const logs = readdirSync(folder).filter((name) => name.endsWith('.log'));
      expect(logs.map((name) => name.slice(0, -'.log'.length)).sort()).toEqual(Object.keys(verdicts).sort());
    });

    it.each(Object.entries(verdicts))('%s: linearizable is %s', (name, isLinearizable) => {
      const operations = parseJepsenLog(readFileSync(join(folder, `${name}.log`), 'utf8'));
      const before = performance.now();
      const { verdict, steps } = checkLinearizable(registerMap, operations, { maxSteps: MAX_STEPS });
      totalMs += performance.now() - before;
      mostSteps = Math.max(mostSteps, steps);
      expect(verdict).toBe(isLinearizable ? 'linearizable' : 'violated');
    });

    afterAll(() => {
      console.log(
        `${Object.keys(verdicts).length} histories checked in ${totalMs.toFixed(1)} ms and at most ${mostSteps} steps`,
      );
    });
  });
}
