import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../run.js';

async function script(shell: string): Promise<string> {
  let text = '';
  const out = (more: string) => {
    text += more;
  };
  expect(await run(['completion', shell], { out, err: out })).toBe(0);
  return text;
}

/** The completions that bash offers for the last of these words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const typed = ['understudy', ...words];
  const list = typed.map((word) => `'${word}'`).join(' ');
  const ask = `COMP_WORDS=(${list}); COMP_CWORD=${typed.length - 1}; _understudy; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const answer = execFileSync('bash', ['-c', `${await script('bash')}\n${ask}`], { encoding: 'utf8' });
  return answer.trim().split('\n');
}

it('bash completes commands, their options, and files where a file is wanted', async () => {
  expect(await offered('st')).toEqual(['status', 'stepdown']);
  expect(await offered('doctor', '--gr')).toEqual(['--group-secret-file', '--group']);
  expect(await offered('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  expect(await offered('status', '--dir', '/us')).toEqual(['/usr']);
  expect(await offered('status', '--group', 'x')).toEqual(['']);
});

it.for(['zsh', 'fish'])('%s, where it is installed, reads its script without complaint', async (shell, { skip }) => {
  const text = await script(shell);
  expect(text).toContain('Show the record of each group');
  expect(text).toContain('group-secret-file');
  const folder = mkdtempSync(join(tmpdir(), 'understudy-completion-'));
  const file = join(folder, 'script');
  writeFileSync(file, text);
  const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (checked.error !== undefined) {
    console.warn(`NOT TESTED: ${shell} does not read its completion script, since it is not installed`);
    skip(`${shell} is not installed`);
  }
  expect(checked).toMatchObject({ status: 0, stderr: '' });
});

it('an unknown shell is refused with a list of the known ones', async () => {
  let error = '';
  const err = (text: string) => {
    error += text;
  };
  expect(await run(['completion', 'tcsh'], { out: err, err })).toBe(2);
  expect(error).toMatch(/Allowed choices are bash, zsh, fish.*\n$/);
});
