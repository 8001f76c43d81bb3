import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import { freePorts } from '@understudy/coordinator-etcd/testing';
import { afterAll, expect, it } from 'vitest';

const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
// The directory lies inside the package, so that node finds the imported packages.
const directory = mkdtempSync(join(import.meta.dirname, '../readme-'));
const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

/** Writes the README's files, with the ports and the directory of this run. */
function extract(ports: readonly number[]): void {
  for (const [, code = '', name = ''] of readme.matchAll(/```js\n(\/\/ ([\w-]+\.js).*?)```/gs)) {
    const local = code
      .replaceAll('./bank-group', join(directory, 'group'))
      .replace(/5005([123])/g, (_, digit) => String(ports[Number(digit) - 1]));
    writeFileSync(join(directory, name), local);
  }
}

function run(file: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(directory, file), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  if (child.stdout !== null) for await (const line of createInterface(child.stdout)) text += `${line}\n`;
  return text;
}

it("the README's code runs, survives the death of its primary, and its client ends by itself", async () => {
  const ports = await freePorts(3);
  extract(ports);
  const coordinator = embeddedCoordinator(join(directory, 'group'))('bank');
  const changed = (holds: (record: { inSync: readonly { id: string }[]; primary: { id: string } }) => boolean) =>
    new Promise<{ id: string }>((resolve, reject) => {
      const stop = coordinator.watch((record) => {
        if (!holds(record)) return;
        resolve(record.primary);
        stop();
      }, reject);
    });
  const names = ['a', 'b', 'c'];
  const servers = new Map(names.map((name, i) => [name, run('server.js', name, String(ports[i]))]));
  const primary = await changed((record) => record.inSync.length === 3);
  expect(await output(run('client.js'))).toBe('alice has 500 cents\n');
  servers.get(primary.id)?.kill('SIGKILL');
  await changed((record) => record.primary.id !== primary.id);
  expect(await output(run('client.js'))).toBe('alice has 1000 cents\n');
  await coordinator.close();
});
