import { once } from 'node:events';
import { expect } from 'vitest';
import type { Readme } from './readme.js';

const NAMES = ['bank-1', 'bank-2', 'bank-3'];

/**
 * Starts three servers of a page, calls, kills the primary, calls again, and has the next one hand over by SIGTERM.
 *
 * @returns the process that handed over, and what it printed
 */
export async function play(own: Readme, server: string, client: string, ports: readonly number[]) {
  const children = new Map(NAMES.map((name, i) => [name, own.start(server, name, String(ports[i]))]));
  const printed = new Map<string, string>();
  for (const [name, { stdout }] of children)
    stdout?.setEncoding('utf8').on('data', (text: string) => printed.set(name, (printed.get(name) ?? '') + text));
  const first = await own.primaryOnce(({ inSync }) => inSync.length === NAMES.length);
  expect(await own.run(client)).toBe('alice has 500 cents\n');
  children.get(first)?.kill('SIGKILL');
  const second = await own.primaryOnce(({ primary }) => primary.id !== first);
  expect(await own.run(client)).toBe('alice has 1000 cents\n');
  const leaving = children.get(second);
  const left = leaving && once(leaving, 'close');
  leaving?.kill('SIGTERM');
  const third = await own.primaryOnce(({ primary }) => primary.id !== first && primary.id !== second);
  await left;
  expect(new Set([first, second, third]).size).toBe(3);
  expect(await own.run(client)).toBe('alice has 1500 cents\n');
  return { exitCode: leaving?.exitCode, printed: printed.get(second) ?? '' };
}
