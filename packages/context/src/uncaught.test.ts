import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// Runs what `npm run build` made.
const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/** A program with two copies of this package, of which it uses those that its argument names. */
const program = (act: string): string => `
  const [, uses] = process.argv;
  const copies = {};
  for (const name of ['a', 'b']) {
    copies[name] = require(${JSON.stringify(built)});
    for (const file of Object.keys(require.cache)) delete require.cache[file];
    if (uses.includes(name)) copies[name].containErrors();
  }
  const scope = (name) => ({ uncaught: (error, origin) => { console.log(name, 'takes', origin, error.message); return true; } });
  ${act}
`;

interface Seen {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (act: string, uses: string): Promise<Seen> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['-e', program(act), uses], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });

const LISTENERS = `
  process.on('uncaughtException', (error) => console.log('listener', error.message));
  process.on('unhandledRejection', (error) => console.log('listener', error.message));
`;
const OF_NOBODY: Readonly<Record<string, string>> = {
  'an exception': `setTimeout(() => { throw new Error('lost'); });`,
  'an exception in a microtask': `queueMicrotask(() => { throw new Error('lost'); });`,
  'a rejection': `Promise.reject(new Error('lost'));`,
  'a rejection with no error': `Promise.reject(7);`,
};

describe('an error of no handler', () => {
  it.each(Object.entries(OF_NOBODY))('ends the process as without us: %s', async (_name, act) => {
    const without = await run(act, '');
    expect(without.code).toBe(1);
    expect(await run(act, 'ab')).toEqual(without);
  });

  it.each(Object.entries(OF_NOBODY).slice(0, 3))('reaches listeners as without us: %s', async (_name, act) => {
    const without = await run(LISTENERS + act, '');
    expect(without).toMatchObject({ code: 0, stdout: 'listener lost\n' });
    expect(await run(LISTENERS + act, 'ab')).toEqual(without);
  });
});

describe('an error of a handler', () => {
  it.each(['a', 'b'])(
    'is taken by the copy of the package that runs the handler, and no listener hears of it: %s',
    async (copy) => {
      const act = Object.values(OF_NOBODY)
        .slice(0, 3)
        .map((code) => `copies.${copy}.handle(scope('${copy}'), () => { ${code} });`);
      const seen = await run(LISTENERS + act.join('\n'), 'ab');
      expect(seen).toMatchObject({ code: 0, stderr: '' });
      expect(seen.stdout.trim().split('\n').sort()).toEqual([
        `${copy} takes uncaughtException lost`,
        `${copy} takes uncaughtException lost`,
        `${copy} takes unhandledRejection lost`,
      ]);
    },
  );

  it('ends the process if the handler does not take it', async () => {
    const act = `copies.a.handle({ uncaught: () => false }, () => { setTimeout(() => { throw new Error('lost'); }); });`;
    const seen = await run(act, 'a');
    expect(seen.code).toBe(1);
    expect(seen.stderr).toContain('Error: lost');
  });
});
