import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

// The programs run what `npm run build` made.
const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
// The directory lies inside the package, so that node finds the imported packages.
const directory = mkdtempSync(join(import.meta.dirname, '../readme-'));
afterAll(() => rmSync(directory, { recursive: true }));

for (const [, code = '', name = ''] of readme.matchAll(/```js\n(\/\/ ([\w.-]+\.js).*?)```/gs)) {
  writeFileSync(join(directory, name.replace(/js$/, 'mjs')), code.replaceAll("notes.js'", "notes.mjs'"));
}

/** Runs a test of the README in node's own runner. */
function run(file: string): { readonly passed: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(directory, file)], { encoding: 'utf8' });
  return { passed: status === 0, output: stdout + stderr };
}

it("the README's service is found out, with the line of its timer", () => {
  const { passed, output } = run('notes.test.mjs');
  expect(passed).toBe(false);
  const line = readFileSync(join(directory, 'notes.mjs'), 'utf8')
    .split('\n')
    .findIndex((each) => each.includes('setInterval'));
  const words = output.replaceAll(/\s+/g, ' ');
  expect(words).toContain('two instances of the service have a different state after call 0, /notes.v1.Notes/Write');
  expect(words).toContain(
    `a timer of 60000 ms that was set outside of steps, at ${join(directory, 'notes.mjs')}:${line + 1}`,
  );
});

it("the README's group goes on after the death of its primary", () => {
  const { passed, output } = run('group.test.mjs');
  expect(output).toContain('notes outlive the replica that took them');
  expect(passed).toBe(true);
});

it("the README's notes are forgotten when the test says that an hour has passed", () => {
  const { passed, output } = run('expiry.test.mjs');
  expect(output).toContain('notes are forgotten after an hour, although their primary dies');
  expect(passed).toBe(true);
});
