import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from '../pages/pages.js';
import { NAVIGATION } from './navigation.js';

const FOLDER = join(ROOT, 'packages/docs');
const BUILT = join(FOLDER, 'dist/site-built');

it('the site is built, with each page of its navigation', async () => {
  // What the last build left would pass for this one's.
  rmSync(BUILT, { recursive: true, force: true });
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: FOLDER });
  const links = NAVIGATION.flatMap(({ items }) => items.map(({ link }) => link));
  expect(links.filter((link) => !existsSync(join(BUILT, `${link}.html`)))).toEqual([]);
  expect(readFileSync(join(BUILT, 'start.html'), 'utf8')).toContain('Start in five minutes');
});
